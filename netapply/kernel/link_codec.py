"""What one kind's attribute table becomes on the wire, compiled once: numbers, packers, unpackers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from netapply.kernel.wire import definitions
from netapply.kernel.wire.bits import RAW_LENGTH, Bits
from netapply.kernel.wire.forms import FORMS
from netapply.kernel.wire.message import attribute
from netapply.kernel.wire.scalar import SCALARS, Pack, Unpack
from netapply.kernel.wire.shape import Shapes
from netapply.kinds import CLASSES, link_table
from netapply.model.attribute import LINK, PLAIN, UNSET, Row, Value

GENERIC: Final = definitions.LINK
NUMBERED_AS: Final = {
    "gretap": "gre", "ip6gre": "gre", "ip6gretap": "gre", "erspan": "gre", "ipip": "iptun", "ip6tnl": "iptun",
    "vti6": "vti",
}  # fmt: skip
"""Kinds that have the attributes, and the numbers, of another table."""
DATA: Final[dict[str, definitions.Definition]] = {
    kind: vars(definitions)[NUMBERED_AS.get(kind, kind).upper()]
    for kind in CLASSES if kind != "veth" and NUMBERED_AS.get(kind, kind).upper() in vars(definitions)
}  # fmt: skip
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
    presence: bool = False
    nothing: Value = ""

    def packed(self, value: Value, indexes: dict[str, int]) -> bytes:
        """The attribute as bytes; None clears it. One that only its presence sets is not there for a False."""
        if self.presence and not value:
            return b""
        if self.link:
            return attribute(self.number, self.pack(indexes[value] if value else 0))
        if self.number6:
            number = self.number6 if value and ":" in value else self.number
            return attribute(number, self.pack(value or "0.0.0.0"))
        return attribute(self.number, self.pack(self.nothing if value is None else self.to_wire(value)))


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
    absent: dict[str, Value] = field(default_factory=dict)
    """Every attribute, with the value that stands for an attribute the kernel does not send: a kernel without
    the feature does what its default says."""
    bits: Bits = field(default_factory=Bits)

    def add(self, row: Row, numbers: definitions.Definition, *, data: bool) -> None:
        number, kind = numbers[row.nla.name]
        number6 = numbers[row.nla.name6][0] if row.nla.name6 else 0
        pack, unpack = FORMS[row.nla.form] if row.nla.form else SCALARS[kind]
        pack = str.encode if row.nla.name in BARE else pack
        unit = row.nla.unit
        readers = self.data if data else self.generic
        name = self.bits.add(row)
        if row.nla.mask:
            unit = PLAIN
        for each in filter(None, (number, number6)):
            readers[each] = (name, unpack, unit.from_wire)
        self.writers[name] = Writer(
            number, pack, unit.to_wire, data, unit is LINK, row.nla.first, row.nla.late, number6,
            row.nla.form == "presence", unit.nothing,
        )  # fmt: skip
        if row.nla.length:
            number, kind = numbers[row.nla.length]
            pack, unpack = SCALARS[kind]
            self.data[number] = (RAW_LENGTH + row.attribute, unpack, PLAIN.from_wire)
            self.writers[RAW_LENGTH + row.attribute] = Writer(
                number, pack, PLAIN.to_wire, data=True, link=False, first=False, late=False
            )


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
    codec.absent = {row.attribute: None if row.nla.default is UNSET else row.nla.default for row in table}
    codec.shapes = Shapes(wanted=codec.data.keys())
    return codec


def known(attributes: dict[str, Any], kind: str) -> None:
    """Refuse an attribute that the kind does not have: nothing may be dropped silently on its way."""
    unknown = attributes.keys() - codec_of(kind).absent.keys()
    if unknown:
        raise KeyError(f"{kind or 'physical'} link has no attribute {', '.join(sorted(unknown))}")
