"""VXLAN: Ethernet frames in UDP (RFC 7348; drivers/net/vxlan)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from netapply.model.attribute import LINK, SECONDS, SWITCH, Change, Nla, Value, choice, table_of
from netapply.model.carrier import ProtoDown
from netapply.model.link import Link
from netapply.model.nat_values import PortRange
from netapply.model.tunnel import NUMBER_OR_NONE, one_ttl
from netapply.model.values import IpAddress, LinkName, Seconds
from netapply.model.vni import Vni

RECREATE = Change.RECREATE
DF = choice(unset=0, set=1, inherit=2)


class Vxlan(Link):
    """VXLAN tunnel endpoint; what the table calls `recreate` is immutable in the kernel (vxlan_nl2conf)."""

    kind: ClassVar[str] = "vxlan"

    vni: Annotated[
        int | None, Field(ge=1, lt=2**24, description="VXLAN network identifier, unless `external`"),
        Nla("IFLA_VXLAN_ID", change=RECREATE, unit=NUMBER_OR_NONE),
    ] = None  # fmt: skip
    remote: Annotated[
        IpAddress | None, Nla("IFLA_VXLAN_GROUP", name6="IFLA_VXLAN_GROUP6", default=None),
        Field(description="the other endpoint, or a multicast group"),
    ] = None  # fmt: skip
    local: Annotated[
        IpAddress | None, Nla("IFLA_VXLAN_LOCAL", name6="IFLA_VXLAN_LOCAL6", default=None),
        Field(description="source of the outer packets"),
    ] = None  # fmt: skip
    dev: Annotated[
        LinkName | None, Field(description="underlay device"),
        Nla("IFLA_VXLAN_LINK", unit=LINK, default=None, at_birth=(None,)),
    ] = None  # fmt: skip
    port: Annotated[
        int, Field(ge=1, le=65535, description="UDP destination port"),
        Nla("IFLA_VXLAN_PORT", change=RECREATE, default=4789),
    ] = 4789  # fmt: skip
    srcport: Annotated[
        PortRange | None, Nla("IFLA_VXLAN_PORT_RANGE", change=RECREATE, form="ports", default=None),
        Field(description="UDP source ports to choose from, like 49152-65535"),
    ] = None  # fmt: skip
    ttl: Annotated[
        int | None, Field(ge=0, le=255, description="of the outer packet; 0: the kernel chooses"),
        Nla("IFLA_VXLAN_TTL", default=0),
    ] = None  # fmt: skip
    ttl_inherit: Annotated[
        bool | None, Nla("IFLA_VXLAN_TTL_INHERIT", change=RECREATE, unit=SWITCH, default=False, form="presence"),
        Field(description="take the ttl of the packet inside"),
    ] = None  # fmt: skip
    tos: Annotated[
        int | None, Field(ge=0, le=255, description="of the outer packet; 1: inherit"),
        Nla("IFLA_VXLAN_TOS", default=0),
    ] = None  # fmt: skip
    label: Annotated[
        int | None, Field(ge=0, lt=2**20, description="IPv6 flow label of the outer packet"),
        Nla("IFLA_VXLAN_LABEL", default=0),
    ] = None  # fmt: skip
    df: Annotated[
        Literal["unset", "set", "inherit"] | None, Nla("IFLA_VXLAN_DF", unit=DF, default="unset"),
        Field(description="don't fragment, of the outer packet"),
    ] = None  # fmt: skip
    learning: Annotated[
        bool | None, Nla("IFLA_VXLAN_LEARNING", unit=SWITCH, default=True),
        Field(description="learn remote endpoints from received frames"),
    ] = None  # fmt: skip
    ageing: Annotated[
        Seconds | None, Field(ge=1, lt=2**31, description="until a learned endpoint is forgotten"),
        Nla("IFLA_VXLAN_AGEING", unit=SECONDS, default=300),  # the kernel takes 0 for 300
    ] = None  # fmt: skip
    limit: Annotated[
        int | None, Field(ge=0, lt=2**32, description="most forwarding entries; 0: no limit"),
        Nla("IFLA_VXLAN_LIMIT", change=RECREATE, default=0),
    ] = None  # fmt: skip
    proxy: Annotated[
        bool | None, Nla("IFLA_VXLAN_PROXY", change=RECREATE, unit=SWITCH, default=False),
        Field(description="answer ARP and ND from the neighbour table"),
    ] = None  # fmt: skip
    rsc: Annotated[
        bool | None, Nla("IFLA_VXLAN_RSC", change=RECREATE, unit=SWITCH, default=False),
        Field(description="route short-circuit"),
    ] = None  # fmt: skip
    l2miss: Annotated[
        bool | None, Nla("IFLA_VXLAN_L2MISS", change=RECREATE, unit=SWITCH, default=False),
        Field(description="tell user space of unknown MAC addresses"),
    ] = None  # fmt: skip
    l3miss: Annotated[
        bool | None, Nla("IFLA_VXLAN_L3MISS", change=RECREATE, unit=SWITCH, default=False),
        Field(description="tell user space of unknown IP addresses"),
    ] = None  # fmt: skip
    udp_csum: Annotated[
        bool | None, Nla("IFLA_VXLAN_UDP_CSUM", change=RECREATE, unit=SWITCH, default=True),
        Field(description="UDP checksum over IPv4"),
    ] = None  # fmt: skip
    udp_zero_csum6_tx: Annotated[
        bool | None, Nla("IFLA_VXLAN_UDP_ZERO_CSUM6_TX", change=RECREATE, unit=SWITCH, default=False),
        Field(description="send without UDP checksum over IPv6"),
    ] = None  # fmt: skip
    udp_zero_csum6_rx: Annotated[
        bool | None, Nla("IFLA_VXLAN_UDP_ZERO_CSUM6_RX", change=RECREATE, unit=SWITCH, default=False),
        Field(description="accept packets without UDP checksum over IPv6"),
    ] = None  # fmt: skip
    remcsum_tx: Annotated[
        bool | None, Nla("IFLA_VXLAN_REMCSUM_TX", change=RECREATE, unit=SWITCH, default=False),
        Field(description="remote checksum offload when sending"),
    ] = None  # fmt: skip
    remcsum_rx: Annotated[
        bool | None, Nla("IFLA_VXLAN_REMCSUM_RX", change=RECREATE, unit=SWITCH, default=False),
        Field(description="remote checksum offload when receiving"),
    ] = None  # fmt: skip
    remcsum_nopartial: Annotated[
        bool | None,
        Nla("IFLA_VXLAN_REMCSUM_NOPARTIAL", change=RECREATE, unit=SWITCH, default=False, form="presence"),
        Field(description="whole checksums with remote checksum offload"),
    ] = None
    gbp: Annotated[
        bool | None, Nla("IFLA_VXLAN_GBP", change=RECREATE, unit=SWITCH, default=False, form="presence"),
        Field(description="group policy extension"),
    ] = None  # fmt: skip
    gpe: Annotated[
        bool | None, Nla("IFLA_VXLAN_GPE", change=RECREATE, unit=SWITCH, default=False, form="presence"),
        Field(description="generic protocol extension; needs `external` and `learning: false`"),
    ] = None  # fmt: skip
    external: Annotated[
        bool | None, Nla("IFLA_VXLAN_COLLECT_METADATA", change=RECREATE, unit=SWITCH, default=False),
        Field(description="VNI and endpoints come with each packet (routes, tc, vnifilter)"),
    ] = None  # fmt: skip
    vnifilter: Annotated[
        bool | None, Nla("IFLA_VXLAN_VNIFILTER", change=RECREATE, unit=SWITCH, default=False),
        Field(description="receive only the VNIs in `vnis`; needs `external`"),
    ] = None  # fmt: skip
    localbypass: Annotated[
        bool | None, Nla("IFLA_VXLAN_LOCALBYPASS", unit=SWITCH, default=True, since="6.5"),
        Field(description="packets to an own address go straight to the local VXLAN of that VNI"),
    ] = None  # fmt: skip

    vnis: tuple[Vni, ...] = Field(default=(), description="VNIs to receive, like [100, 200-210]; needs `vnifilter`")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        """See vxlan_config_validate and vxlan_nl2conf (drivers/net/vxlan/vxlan_core.c)."""
        one_ttl(self.ttl, self.ttl_inherit)
        if self.vni is None and not self.external:
            raise ValueError("a vxlan needs a vni, unless it is external")
        if self.vni is not None and self.external:
            raise ValueError("an external vxlan has no vni of its own: leave out vni, or external")
        if self.vnifilter and not self.external:
            raise ValueError("vnifilter needs external: true")
        if self.vnis and not self.vnifilter:
            raise ValueError("vnis need vnifilter: true")
        if self.gpe and not (self.external and self.learning is False):
            raise ValueError("gpe needs external: true and learning: false")
        if self.label and ":" not in (self.remote or self.local or ""):
            raise ValueError("a flow label needs an IPv6 remote or local")
        return self

    @classmethod
    def has(cls, attribute: str, after: dict[str, Value]) -> bool:
        """What comes with each packet is nothing of the device."""
        return attribute not in ("vni",) or not after.get("external")

    @classmethod
    def messages(cls, settings: dict[str, Any], after: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """No MTU together with settings of its own, which may make room for it (vxlan_nl2conf)."""
        own = {name for name in settings if table_of(Link).get(name) is None}
        if "mtu" not in settings or not own:
            yield settings
            return
        yield {name: value for name, value in settings.items() if name in own}
        yield {name: value for name, value in settings.items() if name not in own}

    protodown: ProtoDown = None

    def references(self) -> Iterator[str]:
        yield from super().references()
        if self.dev:
            yield self.dev
