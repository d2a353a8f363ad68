"""Where netapply has rules of netfilter: places that both backends have, and the keys of the rules in them.

The same rule lives in a chain of iptables(8) or in a chain of netapply's own table of nftables. In both the
rule in words is its identity: the last part of its key, and its comment in the kernel.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal, NamedTuple

from netapply.model.resource import Key, Resource

Backend = Literal["iptables", "nftables"]
NETFILTER: Final = ("nat", "filter")
"""Families of resources that are rules of netfilter."""
OWN_TABLE: Final = "netapply"
"""Netapply's table in nftables, one for IPv4 (ip) and one for IPv6 (ip6). A rule is of one family, as in
iptables; a table inet could hold no NAT before Linux 5.2, and would be there where IPv6 is not."""
OWN_CHAIN: Final = "NETAPPLY-"
"""How the names of netapply's own chains in iptables begin."""


class Place(NamedTuple):
    """One chain: as iptables calls it, and how netapply's own one hooks into nf_tables (nft(8), priority)."""

    table: str
    chain: str
    type: str
    hook: str
    priority: int


PLACES: Final[Mapping[str, Place]] = {
    "srcnat": Place("nat", "POSTROUTING", "nat", "postrouting", 100),
    "dstnat": Place("nat", "PREROUTING", "nat", "prerouting", -100),
    "raw": Place("raw", "PREROUTING", "filter", "prerouting", -300),
    "forward": Place("filter", f"{OWN_CHAIN}FORWARD", "filter", "forward", 0),
    "input": Place("filter", f"{OWN_CHAIN}INPUT", "filter", "input", 0),
    "output": Place("filter", f"{OWN_CHAIN}OUTPUT", "filter", "output", 0),
}
"""By the name of the chain in netapply's own table."""
_NAMES: Final = {(place.table, place.chain): name for name, place in PLACES.items()}


def is_nftables(key: Key) -> bool:
    """Whether a rule of netfilter lives in netapply's own table."""
    return key[2] == OWN_TABLE


def backend_of(key: Key) -> Backend:
    return "nftables" if is_nftables(key) else "iptables"


def place_of(key: Key) -> str:
    """The name of the rule's place in either backend; empty for what is in none (a jump)."""
    return key[3] if is_nftables(key) else _NAMES.get((key[2], key[3]), "")


def twin(key: Key) -> Key | None:
    """The key of the same rule in the other backend."""
    name = place_of(key)
    if not name:
        return None
    place = PLACES[name]
    there = (place.table, place.chain) if is_nftables(key) else (OWN_TABLE, name)
    return (*key[:2], *there, key[4])


def jump(inet: str, place: str) -> Resource:
    """The rule that leads from iptables' chain to netapply's own; it comes first when it is made."""
    own = PLACES[place].chain
    key = ("filter", inet, "filter", own.removeprefix(OWN_CHAIN), f"jump {own}")
    return Resource(key, "filter", {"rule": f"-j {own}"}, {"position": 1})


def is_jump(key: Key) -> bool:
    return key[0] == "filter" and not place_of(key)


def jumps(resources: Iterable[Resource]) -> Iterator[Resource]:
    """One for each of netapply's own chains in iptables that the rules need."""
    needed = dict.fromkeys(
        (item.key[1], place_of(item.key))
        for item in resources if item.family == "filter" and not is_nftables(item.key) and place_of(item.key)
    )  # fmt: skip
    return (jump(inet, place) for inet, place in needed)
