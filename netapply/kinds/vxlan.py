"""VXLAN: Ethernet frames in UDP (RFC 7348; drivers/net/vxlan)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from netapply.model.attribute import LINK, SECONDS, SWITCH, Change, Nla, choice, table_of
from netapply.model.carrier import ProtoDown
from netapply.model.link import Link
from netapply.model.values import IpAddress, LinkName, Seconds

RECREATE = Change.RECREATE
DF = choice(unset=0, set=1, inherit=2)


class Vxlan(Link):
    """VXLAN tunnel endpoint; `vni`, `port` and the checksum settings are immutable in the kernel."""

    kind: ClassVar[str] = "vxlan"

    vni: Annotated[
        int, Field(ge=1, lt=2**24, description="VXLAN network identifier"),
        Nla("IFLA_VXLAN_ID", change=RECREATE),
    ]  # fmt: skip
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
    ttl: Annotated[
        int | None, Field(ge=0, le=255, description="of the outer packet; 0: the kernel chooses"),
        Nla("IFLA_VXLAN_TTL", default=0),
    ] = None  # fmt: skip
    tos: Annotated[
        int | None, Field(ge=0, le=255, description="of the outer packet; 1: inherit"),
        Nla("IFLA_VXLAN_TOS", default=0),
    ] = None  # fmt: skip
    learning: Annotated[
        bool | None, Nla("IFLA_VXLAN_LEARNING", unit=SWITCH, default=True),
        Field(description="learn remote endpoints from received frames"),
    ] = None  # fmt: skip
    ageing: Annotated[
        Seconds | None, Field(ge=1, lt=2**31, description="until a learned endpoint is forgotten"),
        Nla("IFLA_VXLAN_AGEING", unit=SECONDS, default=300),  # the kernel takes 0 for 300
    ] = None  # fmt: skip
    df: Annotated[
        Literal["unset", "set", "inherit"] | None, Nla("IFLA_VXLAN_DF", unit=DF, default="unset"),
        Field(description="don't fragment, of the outer packet"),
    ] = None  # fmt: skip
    udp_csum: Annotated[
        bool | None, Nla("IFLA_VXLAN_UDP_CSUM", change=RECREATE, unit=SWITCH, default=True),
        Field(description="UDP checksum over IPv4"),
    ] = None  # fmt: skip

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
