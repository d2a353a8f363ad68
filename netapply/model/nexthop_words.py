"""The nouns of nexthop objects: keys, members, and what stands on what. The table of attributes is in `nexthop`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from netapply.model.attribute import choice
from netapply.model.resource import Key, Resource

GROUP_TYPES: Final = choice({"hash-threshold": 0, "resilient": 1})
"""NEXTHOP_GRP_TYPE_*."""


def nexthop_key(number: int | str) -> Key:
    return ("nexthop", str(number))


def member_text(number: int, weight: int) -> str:
    """A member of a group in the words of ip-nexthop(8): `7`, or `7,3` with a weight of 3."""
    return str(number) if weight == 1 else f"{number},{weight}"


def members(item: Resource) -> Iterator[Key]:
    """The objects that a group holds."""
    return (nexthop_key(member.partition(",")[0]) for member in item.attributes.get("group") or ())


def leads_over(item: Resource) -> tuple[Key, ...]:
    """The nexthop objects that a route or a group leads over."""
    if item.family == "nexthop":
        return tuple(members(item))
    number = item.attributes.get("nexthop") if item.family == "route" else None
    return () if number is None else (nexthop_key(number),)
