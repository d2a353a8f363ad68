"""What diff, plan and execution ask of a family of resources, beside its attribute table: one line a family.

A family is added by a line in FAMILIES, a model (model/), a reader and an encoder (kernel/observe.py and
kernel/submit.py name them), and, where it is written below a link, a field in `model.link.Link`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Final

from pydantic import BaseModel

from netapply.model.attribute import Disruption, Table, table_of
from netapply.model.phase import Phase
from netapply.model.resource import Key


@dataclass(frozen=True, slots=True)
class Family:
    """How the resources of one family are called, where they are, and when they come and go."""

    noun: str
    """A resource in words: a format over the parts of its key."""
    create: Phase
    delete: Phase
    model: str = ""
    """`module:class` of the attribute table, imported when a resource of the family changes (each takes a
    millisecond or two); empty for a family without attributes, or with one a kind."""
    on: int | None = None
    """The place in the key of the link that the resource is on."""
    made: bool = True
    """Whether netapply makes such a resource and takes it away again. Others are only ever set: what they
    were goes back once the file no longer names them."""
    marked: bool = False
    """Whether each of netapply's own bears a mark in the kernel, so that no record is needed."""
    ordered: bool = False
    """Whether the order among netapply's own resources of one list counts."""
    field: str = ""
    """The field of a link in the native file that holds the family's resources, each a `model.part.Part`."""
    many: bool = True
    """Whether that field is a list."""
    implicit: bool = False
    """Whether a resource that is in every way as the kernel makes it is not observed at all."""
    stepwise: bool = False
    """Whether a change tells the kernel only what changes; else all that the resource is."""
    again: Disruption = Disruption.LIVE
    """What it means for traffic that a resource is made again."""
    goes: Disruption = Disruption.FLAP
    """What it means for traffic that a resource is deleted."""


FLAP, LIVE = Disruption.FLAP, Disruption.LIVE
FAMILIES: Final[dict[str, Family]] = {
    "link": Family("{1}", Phase.LINK, Phase.LINK_DELETE, on=1, again=Disruption.RECREATE),
    "altname": Family("altname {2} of {1}", Phase.NAME, Phase.NAME_DELETE, on=1, goes=LIVE),
    "address": Family(
        "address {2} on {1}", Phase.ADDRESS, Phase.ADDRESS_DELETE, "netapply.model.address:Address", on=1, again=FLAP
    ),
    "nexthop": Family(
        "nexthop {1}", Phase.NEXTHOP, Phase.NEXTHOP_END, "netapply.model.nexthop:NexthopObject", again=FLAP
    ),
    "bridge_port": Family(
        "bridge port {1}",
        Phase.PORT,
        Phase.PORT,
        "netapply.model.bridge_port:BridgePort",
        on=1,
        made=False,
        field="bridge_port",
        many=False,
    ),
    "bridge_vlans": Family("VLANs of {1}", Phase.PORT, Phase.PORT, on=1, made=False),
    "route": Family("route {3}", Phase.ROUTE, Phase.ROUTE_DELETE, "netapply.model.route:Route"),
    "vni": Family(
        "VNI {2} of {1}",
        Phase.ENTRY,
        Phase.ENTRY_DELETE,
        "netapply.model.vni:Vni",
        on=1,
        field="vnis",
    ),
    "wireguard": Family(
        "WireGuard settings of {1}",
        Phase.KEYS,
        Phase.KEYS,
        "netapply.model.wireguard:WireguardDevice",
        on=1,
        made=False,
        stepwise=True,
        again=FLAP,
    ),
    "wireguard_peer": Family(
        "peer {2} of {1}",
        Phase.PEER,
        Phase.PEER_DELETE,
        "netapply.model.wireguard:Peer",
        on=1,
        field="peers",
        stepwise=True,
        again=FLAP,
    ),
    "rule": Family("rule {2} {3}", Phase.RULE, Phase.RULE, "netapply.model.rule:Rule", goes=LIVE),
    "inet6": Family(
        "IPv6 of {1}",
        Phase.LINK_SYSCTL,
        Phase.LINK_SYSCTL,
        "netapply.model.inet6:Inet6",
        on=1,
        made=False,
        goes=LIVE,
        field="ipv6",
        many=False,
        implicit=True,
    ),
    "sysctl": Family("{1}", Phase.GLOBAL_SYSCTL, Phase.GLOBAL_SYSCTL, made=False),
    "nat": Family("NAT rule {4}", Phase.NAT, Phase.NAT, made=False, marked=True, ordered=True, goes=LIVE),
    "filter": Family("filter rule {4}", Phase.NAT, Phase.NAT, made=False, marked=True, ordered=True, goes=LIVE),
}

_EMPTY: Final = Table()


@cache
def model_of(family: str) -> type[BaseModel] | None:
    """The class whose annotations are the family's attribute table."""
    where = FAMILIES[family].model
    if not where:
        return None
    module, name = where.split(":")
    found: type[BaseModel] = getattr(import_module(module), name)
    return found


@cache
def table_of_family(family: str) -> Table:
    """The attribute table of every resource of a family; empty where that depends on the kind."""
    model = model_of(family)
    return _EMPTY if model is None else table_of(model)


def link_of(key: Key) -> str:
    """The link that a resource is on; empty for what belongs to none."""
    place = FAMILIES[key[0]].on
    return "" if place is None else key[place]


def parts() -> Iterator[tuple[str, Family]]:
    """The families that are written below a link, in fields of their own."""
    return ((name, family) for name, family in FAMILIES.items() if family.field)
