"""The routing table of a VRF whose file says `auto`: the one that it has, or the first free from 1001 up. Pure.

A table is free where no VRF, route or rule, wished for or seen, is in it. Since the table of a VRF that exists
counts, a later apply chooses the same one again. (ifupdown2 begins at 1001, too.)
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Final

from netapply.model.resource import Desired, Resource, State

FIRST: Final = 1001
AUTO: Final = "auto"


def with_tables(desired: Desired, observed: State) -> Desired:
    """The same desired state, with a number for every table that was left to us."""
    open_ended = [link for link in _vrfs(desired) if link.attributes.get("table") == AUTO]
    if not open_ended:
        return desired
    claimed = {int(link.attributes["table"]) for link in _vrfs(desired) if link.attributes.get("table") != AUTO}
    claimed |= set(_keep(open_ended, observed, claimed))
    busy = claimed | set(_tables_in(desired)) | set(_tables_in(observed))
    free = (number for number in count(FIRST) if number not in busy)
    for vrf in open_ended:
        if vrf.attributes["table"] == AUTO:
            vrf.attributes["table"] = next(free)
    return desired


def _vrfs(state: State) -> Iterator[Resource]:
    return (link for link in state.family("link") if link.kind == "vrf")


def _keep(open_ended: list[Resource], observed: State, claimed: set[int]) -> Iterator[int]:
    """Each VRF that exists stays in its table, unless the file gives that one to another."""
    for vrf in open_ended:
        seen = observed.link(vrf.name)
        if seen is not None and seen.kind == "vrf" and seen.attributes["table"] not in claimed:
            vrf.attributes["table"] = seen.attributes["table"]
            yield int(seen.attributes["table"])


def _tables_in(state: State) -> Iterator[int]:
    for item in state:
        if item.family == "route":
            yield int(item.key[2])
        elif item.family == "rule" or item.kind == "vrf":
            table = item.attributes.get("table")
            if isinstance(table, int):
                yield table
