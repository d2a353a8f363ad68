"""A route (rtnetlink(7), ip-route(8); include/uapi/linux/rtnetlink.h).

The kernel tells routes apart by table, destination, TOS and metric, so these are the key and all
else is attributes. IPv6 metric 0 means 1024 (IP6_RT_PRIO_USER) and is written as such.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from netapply.model.attribute import BYTES, Nla
from netapply.model.resource import Key, Resource
from netapply.model.routing import (
    ANY,
    DYNAMIC,
    METRIC_IPV6,
    PROTOCOL,
    PROTOCOLS,
    TABLES,
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


class Route(BaseModel):
    """One route: its key, where it leads, and what the kernel shall know about the path."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    to: Annotated[Network, Field(description="destination prefix or `default`")]
    family: Annotated[Literal["inet", "inet6"] | None, Field(description="needed for a default route by device")] = None
    table: Annotated[Table, Field(description="number, or main, default")] = TABLES["main"]
    metric: Annotated[int | None, Field(ge=0, lt=2**32, description="preference; lower wins")] = None
    tos: Annotated[int, Field(ge=0, le=252, description="type of service (IPv4), a multiple of 4")] = 0
    via: Annotated[IpAddress | None, Field(description="gateway")] = None
    dev: Annotated[LinkName | None, Field(description="device")] = None
    onlink: Annotated[bool, Field(description="take the gateway as reachable on the device")] = False
    nexthops: Annotated[tuple[Leg, ...], Field(description="several ways (ECMP)")] = ()

    type: Annotated[
        Literal["unicast", "blackhole", "unreachable", "prohibit", "throw", "local"],
        Nla("RTN_TYPE"), Field(description="what happens to packets"),
    ] = "unicast"  # fmt: skip
    src: Annotated[IpAddress | None, Nla("RTA_PREFSRC"), Field(description="preferred source address")] = None
    scope: Annotated[
        Literal["global", "site", "link", "host"] | None, Nla("RT_SCOPE"),
        Field(description="distance to the destination (IPv4)"),
    ] = None  # fmt: skip
    mtu: Annotated[int | None, Nla("RTAX_MTU", unit=BYTES), Field(ge=68, le=65520, description="path MTU")] = None
    advmss: Annotated[
        int | None, Nla("RTAX_ADVMSS", unit=BYTES),
        Field(ge=1, le=65495, description="TCP segment size to announce"),
    ] = None  # fmt: skip
    hoplimit: Annotated[int | None, Nla("RTAX_HOPLIMIT"), Field(ge=1, le=255, description="TTL to send with")] = None
    protocol: Annotated[
        Literal["static", "boot", "netapply"] | None, Nla("RT_PROTOCOL"), Field(description="who made it")
    ] = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        single = self.via or self.dev
        if self.nexthops and single:
            raise ValueError("a route has either via/dev or nexthops, not both")
        if self.type == "unicast" and not (single or self.nexthops):
            raise ValueError("it leads nowhere: give via, dev or nexthops, or a type such as blackhole")
        if self.type not in ("unicast", "local") and (single or self.nexthops):
            raise ValueError(f"a {self.type} route has no via, dev or nexthops")
        for reason in self._refusals():
            raise ValueError(reason)
        return self

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

    def _refusals_ipv6(self) -> Iterator[str]:
        if self.tos or self.scope:
            yield f"an IPv6 route has no {'tos' if self.tos else 'scope'}; leave it out"
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
            return tuple(Nexthop(leg.via, leg.dev, leg.weight, leg.onlink) for leg in self.nexthops)
        return (Nexthop(self.via, self.dev, 1, self.onlink),) if self.via or self.dev else ()

    def key(self) -> Key:
        to = ANY[self.inet] if self.to == "default" else self.to
        return route_key(self.inet, self.table, to, self.metric or 0, self.tos)

    def resource(self) -> Resource:
        """The wish: only what the file names, and the way out."""
        named = {name: getattr(self, name) for name in ATTRIBUTES if getattr(self, name) is not None}
        return Resource(self.key(), "route", {**named, "nexthops": self.hops()})


ATTRIBUTES: Final = ("type", "src", "scope", "mtu", "advmss", "hoplimit", "protocol")

__all__ = [
    "ANY", "ATTRIBUTES", "DYNAMIC", "METRIC_IPV6", "PROTOCOL", "PROTOCOLS", "TABLES",
    "Leg", "Nexthop", "Route", "Table", "route_key", "same_nexthops",
]  # fmt: skip
