"""What `nft -j list table` says of netapply's own table of one family (libnftables-json(5))."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from netapply.errors import RefusedError
from netapply.kernel.iptables_presence import MARK
from netapply.model.netfilter import OWN_TABLE, PLACES
from netapply.model.nft_rule import canonical
from netapply.model.resource import Key, Resource

FAMILIES: Final = {"inet": "ip", "inet6": "ip6"}
"""Families as nft calls them."""
_SILENT: Final = ("metainfo", "table", "chain", "rule")


class Listed(NamedTuple):
    """One rule of a chain; foreign ones have no key."""

    handle: int
    key: Key | None
    rule: str


@dataclass(slots=True)
class Listing:
    """The table of one family: every chain with its rules, in order."""

    inet: str
    there: bool = False
    chains: dict[str, list[Listed]] = field(default_factory=dict)
    more: bool = False
    """Whether the table holds something else as well: sets, maps, counters, flow tables."""

    def resources(self) -> Iterator[Resource]:
        """Netapply's own rules; `position` counts from 1 among all rules of the chain."""
        for rules in self.chains.values():
            for position, item in enumerate(rules, 1):
                if item.key is not None:
                    yield Resource(item.key, item.key[0], {"rule": item.rule}, {"position": position})


def parse(inet: str, listed: dict[str, Any]) -> Listing:
    """Read one table. RefusedError where a chain of netapply's is not as netapply makes it."""
    found = Listing(inet, there=True)
    for item in listed["nftables"]:
        for sort, said in item.items():
            if sort == "chain":
                _require_own(inet, said)
                found.chains[said["name"]] = []
            elif sort == "rule":
                found.chains[said["chain"]].append(_listed(inet, said))
            found.more |= sort not in _SILENT
    return found


def specification(chain: str) -> dict[str, Any]:
    """A chain of netapply's, as nft is told and tells it."""
    place = PLACES[chain]
    return {"type": place.type, "hook": place.hook, "prio": place.priority, "policy": "accept"}


def _require_own(inet: str, said: dict[str, Any]) -> None:
    name = said["name"]
    if name in PLACES and any(said.get(key) != value for key, value in specification(name).items()):
        table = f"{FAMILIES[inet]} {OWN_TABLE}"
        raise RefusedError(
            f"cannot use table {table} of nftables: its chain {name} is not as netapply makes it "
            f"(hook {PLACES[name].hook}, priority {PLACES[name].priority}, policy accept); look at it with "
            f"`nft list table {table}` and delete it"
        )


def _listed(inet: str, said: dict[str, Any]) -> Listed:
    chain, comment = said["chain"], said.get("comment", "")
    key: Key | None = None
    if comment.startswith(MARK) and chain in PLACES:
        family = "filter" if PLACES[chain].table == "filter" else "nat"
        key = (family, inet, OWN_TABLE, chain, comment.removeprefix(MARK))
    return Listed(said["handle"], key, canonical(said["expr"]))
