"""Rows that share one attribute, count only where a bit of another is set, or fill two: a prefix and its length.

A tunnel's checksum, key and sequence switches are bits of one number, and the key is another attribute that
counts only where its bit is set (include/uapi/linux/if_tunnel.h, GRE_KEY). On the wire there are numbers; a
file and a plan have one word for each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from netapply.model.attribute import Nla, Row, Value

RAW_LENGTH = "length of "


@dataclass(slots=True)
class Bits:
    """What stands between the rows of one kind and the numbers of its attributes."""

    shared: dict[str, dict[str, Nla]] = field(default_factory=dict)
    """By the attribute's own name, the rows that have some bits of it."""
    guarded: dict[str, tuple[str, int]] = field(default_factory=dict)
    """By row, the attribute and the bit that says whether it counts."""
    prefixes: list[str] = field(default_factory=list)
    told: dict[str, tuple[str, Callable[[Value], Value]]] = field(default_factory=dict)
    """By row, the other row that tells its value, and how."""

    def __bool__(self) -> bool:
        return bool(self.shared or self.guarded or self.prefixes or self.told)

    def add(self, row: Row) -> str:
        """Take the row in; the name under which its number is read and written."""
        nla = row.nla
        if nla.mask:
            self.shared.setdefault(nla.name, {})[row.attribute] = nla
            return nla.name
        if nla.guard[0]:
            self.guarded[row.attribute] = nla.guard
            self.shared.setdefault(nla.guard[0], {})
        if nla.length:
            self.prefixes.append(row.attribute)
        if nla.told_by is not None:
            self.told[row.attribute] = nla.told_by
        return row.attribute

    def split(self, attributes: dict[str, Value]) -> None:
        """Make rows of the numbers that were read."""
        for row, (name, bit) in self.guarded.items():
            if not (attributes.get(name) or 0) & bit:
                attributes[row] = None
        for name, rows in self.shared.items():
            number = attributes.pop(name, None)
            for row, nla in rows.items() if number is not None else ():
                attributes[row] = nla.unit.from_wire(_cut(number, nla.mask))
        for row in self.prefixes:
            length = attributes.pop(RAW_LENGTH + row, None)
            if attributes[row] is not None and length is not None:
                attributes[row] = f"{attributes[row]}/{length}"
        for row, (source, taken) in self.told.items():
            attributes[row] = taken(attributes[source])

    def joined(self, attributes: dict[str, Value]) -> dict[str, Value]:
        """The rows with their bits gathered in numbers, as they are sent; a guarded row without value is not."""
        result = dict(attributes)
        for name, rows in self.shared.items():
            named = [row for row in rows if row in result]
            guards = [(row, bit) for row, (place, bit) in self.guarded.items() if place == name and row in result]
            if named or guards:
                result[name] = sum(_put(result.pop(row), rows[row]) for row in named)
                result[name] |= sum(bit for row, bit in guards if result[row] is not None)
        for row in self.guarded:
            if row in result and result[row] is None:
                del result[row]
        for row in self.prefixes:
            if result.get(row) is not None:
                result[row], _, length = result[row].partition("/")
                result[RAW_LENGTH + row] = int(length)
        return result


def _shift(mask: int) -> int:
    return (mask & -mask).bit_length() - 1


def _cut(number: int, mask: int) -> int:
    return (number & mask) >> _shift(mask)


def _put(value: Value, nla: Nla) -> int:
    return 0 if value is None else (int(nla.unit.to_wire(value)) << _shift(nla.mask)) & nla.mask
