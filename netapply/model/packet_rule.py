"""A rule of netfilter, independent of the program that holds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from netapply.model.netfilter import OWN_TABLE, PLACES, Backend
from netapply.model.resource import Key, Resource

LONGEST: Final = 243
"""Bytes of a rule in words: what the comment of a rule holds behind the mark in either program."""


class Target(NamedTuple):
    """What happens to a packet: `to` and `ports` are what an address and a port become."""

    name: Literal["masquerade", "snat", "dnat", "zone", "accept", "drop", "reject"]
    to: str = ""
    ports: str = ""


@dataclass(frozen=True, slots=True)
class PacketRule:
    """Which packets, and what happens to them; prefixes are canonical, and None where any will do."""

    family: str
    inet: str
    place: str
    words: str
    target: Target
    source: str | None = None
    destination: str | None = None
    not_destination: str | None = None
    iif: str | None = None
    oif: str | None = None
    proto: str | None = None
    source_ports: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    icmp: int | None = None
    states: tuple[str, ...] = ()

    def resource(self, backend: Backend = "iptables") -> Resource:
        """The rule where the backend has it. ValueError where nftables cannot say it."""
        place = PLACES[self.place]
        if backend == "iptables":
            from netapply.model.iptables_rule import spelled

            key: Key = (self.family, self.inet, place.table, place.chain, self.words)
            return Resource(key, self.family, {"rule": spelled(self)})
        from netapply.model.nft_rule import expressed

        key = (self.family, self.inet, OWN_TABLE, self.place, self.words)
        return Resource(key, self.family, {"rule": expressed(self)})

    def selectors(self) -> tuple[object, ...]:
        """All that tells which packets are meant."""
        return (
            self.source, self.destination, self.not_destination, self.iif, self.oif, self.proto,
            self.source_ports, self.ports, self.icmp, self.states,
        )  # fmt: skip
