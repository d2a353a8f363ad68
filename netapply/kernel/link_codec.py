"""What one kind's attribute table becomes on the wire, compiled once: numbers, packers, unpackers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from netapply.kernel.wire import definitions
from netapply.kernel.wire.forms import FORMS
from netapply.kernel.wire.message import attribute
from netapply.kernel.wire.scalar import SCALARS, Pack, Unpack
from netapply.kernel.wire.shape import Shapes
from netapply.kinds import CLASSES, link_table
from netapply.model.attribute import LINK, UNSET, Row, Value
from netapply.model.ovs_values import column

GENERIC: Final = definitions.LINK
DATA: Final[dict[str, definitions.Definition]] = {
    kind: vars(definitions)[kind.upper()] for kind in CLASSES if kind != "veth" and kind.upper() in vars(definitions)
}
"""Attributes of the kinds that have some of their own; a veth's name the other end, which is a link itself."""
ELSEWHERE: Final = ("IFF_UP", "VETH_INFO_PEER")
"""Attributes that are no plain netlink attribute: the flag in the header, and the veth's other end."""
BARE: Final = ("IFLA_IFALIAS",)
"""Text that goes without its closing NUL: with it, the longest alias would be a byte too long."""
Reader = tuple[str, Unpack, Callable[[Value], Value]]


@dataclass(frozen=True, slots=True)
class Writer:
    """How one attribute is packed; `number6` where the value may be an IPv6 address."""

    number: int
    pack: Pack
    to_wire: Callable[[Value], Value]
    data: bool
    link: bool
    first: bool
    late: bool
    number6: int = 0

    def packed(self, value: Value, indexes: dict[str, int]) -> bytes:
        """The attribute as bytes; None clears it."""
        if self.link:
            return attribute(self.number, self.pack(indexes[value] if value else 0))
        if self.number6:
            number = self.number6 if value and ":" in value else self.number
            return attribute(number, self.pack(value or "0.0.0.0"))
        return attribute(self.number, self.pack("" if value is None else self.to_wire(value)))


@dataclass(slots=True)
class LinkCodec:
    """Readers by attribute number and writers by attribute name, for one kind."""

    kind: str
    generic: dict[int, Reader] = field(default_factory=dict)
    data: dict[int, Reader] = field(default_factory=dict)
    shapes: Shapes = field(default_factory=Shapes)
    """Reads from IFLA_INFO_DATA what `data` has a reader for."""
    writers: dict[str, Writer] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    """Attributes that hold an ifindex until all links are read."""
    absent: dict[str, None] = field(default_factory=dict)
    """Every attribute, with the value that stands for an attribute the kernel does not send: a kernel without
    the feature does what its default says."""

    def add(self, row: Row, numbers: definitions.Definition, *, data: bool) -> None:
        number, kind = numbers[row.nla.name]
        number6 = numbers[row.nla.name6][0] if row.nla.name6 else 0
        pack, unpack = FORMS[row.nla.form] if row.nla.form else SCALARS[kind]
        pack = str.encode if row.nla.name in BARE else pack
        unit = row.nla.unit
        readers = self.data if data else self.generic
        for each in filter(None, (number, number6)):
            readers[each] = (row.attribute, unpack, unit.from_wire)
        self.writers[row.attribute] = Writer(
            number, pack, unit.to_wire, data, unit is LINK, row.nla.first, row.nla.late, number6
        )


@cache
def codec_of(kind: str) -> LinkCodec:
    """The codec of a kind; an unknown kind has what every link has."""
    codec = LinkCodec(kind)
    table = link_table(kind)
    for row in table:
        if row.nla.name in ELSEWHERE or column(row.nla.name):
            continue
        if row.nla.name in GENERIC:
            codec.add(row, GENERIC, data=False)
        else:
            codec.add(row, DATA[kind], data=True)
    codec.references = tuple(row.attribute for row in table if row.nla.unit is LINK)
    codec.absent = {row.attribute: None if row.nla.default is UNSET else row.nla.default for row in table}
    codec.shapes = Shapes(wanted=codec.data.keys())
    return codec


def known(attributes: dict[str, Any], kind: str) -> None:
    """Refuse an attribute that the kind does not have: nothing may be dropped silently on its way."""
    unknown = attributes.keys() - codec_of(kind).absent.keys()
    if unknown:
        raise KeyError(f"{kind or 'physical'} link has no attribute {', '.join(sorted(unknown))}")
