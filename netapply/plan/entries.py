"""Which entries (forwarding entries, neighbours) a link loses when something happens to it. Pure.

A static forwarding entry is the bridge's, so it goes when its port leaves; a permanent neighbour is the link's, and
yet goes when the link goes down or gets another address (net/core/neighbour.c, neigh_ifdown, neigh_changeaddr).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from netapply.model.resource import Resource, State

NEIGHBOURS: Final = frozenset({"neighbour", "proxy_neighbour"})
IN_A_BRIDGE: Final = frozenset({"fdb", "mdb"})
"""Families of entries that stand in the table of the bridge that their link is a port of."""


def bridge_of(entry: Resource, observed: State) -> str:
    """The bridge in whose table the entry of a port stands; empty for what is the link's own."""
    if entry.family == "mdb":
        return entry.key[1]
    if entry.family != "fdb" or not entry.key[3].endswith("master"):
        return ""
    port = observed.link(entry.key[1])
    return (port.attributes.get("master") or "") if port is not None else ""


def port_of(entry: Resource) -> str:
    """The port that the entry is about."""
    return entry.key[2] if entry.family == "mdb" else entry.key[1]


def second_link(entry: Resource) -> str:
    """The other link that the entry needs: a group's port, a remote's underlay; empty where there is none."""
    return entry.key[2] if entry.family == "mdb" else str(entry.attributes.get("via") or "")


def lost_with_address(items: Iterable[Resource]) -> Iterator[Resource]:
    """What a link with another MAC address has lost: proxied addresses stay."""
    return (item for item in items if item.family == "neighbour")


def neighbours(items: Iterable[Resource], *, ipv6: bool) -> Iterator[Resource]:
    """The neighbours of one family of addresses, proxied ones too."""
    return (item for item in items if item.family in NEIGHBOURS and (":" in item.key[2]) is ipv6)
