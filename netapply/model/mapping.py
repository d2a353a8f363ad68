"""Maps of numbers to numbers, as a VLAN has them of priorities: `{1: 3}`, canonically ("1:3",).

What is mapped to 0 is not mapped (net/8021q/vlan_dev.c), so such an entry is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Final

from pydantic import BeforeValidator

from netapply.model.attribute import Value

PCP: Final = 7
"""The highest priority in a tag (IEEE 802.1Q, PCP)."""
SKB: Final = 2**32 - 1
"""The highest priority of a packet inside the kernel."""


def _pair(text: str, first: int, second: int) -> tuple[int, int]:
    left, colon, right = text.partition(":")
    if not (colon and all(part.isascii() and part.isdecimal() and len(part) <= 10 for part in (left, right))):
        raise ValueError(f"{text!r} maps nothing; write it like {{1: 3}}")
    if int(left) > first or int(right) > second:
        raise ValueError(f"{text} maps beyond what there is: 0 to {first} are mapped to 0 to {second}")
    return int(left), int(right)


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, Mapping):
        return (f"{first}:{second}" for first, second in value.items())
    if isinstance(value, list | tuple):
        return map(str, value)
    raise ValueError("a mapping is expected; write it like {1: 3}")


def _mapping(value: object, first: int, second: int) -> tuple[str, ...] | None:
    if value is None:
        return None
    pairs = [_pair(text, first, second) for text in _texts(value)]
    if len({left for left, _ in pairs}) < len(pairs):
        raise ValueError("one priority is mapped twice; remove one of the two")
    return tuple(f"{left}:{right}" for left, right in sorted(pairs) if right) or None


def ingress_map(value: object) -> tuple[str, ...] | None:
    """The priority in a received tag to that of the packet."""
    return _mapping(value, PCP, SKB)


def egress_map(value: object) -> tuple[str, ...] | None:
    """The priority of a packet to that in the tag which is sent."""
    return _mapping(value, SKB, PCP)


def entries_from(before: Value, after: Value) -> Value:
    """What makes one map of another: the kernel keeps entries that it is not told of, and drops those mapped to 0."""
    wanted = tuple(after or ())
    kept = {pair.partition(":")[0] for pair in wanted}
    ended = (pair.partition(":")[0] for pair in before or ())
    return (*wanted, *(f"{first}:0" for first in ended if first not in kept))


_Written = dict[int, int] | list[str] | None
IngressMap = Annotated[tuple[str, ...] | None, BeforeValidator(ingress_map, json_schema_input_type=_Written)]
EgressMap = Annotated[tuple[str, ...] | None, BeforeValidator(egress_map, json_schema_input_type=_Written)]
