"""What one kind's attribute table becomes on the wire, compiled once: numbers, packers, unpackers."""

from __future__ import annotations

import struct
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

GENERIC: Final = definitions.LINK
DATA: Final[dict[str, definitions.Definition]] = {
    kind: vars(definitions)[kind.upper()] for kind in CLASSES if kind != "veth" and kind.upper() in vars(definitions)
}
"""Attributes of the kinds that have some of their own; a veth's name the other end, which is a link itself."""
ELSEWHERE: Final = ("IFF_UP", "VETH_INFO_PEER")
"""Attributes that are no plain netlink attribute: the flag in the header, and the veth's other end."""
BARE: Final = ("IFLA_IFALIAS",)
"""Text that goes without its closing NUL: with it, the longest alias would be a byte too long."""
PAIR: Final = struct.Struct("=II")
"""Bits and the mask of those that count (struct br_boolopt_multi, struct ifla_vlan_flags)."""
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
    bit: int = 0
    unsaid: Value = None
    """The value that is not sent when a device is made."""

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
    bits: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Switches that share an attribute: the name under which its bits are read, and the one that counts."""

    def add(self, row: Row, numbers: definitions.Definition, *, data: bool) -> None:
        number, kind = numbers[row.nla.name]
        if row.nla.bit:
            self._add_bit(row, number, row.nla.bit, data=data)
            return
        number6 = numbers[row.nla.name6][0] if row.nla.name6 else 0
        pack, unpack = FORMS[row.nla.form] if row.nla.form else SCALARS[kind]
        pack = str.encode if row.nla.name in BARE else pack
        unit = row.nla.unit
        readers = self.data if data else self.generic
        for each in filter(None, (number, number6)):
            readers[each] = (row.attribute, unpack, unit.from_wire)
        self.writers[row.attribute] = Writer(
            number, pack, unit.to_wire, data, unit is LINK, row.nla.first, row.nla.late, number6,
            unsaid=row.nla.default if row.nla.unsaid else None,
        )  # fmt: skip

    def _add_bit(self, row: Row, number: int, bit: int, *, data: bool) -> None:
        together, to_wire = f"#{number}", row.nla.unit.to_wire
        readers = self.data if data else self.generic
        readers[number] = (together, PAIR.unpack_from, lambda bits: bits)
        self.bits[row.attribute] = (together, bit)
        self.writers[row.attribute] = Writer(
            number,
            bytes,
            to_wire,
            data,
            link=False,
            first=row.nla.first,
            late=row.nla.late,
            bit=bit,
            unsaid=row.nla.default if row.nla.unsaid else None,
        )

    def split(self, attributes: dict[str, Value]) -> None:
        """Each switch from the bits that were read together; those that the kernel does not know stay None."""
        for name, (together, bit) in self.bits.items():
            bits, known = attributes.get(together, (0, 0))
            if known & bit:
                attributes[name] = bool(bits & bit)
        for together in {together for together, _ in self.bits.values()}:
            attributes.pop(together, None)


def packed_bits(writers: dict[str, Writer], attributes: dict[str, Value]) -> bytes:
    """The switches among the attributes that share netlink attributes: one for all of a number."""
    together: dict[int, tuple[int, int]] = {}
    for name, value in attributes.items():
        writer = writers.get(name)
        if writer is not None and writer.bit:
            bits, mask = together.get(writer.number, (0, 0))
            together[writer.number] = bits | writer.bit * writer.to_wire(value), mask | writer.bit
    return b"".join(attribute(number, PAIR.pack(*pair)) for number, pair in together.items())


@cache
def codec_of(kind: str) -> LinkCodec:
    """The codec of a kind; an unknown kind has what every link has."""
    codec = LinkCodec(kind)
    table = link_table(kind)
    for row in table:
        if row.nla.name in ELSEWHERE:
            continue
        if row.nla.name in GENERIC:
            codec.add(row, GENERIC, data=False)
        else:
            codec.add(row, DATA[kind], data=True)
    codec.references = tuple(row.attribute for row in table if row.nla.unit is LINK)
    codec.absent = {row.attribute: _absent(row) for row in table}
    codec.shapes = Shapes(wanted=codec.data.keys())
    return codec


def _absent(row: Row) -> Value:
    return None if row.nla.default is UNSET or row.nla.may_lack else row.nla.default


def known(attributes: dict[str, Any], kind: str) -> None:
    """Refuse an attribute that the kind does not have: nothing may be dropped silently on its way."""
    unknown = attributes.keys() - codec_of(kind).absent.keys()
    if unknown:
        raise KeyError(f"{kind or 'physical'} link has no attribute {', '.join(sorted(unknown))}")
