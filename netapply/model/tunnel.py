"""What tunnels have in common: pieces of their attribute tables, and the rules that hold for all of them.

Tunnels over IP say the same things under two sets of names and numbers (include/uapi/linux/if_tunnel.h:
IFLA_GRE_…, IFLA_IPTUN_…; a third for VTI). The rows here use the names of IPTUN; each kind's table of numbers
(kernel/wire/generate.py) has its own numbers for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address as parsed
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from netapply.model.attribute import LINK, SWITCH, Change, Nla, Row, Unit, Value, numbered, table_of
from netapply.model.link import Link
from netapply.model.values import LinkName, family_of, ip_address

NUMBER_OR_NONE: Final = Unit("", from_wire=lambda number: number or None, empty=0)
"""A number for which 0 says that there is none."""
INET_OR_NONE: Final = Unit("", from_wire=lambda address: None if address == "0.0.0.0" else address, empty="0.0.0.0")
INET6_OR_NONE: Final = Unit("", from_wire=lambda address: None if address == "::" else address, empty="::")
"""An address for which all zeros say that there is none."""

Encap = Literal["none", "fou", "gue"]
ENCAP: Final = numbered(Encap)
CSUM, CSUM6, REMCSUM = 1, 2, 4
"""TUNNEL_ENCAP_FLAG_… (include/uapi/linux/if_tunnel.h)."""


def one_ttl(ttl: int | None, inherit: bool | None) -> None:
    """ValueError where both a time to live is given and that of the inner packet is wanted."""
    if ttl and inherit:
        raise ValueError("ttl and ttl_inherit exclude each other; leave one out")


def inet_address(value: object) -> str:
    """An IPv4 address."""
    address = ip_address(value)
    if family_of(address) != "inet":
        raise ValueError(f"{address} is an IPv6 address; this kind of tunnel runs over IPv4")
    return address


def inet6_address(value: object) -> str:
    """An IPv6 address."""
    address = ip_address(value)
    if family_of(address) != "inet6":
        raise ValueError(f"{address} is an IPv4 address; this kind of tunnel runs over IPv6")
    return address


def no_mac(value: object) -> None:
    """Refuse a MAC address: links that carry bare IP packets have none."""
    if value is not None:
        raise ValueError("a link of this kind carries IP packets without Ethernet and has no MAC address; leave it out")


Inet = Annotated[str, BeforeValidator(inet_address)]
Inet6 = Annotated[str, BeforeValidator(inet6_address)]


def peer_address(value: object) -> str:
    """The IPv4 address of one host."""
    address = inet_address(value)
    if parsed(address).is_multicast:
        raise ValueError(f"{address} is a multicast group; this kind of tunnel has one peer, or any")
    return address


PeerAddress = Annotated[str, BeforeValidator(peer_address)]


def sort_of_endpoint(address: Value) -> str:
    """A device is made for one peer, for a group, or for many peers, and stays so (ip_tunnel_changelink)."""
    if address is None:
        return "many"
    return "group" if parsed(address).is_multicast else "peer"


def only_at_birth(row: Row) -> bool:
    """A switch that is set by being there: the kernel refuses to hear of it again (ipip_changelink)."""
    return row.nla.form == "presence" and row.change is Change.RECREATE


def everything(kind: type[Link], settings: dict[str, Value], after: dict[str, Value]) -> dict[str, Value]:
    """All that a link of this kind is, together with what changes, where that is something of its own."""
    common = table_of(Link).rows
    if settings.keys() <= common.keys():
        return settings
    own = [row for row in table_of(kind) if row.attribute not in common and not only_at_birth(row)]
    return {**{row.attribute: _still_there(after.get(row.attribute)) for row in own}, **settings}


def _still_there(value: Value) -> Value:
    """An index that leads nowhere (`#7`: the device below went) is not said again."""
    return None if str(value).startswith("#") else value


class Layer3(Link):
    """A link without Ethernet: no MAC address, and no place in a bridge."""

    ethernet: ClassVar[bool] = False

    mac: Annotated[None, BeforeValidator(no_mac)] = None


class Tunnel(Link):
    """What every tunnel over IP has. The kernel takes for reset what a change does not mention: it makes the
    parameters anew from each message (ip_tunnel_changelink and its kin)."""

    whole: ClassVar[bool] = True
    outlives_dev: ClassVar[bool] = True

    dev: Annotated[
        LinkName | None, Nla("IFLA_IPTUN_LINK", unit=LINK, default=None),
        Field(description="the underlay device that it is bound to"),
    ] = None  # fmt: skip
    fwmark: Annotated[
        int | None, Nla("IFLA_IPTUN_FWMARK", default=0),
        Field(ge=0, lt=2**32, description="firewall mark of the outer packets; 0: none"),
    ] = None  # fmt: skip

    @classmethod
    def messages(cls, settings: dict[str, Value], after: dict[str, Value]) -> Iterator[dict[str, Value]]:
        yield everything(cls, settings, after)

    def references(self) -> Iterator[str]:
        yield from super().references()
        if self.dev:
            yield self.dev


class Encapsulated(Link):
    """Outer packets in UDP (foo over UDP, generic UDP encapsulation); the module fou must be there."""

    encap: Annotated[
        Encap | None, Nla("IFLA_IPTUN_ENCAP_TYPE", unit=ENCAP, default="none"),
        Field(description="put the outer packets in UDP; the module `fou` must be loaded"),
    ] = None  # fmt: skip
    encap_sport: Annotated[
        int | None, Nla("IFLA_IPTUN_ENCAP_SPORT", default=0),
        Field(ge=0, le=65535, description="UDP source port; 0: by flow"),
    ] = None  # fmt: skip
    encap_dport: Annotated[
        int | None, Nla("IFLA_IPTUN_ENCAP_DPORT", default=0),
        Field(ge=0, le=65535, description="UDP destination port"),
    ] = None  # fmt: skip
    encap_csum: Annotated[
        bool | None, Nla("IFLA_IPTUN_ENCAP_FLAGS", unit=SWITCH, default=False, mask=CSUM),
        Field(description="UDP checksum over IPv4"),
    ] = None  # fmt: skip
    encap_csum6: Annotated[
        bool | None, Nla("IFLA_IPTUN_ENCAP_FLAGS", unit=SWITCH, default=False, mask=CSUM6),
        Field(description="UDP checksum over IPv6"),
    ] = None  # fmt: skip
    encap_remcsum: Annotated[
        bool | None, Nla("IFLA_IPTUN_ENCAP_FLAGS", unit=SWITCH, default=False, mask=REMCSUM),
        Field(description="remote checksum offload"),
    ] = None  # fmt: skip


class External(Link):
    """A tunnel whose endpoints come with each packet."""

    external: Annotated[
        bool | None,
        Nla("IFLA_IPTUN_COLLECT_METADATA", change=Change.RECREATE, unit=SWITCH, default=False, form="presence"),
        Field(description="endpoints come with each packet (lightweight tunnel routes, tc)"),
    ] = None


class OverInet(Tunnel):
    """A tunnel over IPv4."""

    local: Annotated[
        Inet | None, Nla("IFLA_IPTUN_LOCAL", unit=INET_OR_NONE, default=None),
        Field(description="source of the outer packets"),
    ] = None  # fmt: skip
    remote: Annotated[
        PeerAddress | None, Nla("IFLA_IPTUN_REMOTE", unit=INET_OR_NONE, default=None, apart=sort_of_endpoint),
        Field(description="the other endpoint"),
    ] = None  # fmt: skip


class Delivering(OverInet):
    """A tunnel over IPv4 whose outer header can be chosen."""

    ttl: Annotated[
        int | None, Nla("IFLA_IPTUN_TTL", default=0),
        Field(ge=0, le=255, description="of the outer packet; 0: that of the packet inside"),
    ] = None  # fmt: skip
    tos: Annotated[
        int | None, Field(ge=0, le=255, description="of the outer packet; 1: inherit"),
        Nla("IFLA_IPTUN_TOS", default=0),
    ] = None  # fmt: skip
    pmtudisc: Annotated[
        bool | None, Nla("IFLA_IPTUN_PMTUDISC", unit=SWITCH, default=True),
        Field(description="path MTU discovery: don't fragment"),
    ] = None  # fmt: skip

    @model_validator(mode="after")
    def _not_fragmented(self) -> Self:
        """With a time to live the kernel sets "don't fragment" (ipip_netlink_parms, ipip6_netlink_parms)."""
        default = table_of(type(self)).rows["ttl"].nla.default
        if self.pmtudisc is False and (default if self.ttl is None else self.ttl):
            raise ValueError("pmtudisc: false needs ttl: 0")
        return self


class OverInet6(Tunnel):
    """A tunnel over IPv6."""

    local: Annotated[
        Inet6 | None, Nla("IFLA_IPTUN_LOCAL", unit=INET6_OR_NONE, default=None),
        Field(description="source of the outer packets"),
    ] = None  # fmt: skip
    remote: Annotated[
        Inet6 | None, Nla("IFLA_IPTUN_REMOTE", unit=INET6_OR_NONE, default=None),
        Field(description="the other endpoint"),
    ] = None  # fmt: skip


class Delivering6(OverInet6):
    """A tunnel over IPv6 whose outer header can be chosen (RFC 2473; include/uapi/linux/ip6_tunnel.h)."""

    ttl: Annotated[
        int | None, Nla("IFLA_IPTUN_TTL", default=0),
        Field(ge=0, le=255, description="hop limit of the outer packet; 0: that of the packet inside"),
    ] = None  # fmt: skip
    tclass: Annotated[
        int | None, Nla("IFLA_IPTUN_FLOWINFO", default=0, mask=0x0FF00000),
        Field(ge=0, le=255, description="traffic class of the outer packet"),
    ] = None  # fmt: skip
    tclass_inherit: Annotated[
        bool | None, Nla("IFLA_IPTUN_FLAGS", unit=SWITCH, default=False, mask=0x2),
        Field(description="take the traffic class of the packet inside"),
    ] = None  # fmt: skip
    flowlabel: Annotated[
        int | None, Nla("IFLA_IPTUN_FLOWINFO", default=0, mask=0x000FFFFF),
        Field(ge=0, lt=2**20, description="flow label of the outer packet"),
    ] = None  # fmt: skip
    flowlabel_inherit: Annotated[
        bool | None, Nla("IFLA_IPTUN_FLAGS", unit=SWITCH, default=False, mask=0x4),
        Field(description="take the flow label of the packet inside"),
    ] = None  # fmt: skip
    encaplimit: Annotated[
        int, Nla("IFLA_IPTUN_ENCAP_LIMIT", default=4),
        Field(ge=0, le=255, description="so many further tunnels may hold the packet (RFC 2473)"),
    ] = 4  # fmt: skip
    ignore_encaplimit: Annotated[
        bool | None, Nla("IFLA_IPTUN_FLAGS", unit=SWITCH, default=False, mask=0x1),
        Field(description="send no encapsulation limit"),
    ] = None  # fmt: skip
    dscp_copy: Annotated[
        bool | None, Nla("IFLA_IPTUN_FLAGS", unit=SWITCH, default=False, mask=0x10),
        Field(description="copy the DSCP of the outer packet to the one inside"),
    ] = None  # fmt: skip
    fwmark_inherit: Annotated[
        bool | None, Nla("IFLA_IPTUN_FLAGS", unit=SWITCH, default=False, mask=0x20),
        Field(description="take the firewall mark of the packet inside"),
    ] = None  # fmt: skip
    allow_localremote: Annotated[
        bool | None, Nla("IFLA_IPTUN_FLAGS", unit=SWITCH, default=False, mask=0x40),
        Field(description="the remote endpoint may be an address of this host"),
    ] = None  # fmt: skip
