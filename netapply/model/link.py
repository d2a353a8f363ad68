"""A link: what every network device has, whatever its kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from netapply.model.address_item import AddressItem
from netapply.model.attribute import BYTES, INVERTED, LINK, SWITCH, Change, Nla, Value
from netapply.model.later import Later
from netapply.model.link_settings import AcceptRa
from netapply.model.resource import Resource
from netapply.model.sysctl import LinkSysctls
from netapply.model.values import Alias, AlternativeName, LinkName, Mac, Mtu
from netapply.model.vlan_ranges import TunnelIds, VlanIds

LIVE, FLAP, DOWN, RECREATE = Change.LIVE, Change.FLAP, Change.DOWN, Change.RECREATE


class Link(BaseModel):
    """Attributes of every link (include/uapi/linux/if_link.h, ip-link(8))."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    kind: ClassVar[str] = ""
    created: ClassVar[bool] = True
    """Whether netapply makes and deletes links of this kind; a physical device is only configured."""
    ethernet: ClassVar[bool] = True
    """Whether it carries frames; without, it can be no port of a bridge."""
    whole: ClassVar[bool] = False
    """Whether the kernel takes for reset what a change of the kind's own attributes does not mention."""
    outlives_dev: ClassVar[bool] = False
    """Whether it stays, leading nowhere, when the device below it goes."""
    lacks: ClassVar[frozenset[str]] = frozenset()
    """What every other link has, and one of this kind has not."""

    governs: ClassVar[frozenset[str]] = frozenset()
    """Attributes that a master of this kind sets on its ports: they have no own while they are ports."""

    up: Annotated[bool, Nla("IFF_UP", change=FLAP, unit=SWITCH), Field(description="administrative state")] = True
    mtu: Annotated[Mtu | None, Nla("IFLA_MTU"), Field(description="largest packet, bytes")] = None
    mac: Annotated[
        Mac | None, Nla("IFLA_ADDRESS", change=FLAP), Field(description="link-layer address"),
    ] = None  # fmt: skip
    alias: Annotated[
        Alias | None, Field(description="free text, at most 255 bytes"), Nla("IFLA_IFALIAS", default=None, late=True)
    ] = None
    master: Annotated[
        LinkName | None, Nla("IFLA_MASTER", change=FLAP, unit=LINK, default=None),
        Field(description="the link (bridge, bond, VRF) that this one is a port of"),
    ] = None  # fmt: skip
    txqueuelen: Annotated[
        int | None, Nla("IFLA_TXQLEN"),
        Field(ge=0, lt=2**15, description="transmit queue, packets"),  # Debian's 6.1 refuses more
    ] = None  # fmt: skip
    group: Annotated[
        int | None, Field(ge=0, lt=2**31, description="group that the link belongs to"),
        Nla("IFLA_GROUP", default=0),
    ] = None  # fmt: skip
    promisc: Annotated[
        bool | None, Nla("IFF_PROMISC", unit=SWITCH, default=False),
        Field(description="take in frames for anybody, whoever else asks for it"),
    ] = None  # fmt: skip
    allmulti: Annotated[
        bool | None, Nla("IFF_ALLMULTI", unit=SWITCH, default=False), Field(description="take in all multicast frames")
    ] = None
    arp: Annotated[
        bool | None, Nla("IFF_NOARP", change=FLAP, unit=INVERTED, usual=True),
        Field(description="resolve neighbours (ARP, IPv6 neighbour discovery)"),
    ] = None  # fmt: skip
    multicast: Annotated[
        bool | None, Nla("IFF_MULTICAST", unit=SWITCH, usual=True), Field(description="can carry multicast")
    ] = None
    gso_max_size: Annotated[
        int | None, Nla("IFLA_GSO_MAX_SIZE", unit=BYTES, usual=65536),
        Field(ge=256, le=524280, description="largest packet that the stack hands down to be cut, bytes"),
    ] = None  # fmt: skip
    gso_max_segs: Annotated[
        int | None, Nla("IFLA_GSO_MAX_SEGS", usual=65535),
        Field(ge=1, le=65535, description="segments that such a packet is cut into, at most"),
    ] = None  # fmt: skip
    gro_max_size: Annotated[
        int | None, Nla("IFLA_GRO_MAX_SIZE", unit=BYTES, usual=65536),
        Field(ge=256, le=524280, description="largest packet that received segments are put together to, bytes"),
    ] = None  # fmt: skip

    altnames: tuple[AlternativeName, ...] = Field(default=(), description="further names")
    addresses: tuple[AddressItem, ...] | None = Field(
        default=None, description="all static addresses of the link; the list is complete"
    )
    ipv6: Annotated[Any, Later("netapply.model.inet6:Inet6")] = Field(
        default=None, description="how the link makes itself IPv6 addresses, see below"
    )
    accept_ra: AcceptRa | None = Field(
        default=None, description="listen to routers (IPv6): false, true, or always, which a router itself needs"
    )
    autoconf: bool | None = Field(default=None, description="make addresses of announced prefixes (IPv6)")
    disable_ipv6: bool | None = Field(default=None, description="no IPv6 on the link")
    forwarding: bool | None = Field(default=None, description="route packets that come in here, IPv4 and IPv6")
    proxy_arp: bool | None = Field(default=None, description="answer ARP for addresses that are routed elsewhere")
    proxy_ndp: bool | None = Field(default=None, description="answer for the proxy neighbours (IPv6)")
    privacy: Literal["off", "prefer-public", "prefer-temporary"] | None = Field(
        default=None, description="temporary addresses (IPv6)"
    )
    vids: VlanIds | None = Field(
        default=None, description="all VLANs of this port of a bridge, or of the bridge itself, beside the pvid"
    )
    pvid: int | None = Field(
        default=None, ge=0, le=4094, description="VLAN of untagged frames, 0: none; if not given, vlan_default_pvid"
    )
    untagged: VlanIds | None = Field(default=None, description="VLANs sent without tag; if not given, the pvid")
    tunnel: TunnelIds | None = Field(default=None, description="tunnel ids (VNIs) of VLANs, with vlan_tunnel")
    bridge_port: Annotated[Any, Later("netapply.model.bridge_port:BridgePort")] = Field(
        default=None, description="settings as a port of a bridge"
    )
    sysctl: LinkSysctls = Field(default_factory=dict, description="per-interface settings: ipv4.NAME, ipv6.NAME")

    @model_validator(mode="after")
    def _has_it(self) -> Self:
        for name in self.lacks & self.model_fields_set:
            raise ValueError(f"links of kind {self.kind} have no {name} of their own; leave it out")
        return self

    def references(self) -> Iterator[str]:
        """Names of the links that must exist before this one can be made."""
        if self.master:
            yield self.master

    def companions(self, name: str) -> Iterator[tuple[str, dict[str, Value]]]:
        """Links that come to be together with this one (called `name`), with what is known of them."""
        return iter(())

    @classmethod
    def messages(cls, settings: dict[str, Value], after: dict[str, Value]) -> Iterator[dict[str, Value]]:
        """The messages, one after another, in which an existing link takes these settings on its way to `after`."""
        yield settings

    @classmethod
    def has(cls, attribute: str, after: dict[str, Value]) -> bool:
        """Whether a link with these attributes takes this one of its kind at all."""
        return True

    def settings(self, name: str) -> Iterator[tuple[Resource, dict[str, str]]]:
        """What the file says at the link (called `name`) and is a resource of its own; by attribute, the field that
        says it where that is called otherwise."""
        return iter(())

    def ports_of(self) -> tuple[str, ...]:
        """Names of the links that this one declares as its ports."""
        return ()
