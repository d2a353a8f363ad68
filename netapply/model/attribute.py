"""What one attribute of a resource is: its place on the wire, its unit, and how it may change.

A field of a kind's class carries one `Nla`. From these annotations `rows_of` makes the table that
validation, reading, diffing, writing, documentation and the contract tests share, so an attribute's
name stands in one place in the code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from functools import cache
from typing import Any, Final, get_args

from pydantic import BaseModel

Value = Any
"""A canonical value: None, bool, int, float, str, or a tuple of these. JSON holds it without loss."""


class Disruption(IntEnum):
    """What an operation does to traffic that already flows, from least to most."""

    LIVE = 0
    """No packet is lost."""
    FLAP = 1
    """Carrier, address or attachment is interrupted."""
    RECREATE = 2
    """The device is deleted and made again."""

    def __str__(self) -> str:
        return self.name.lower()


class Change(StrEnum):
    """How the kernel lets an attribute of an existing resource change."""

    LIVE = "live"
    FLAP = "flap"
    """Accepted on a running device, but traffic through it is interrupted."""
    DOWN = "down"
    """Accepted only while the device is administratively down."""
    EMPTY = "empty"
    """Accepted only while the device is administratively down and has no ports."""
    RECREATE = "recreate"
    """Immutable: the resource is deleted and made again."""

    @property
    def disruption(self) -> Disruption:
        return _DISRUPTION_OF[self]


_DISRUPTION_OF: Final = {
    Change.LIVE: Disruption.LIVE,
    Change.FLAP: Disruption.FLAP,
    Change.DOWN: Disruption.FLAP,
    Change.EMPTY: Disruption.FLAP,
    Change.RECREATE: Disruption.RECREATE,
}


def _same(value: Value) -> Value:
    return value


def _words(value: Value) -> str:
    """Print a value as a person would write it in the file."""
    if value is None:
        return "(none)"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple | list):
        return ", ".join(str(item) for item in value) or "(none)"
    return str(value)


@dataclass(frozen=True, slots=True)
class Unit:
    """How a canonical value is held by the kernel and shown to a person."""

    name: str
    to_wire: Callable[[Value], Value] = _same
    from_wire: Callable[[Value], Value] = _same
    text: Callable[[Value], str] = _words
    empty: Value = ""
    """What the kernel is told where the value is None."""


def _whole(value: float) -> int | float:
    return int(value) if value == int(value) else value


PLAIN: Final = Unit("")
SWITCH: Final = Unit("on or off", to_wire=int, from_wire=bool)
INVERTED: Final = Unit("on or off", to_wire=lambda value: int(not value), from_wire=lambda value: not value)
"""A switch that the kernel keeps the other way round (IFF_NOARP)."""
CENTISECONDS: Final = Unit(
    "seconds",
    to_wire=lambda value: round(value * 100),
    from_wire=lambda value: _whole(value / 100),
    text=lambda value: _words(value) if value is None else f"{value} s",
)
SECONDS: Final = Unit("seconds", text=lambda value: _words(value) if value is None else f"{value} s")
MILLISECONDS: Final = Unit("milliseconds", text=lambda value: _words(value) if value is None else f"{value} ms")
BYTES: Final = Unit("bytes")
LINK: Final = Unit("link name")
"""A reference: the name here, the ifindex on the wire (resolved when the message is sent: an index
does not survive a recreated device)."""


def choice(named: Mapping[str, int] | None = None, /, **more: int) -> Unit:
    """A unit for an enumeration: words here, the kernel's numbers on the wire. Words that are no Python
    names come as a mapping."""
    numbers = {**(named or {}), **more}
    words = {number: word for word, number in numbers.items()}
    return Unit(
        " | ".join(numbers),
        to_wire=lambda word: numbers.get(word, word),
        from_wire=lambda number: words.get(number, number),
    )


def several(**bits: int) -> Unit:
    """A unit for a word of flags that is written as a whole: a list of words here, None for none of them."""

    def words_in(number: int) -> Value:
        return tuple(word for word, bit in bits.items() if number & bit) or None

    def number_of(words: Value) -> int:
        return sum(bits[word] for word in words)

    return Unit(" | ".join(bits), to_wire=number_of, from_wire=words_in, empty=0)


def numbered(words: Any, first: int = 0) -> Unit:
    """A unit for an enumeration whose words a `Literal` names in the kernel's order, counted from `first`."""
    return choice({word: number for number, word in enumerate(get_args(words), first)})


class _Unset(StrEnum):
    UNSET = "unset"


UNSET: Final = _Unset.UNSET


@dataclass(frozen=True, slots=True)
class Nla:
    """One netlink attribute: the kernel's own name for it, and how it behaves.

    `default` is the value of a device that nobody configured; where the kernel has no fixed one it
    stays UNSET, and the value found before netapply first wrote the attribute takes its place.
    """

    name: str
    change: Change = Change.LIVE
    unit: Unit = PLAIN
    default: Value = UNSET
    name6: str = ""
    """The attribute that carries the value where it is an IPv6 address."""
    first: bool = False
    """On an existing link, sent in a message of its own before the others: they depend on it."""
    late: bool = False
    """Ignored in the message that makes a link, so sent in another one right behind it."""
    at_birth: tuple[Value, ...] = ()
    """Values that only the making gives: an existing resource does not take them on."""
    for_good: tuple[Value, ...] = ()
    """Values that an existing resource does not give up."""
    unsaid: bool = False
    """Not sent at the making where it is the default: a kernel without the feature refuses even that, or holds
    it for somebody's will."""
    may_lack: bool = False
    """A kernel may be built without it: then it reads as nothing, not as its default."""
    form: str = ""
    """The form on the wire where it is no plain number, text or address: a name in kernel/wire/forms.py."""
    mask: int = 0
    """The bits of the number that are this row's, where several rows share one attribute."""
    guard: tuple[str, int] = ("", 0)
    """An attribute, and the bit of it that is set where the value counts; None clears the bit."""
    length: str = ""
    """The attribute that carries the length, where the value is a prefix."""
    told_by: tuple[str, Callable[[Value], Value]] | None = None
    """The row that tells this one's value, where the kernel takes the attribute and never sends it."""
    apart: Callable[[Value], Value] | None = None
    """Sorts values: from one sort to another an existing resource does not go."""
    bit: int = 0
    """The bit that is meant, where the attribute is a word of flags with a mask of those to change."""
    alongside: tuple[tuple[str, Value], ...] = ()
    """Attributes of the kernel that must be in the message whenever this one is."""
    usual: Value = UNSET
    """What a device mostly has, although the kernel has no fixed default: neither shown, nor sent when a
    device is made again."""
    delta: Callable[[Value, Value], Value] | None = None
    """What an existing resource is sent, from what it has and what it shall have, where entries that are
    not in the message stay as they are."""
    names_port: bool = False
    """It names one of the link's own ports, so it is set when they are there."""
    living: bool = False
    """The kernel moves it by itself all the time: an undo puts back only what the plan set of it."""
    since: str = ""
    """The Linux release that has it first, where that is younger than 6.1; an older kernel ignores it."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a kind's attribute table."""

    attribute: str
    nla: Nla
    doc: str = ""

    @property
    def change(self) -> Change:
        return self.nla.change

    def change_between(self, before: Value, after: Value) -> Change:
        """How this one change can be made: another address family is another device to the kernel."""
        nla = self.nla
        if after in nla.at_birth or before in nla.for_good:
            return Change.RECREATE
        if nla.apart is not None and nla.apart(before) != nla.apart(after):
            return Change.RECREATE
        if nla.name6 and _family(before) != _family(after):
            return Change.RECREATE
        return nla.change

    def text(self, value: Value) -> str:
        return self.nla.unit.text(value)


def _family(address: Value) -> str:
    """No address at all is IPv4's 0.0.0.0 to the kernel."""
    return "inet6" if address and ":" in address else "inet"


@dataclass(frozen=True, slots=True)
class Table:
    """All rows of one class, by attribute name, in the order in which the class declares them."""

    rows: dict[str, Row] = field(default_factory=dict)

    def __iter__(self) -> Any:
        return iter(self.rows.values())

    def get(self, attribute: str) -> Row | None:
        return self.rows.get(attribute)


@cache
def table_of(model: type[BaseModel]) -> Table:
    """The attribute table that the annotations of `model` spell out."""
    rows = {}
    lacks = getattr(model, "lacks", ())
    for name, info in model.model_fields.items():
        for mark in info.metadata if name not in lacks else ():
            if isinstance(mark, Nla):
                rows[name] = Row(name, mark, info.description or "")
    return Table(rows)


__all__ = [
    "BYTES", "CENTISECONDS", "INVERTED", "LINK", "MILLISECONDS", "PLAIN", "SECONDS", "SWITCH", "UNSET",
    "Change", "Disruption", "Nla", "Row", "Table", "Unit", "Value", "choice", "numbered", "several", "table_of",
]  # fmt: skip
