"""What Open vSwitch's database holds, as a file writes it: VLANs, maps, columns (ovs-vswitchd.conf.db(5))."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Final, NamedTuple

from pydantic import BeforeValidator

from netapply.model.values import text_of

MARK: Final = "netapply"
"""The key in external_ids by which netapply knows its own bridges and ports again, after a reboot too."""
LAST_VLAN: Final = 4094
"""IEEE 802.1Q reserves 4095; 0 stands for frames without a VLAN."""
_RANGE: Final = re.compile(r"([0-9]{1,4})(?:-([0-9]{1,4}))?")
_COLUMN: Final = re.compile(r"([A-Z]\w+)\.(\w+)(?::(.+))?")


class Column(NamedTuple):
    """Where the database holds an attribute: a column, or one key of a column that is a map."""

    table: str
    name: str
    key: str = ""


def column(nla: str) -> Column | None:
    """`Bridge.fail_mode`, `Bridge.other_config:mac-aging-time`; None for a netlink attribute."""
    match = _COLUMN.fullmatch(nla)
    return Column(match[1], match[2], match[3] or "") if match else None


def is_ovs(kind: str) -> bool:
    """Whether links of this kind come to be through the database."""
    return kind.startswith("ovs-")


def vlan_ranges(value: object) -> tuple[str, ...]:
    """`2-10,20` or `[2-10, 20]`, sorted, neighbours joined: what is equal is written equally."""
    items = value if isinstance(value, list | tuple) else text_of(value).split(",")
    numbers = sorted({number for item in items for number in _span(text_of(item).strip())})
    return compressed(numbers)


def _span(text: str) -> range:
    match = _RANGE.fullmatch(text)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    if match is None or first > last:
        raise ValueError(f"{text!r} is no VLAN and no range of VLANs; write it like 20 or 2-10")
    if last > LAST_VLAN:
        raise ValueError(f"VLAN {last} does not exist: they are 0 to {LAST_VLAN}, and 4095 is reserved (IEEE 802.1Q)")
    return range(first, last + 1)


def compressed(numbers: Iterable[int]) -> tuple[str, ...]:
    """Sorted numbers as ranges."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return tuple(str(low) if low == high else f"{low}-{high}" for low, high in spans)


def expanded(ranges: Iterable[str]) -> list[int]:
    """What `compressed` made of it, as numbers."""
    return [number for text in ranges for number in _numbers(text)]


def _numbers(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def words_of_map(value: object) -> tuple[str, ...]:
    """A map as sorted `key=value` words; a file may write a mapping, or the words as ovs-vsctl(8) does."""
    if isinstance(value, Mapping):
        pairs = [(text_of(key), _word(item)) for key, item in value.items()]
    elif isinstance(value, list | tuple):
        pairs = list(_split(value))
    else:
        raise ValueError("a mapping of words is expected, such as {hwaddr: 02:00:5e:10:00:01}")
    if any(not key for key, _ in pairs) or len(dict(pairs)) < len(pairs):
        raise ValueError("every word must have a key of its own, such as {hwaddr: 02:00:5e:10:00:01}")
    return tuple(f"{key}={item}" for key, item in sorted(pairs))


def _split(words: Iterable[object]) -> Iterator[tuple[str, str]]:
    for word in words:
        key, equals, item = text_of(word).partition("=")
        if not equals:
            raise ValueError(f"{word!r} has no value; write it like key=value")
        yield key, item


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else text_of(value)


VlanRanges = Annotated[tuple[str, ...], BeforeValidator(vlan_ranges, json_schema_input_type=str | list[str | int])]
WordMap = Annotated[tuple[str, ...], BeforeValidator(words_of_map, json_schema_input_type=dict[str, str] | list[str])]
