"""Sets of VLAN ids that stay ranges: `2-4094` is one thing, not four thousand. Pure, and linear in the ranges."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Final

from pydantic import BeforeValidator

from netapply.model.values import text_of

Range = tuple[int, int]
"""First and last, both inside."""
Texts = tuple[str, ...]
"""The canonical form: rising, not touching each other, like `("10", "100-200")`."""
FIRST, LAST = 1, 4094
EVERY: Final[Texts] = (f"{FIRST}-{LAST}",)
_RANGE: Final = re.compile(r"\s*([0-9]{1,8})\s*(?:-\s*([0-9]{1,8})\s*)?")


def parse(text: str) -> Range:
    """`10` or `100-200` as a pair."""
    match = _RANGE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no VLAN id; write a number like 10, or a range like 100-200")
    first, last = int(match[1]), int(match[2] or match[1])
    if first > last:
        raise ValueError(f"{text!r} ends before it begins; write {last}-{first}")
    return first, last


def text(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def ranges(texts: Iterable[str]) -> list[Range]:
    return [parse(each) for each in texts]


def union(*sets: Iterable[str]) -> Texts:
    """All that is in any of them."""
    found: list[list[int]] = []
    for first, last in sorted(pair for each in sets for pair in ranges(each)):
        if found and first <= found[-1][1] + 1:
            found[-1][1] = max(found[-1][1], last)
        else:
            found.append([first, last])
    return tuple(text(*pair) for pair in found)


def minus(one: Iterable[str], other: Iterable[str]) -> Texts:
    """What is in `one` and not in `other`, both canonical."""
    found, holes = [], ranges(other)
    place = 0
    for first, last in ranges(one):
        while place < len(holes) and holes[place][1] < first:
            place += 1
        here = place
        while first <= last and here < len(holes) and holes[here][0] <= last:
            if first < holes[here][0]:
                found.append(text(first, holes[here][0] - 1))
            first = holes[here][1] + 1
            here += 1
        if first <= last:
            found.append(text(first, last))
    return tuple(found)


def vlan_ids(value: object) -> Texts:
    """What a file says: one id, one range, or a list of both; 0 and 4095 are no VLANs (IEEE 802.1Q)."""
    items = value if isinstance(value, list | tuple) else [value]
    for first, last in ranges(texts := [text_of(item) for item in items]):
        if first < FIRST or last > LAST:
            raise ValueError(f"{text(first, last)!r} is outside of {FIRST} to {LAST}, which are the VLAN ids")
    return union(texts)


def tunnel_ids(value: object) -> Texts:
    """VLANs and the tunnel ids (VNIs) that they are mapped to, one by one: `100-110:1000100-1000110`."""
    pairs = value.items() if isinstance(value, Mapping) else (each.split(":") for each in _listed(value))
    found: list[tuple[Range, Range]] = []
    for vids, ids in sorted((parse(text_of(key)), parse(text_of(item))) for key, item in pairs):
        _refuse_tunnel(vids, ids, found)
        found.append((vids, ids))
    return joined(found)


def _listed(value: object) -> list[str]:
    if not isinstance(value, list | tuple):
        raise ValueError("a mapping is expected, of VLAN ids to tunnel ids: {100-110: 1000100-1000110}")
    return [text_of(item) for item in value]


def _refuse_tunnel(vids: Range, ids: Range, before: list[tuple[Range, Range]]) -> None:
    if vids[0] < FIRST or vids[1] > LAST:
        raise ValueError(f"{text(*vids)!r} is outside of {FIRST} to {LAST}, which are the VLAN ids")
    if ids[1] - ids[0] != vids[1] - vids[0]:
        raise ValueError(f"{text(*vids)} and {text(*ids)} differ in length; write as many tunnel ids as VLAN ids")
    if ids[0] < 1 or ids[1] >= 1 << 24:
        raise ValueError(f"{text(*ids)!r} is outside of 1 to {(1 << 24) - 1}, which are the VNIs (RFC 7348)")
    if before and before[-1][0][1] >= vids[0]:
        raise ValueError(f"VLAN {vids[0]} is mapped twice; remove one")


def joined(pairs: Iterable[tuple[Range, Range]]) -> Texts:
    """Canonical text of mappings in rising order; what goes on in both numbers is one."""
    found: list[tuple[Range, Range]] = []
    for vids, ids in pairs:
        if found and found[-1][0][1] + 1 == vids[0] and found[-1][1][1] + 1 == ids[0]:
            found[-1] = (found[-1][0][0], vids[1]), (found[-1][1][0], ids[1])
        else:
            found.append((vids, ids))
    return tuple(f"{text(*vids)}:{text(*ids)}" for vids, ids in found)


VlanIds = Annotated[tuple[str, ...], BeforeValidator(vlan_ids, json_schema_input_type=int | str | list[int | str])]
TunnelIds = Annotated[tuple[str, ...], BeforeValidator(tunnel_ids, json_schema_input_type=dict[str, int | str])]
