"""A route (rtnetlink(7), ip-route(8); include/uapi/linux/rtnetlink.h).

The kernel tells routes apart by table, destination, TOS and metric, so these are the key and all
else is attributes. IPv6 metric 0 means 1024 (IP6_RT_PRIO_USER) and is written as such.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, Literal, Self, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from netapply.model.attribute import Nla, Value
from netapply.model.encap import Encap
from netapply.model.resource import Key, Resource
from netapply.model.route_metrics import METRICS, PathMetrics, realm_text
from netapply.model.routing import (
    ANY,
    DYNAMIC,
    METRIC_IPV6,
    PROTOCOL,
    PROTOCOLS,
    TABLES,
    VRF_MARK,
    Nexthop,
    route_key,
    same_nexthops,
)
from netapply.model.values import IpAddress, LinkName, Network, family_of, text_of


def table_number(value: object) -> int:
    """A routing table by number or by one of the names that every host knows."""
    text = text_of(value)
    if text in TABLES:
        return TABLES[text]
    if text.isascii() and text.isdecimal() and len(text) <= 10 and 1 <= int(text) < 2**32:
        return int(text)
    raise ValueError(f"{text!r} is no routing table: a number from 1, or main, default, local")


Table = Annotated[int, BeforeValidator(table_number, json_schema_input_type=int | str)]


class Leg(BaseModel):
    """One nexthop of a multipath route as the file writes it."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    via: Annotated[IpAddress | None, Field(description="gateway")] = None
    dev: Annotated[LinkName | None, Field(description="device")] = None
    weight: Annotated[int, Field(ge=1, le=256, description="share of the traffic")] = 1
    onlink: Annotated[bool, Field(description="take the gateway as reachable on the device")] = False
    encap: Annotated[Encap | None, Field(description="tunnel, in the words of ip-route(8)")] = None


class Whither(BaseModel):
    """What tells a route from others, and where it leads."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    to: Annotated[Network, Field(description="destination prefix or `default`")]
    family: Annotated[Literal["inet", "inet6"] | None, Field(description="needed for a default route by device")] = None
    table: Annotated[Table, Field(description="number, or main, default")] = TABLES["main"]
    vrf: Annotated[LinkName | None, Field(description="VRF of the file, whose table it is; instead of table")] = None
    metric: Annotated[int | None, Field(ge=0, lt=2**32, description="preference; lower wins")] = None
    tos: Annotated[int, Field(ge=0, le=252, description="type of service (IPv4), a multiple of 4")] = 0
    via: Annotated[IpAddress | None, Field(description="gateway")] = None
    dev: Annotated[LinkName | None, Field(description="device")] = None
    onlink: Annotated[bool, Field(description="take the gateway as reachable on the device")] = False
    encap: Annotated[Encap | None, Field(description="tunnel, in the words of ip-route(8)")] = None
    nexthops: Annotated[tuple[Leg, ...], Field(description="several ways (ECMP)")] = ()
    nexthop: Annotated[
        int | None,
        Nla("RTA_NH_ID", default=None),
        Field(ge=1, lt=2**32, description="nexthop object that it leads over"),
    ] = None

    type: Annotated[
        Literal["unicast", "blackhole", "unreachable", "prohibit", "throw", "local", "broadcast", "anycast",
                "multicast"],
        Nla("RTN_TYPE"), Field(description="what happens to packets"),
    ] = "unicast"  # fmt: skip
    src: Annotated[
        IpAddress | None, Nla("RTA_PREFSRC", default=None), Field(description="preferred source address")
    ] = None
    scope: Annotated[
        Literal["global", "site", "link", "host"] | None, Nla("RT_SCOPE"),
        Field(description="distance to the destination (IPv4)"),
    ] = None  # fmt: skip
    realm: Annotated[
        str | None, BeforeValidator(lambda value: None if value is None else realm_text(value)),
        Nla("RTA_FLOW", default=None), Field(description="routing realm, TO or FROM/TO (IPv4)"),
    ] = None  # fmt: skip
    pref: Annotated[
        Literal["low", "medium", "high"] | None, Nla("RTA_PREF", default=None),
        Field(description="router preference (IPv6, RFC 4191)"),
    ] = None  # fmt: skip
    protocol: Annotated[
        Literal["static", "boot", "netapply"] | None, Nla("RT_PROTOCOL", default="netapply"),
        Field(description="who made it"),
    ] = None  # fmt: skip


class Route(PathMetrics, Whither):
    """One route: its key, where it leads, and what the kernel shall know about the path."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for reason in (*self._refusals_of_way(), *self._refusals()):
            raise ValueError(reason)
        return self

    def _refusals_of_way(self) -> Iterator[str]:
        """Exactly one of a single way, several, a nexthop object, or a type that leads nowhere."""
        single = self.via or self.dev
        said = {"via/dev": single, "nexthops": self.nexthops, "nexthop": self.nexthop}
        ways = [word for word, way in said.items() if way]
        if len(ways) > 1:
            yield f"a route has either {ways[0]} or {ways[1]}, not both"
        if self.type == "unicast" and not ways:
            yield "it leads nowhere: give via, dev, nexthops or nexthop, or a type such as blackhole"
        if self.type in DEAD_ENDS and ways:
            yield f"a {self.type} route has no via, dev, nexthops or nexthop"
        if self.encap and not single:
            yield "encap belongs to the way it wraps; write it there"
        if self.vrf and "table" in self.model_fields_set:
            yield "vrf names a table already; leave table out"
        if self.realm and (self.nexthops or self.nexthop):
            yield "only a route with one way of its own has a realm; leave realm out"
        yield from (f"{name} is locked and has no value; give it one" for name in self.lock if not getattr(self, name))

    def _refusals(self) -> Iterator[str]:
        """What the kernel does not take (net/ipv4/fib_frontend.c, net/ipv6/route.c), or takes and ignores."""
        gateways = [hop.via for hop in self.hops() if hop.via]
        ends = {family_of(text) for text in self._ends()} | ({self.family} if self.family else set())
        if len(ends) > 1 or (self.inet == "inet6" and any(":" not in via for via in gateways)):
            yield "it mixes IPv4 and IPv6"
        if self.table == TABLES["local"]:
            yield "table local is the kernel's own; choose another table"
        if self.tos % 4:
            yield f"a tos of {self.tos} sets the ECN bits, which no route looks at; use a multiple of 4"
        if (gateways and self.scope == "link") or ((gateways or self.nexthops) and self.scope == "host"):
            yield f"a route through {'a gateway' if gateways else 'several'} has no scope {self.scope}; leave scope out"
        if self.inet == "inet6":
            yield from self._refusals_ipv6()
        elif self.pref:
            yield "only an IPv6 route has a pref; use metric"

    def _refusals_ipv6(self) -> Iterator[str]:
        for name in ("tos", "scope", "realm"):
            if getattr(self, name):
                yield f"an IPv6 route has no {name}; leave it out"
        if self.type == "broadcast":
            yield "IPv6 has no broadcast"
        if any(leg.via is None for leg in self.nexthops):
            yield "every nexthop of an IPv6 route needs a gateway; add via"

    def _ends(self) -> Iterator[str]:
        """The addresses that tell the family: an IPv4 route may go through an IPv6 gateway (RFC 5549)."""
        yield from (text for text in (self.to, self.src) if text and text != "default")

    @property
    def inet(self) -> str:
        told = (self.family, *map(family_of, self._ends()), *(family_of(hop.via) for hop in self.hops() if hop.via))
        return next(filter(None, told), "inet")

    def hops(self) -> tuple[Nexthop, ...]:
        if self.nexthops:
            return tuple(Nexthop(leg.via, leg.dev, leg.weight, leg.onlink, leg.encap) for leg in self.nexthops)
        return (Nexthop(self.via, self.dev, 1, self.onlink, self.encap),) if self.via or self.dev else ()

    def key(self) -> Key:
        to = ANY[self.inet] if self.to == "default" else self.to
        table = f"{VRF_MARK}{self.vrf}" if self.vrf else self.table
        return route_key(self.inet, table, to, self.metric or 0, self.tos)

    def resource(self) -> Resource:
        """The wish: only what the file names, and the way out. An empty list and a switch that is off say
        something, null does not."""
        said = self.model_fields_set
        values = ((name, getattr(self, name)) for name in ATTRIBUTES if name in said or name == "type")
        named = {name: _as_kept(name, value) for name, value in values if value is not None}
        return Resource(self.key(), "route", {**named, "nexthops": self.hops()})


def _as_kept(name: str, value: Value) -> Value:
    """As a dump has it: what says nothing is left out, and words stand in the kernel's order, once each."""
    if not value or value == "medium":
        return None
    if name not in _LISTS:
        return value
    known = get_args(get_args(PathMetrics.model_fields[name].annotation)[0])
    return tuple(word for word in known if word in value)


DEAD_ENDS: Final = ("blackhole", "unreachable", "prohibit", "throw")
ATTRIBUTES: Final = ("type", "nexthop", "src", "scope", "realm", "pref", "protocol", *METRICS)
_LISTS: Final = {"features", "lock"}

__all__ = [
    "ANY", "ATTRIBUTES", "DYNAMIC", "METRIC_IPV6", "PROTOCOL", "PROTOCOLS", "TABLES",
    "Leg", "Nexthop", "Route", "Table", "route_key", "same_nexthops",
]  # fmt: skip
