"""What one kind's attribute table becomes on the wire, compiled once: numbers, packers, unpackers."""

from __future__ import annotations

import struct
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
SAME_AS: Final = {
    "gretap": "gre", "ip6gre": "gre", "ip6gretap": "gre", "ipip": "iptun", "ip6tnl": "iptun", "macvtap": "macvlan",
    "vti6": "vti",
}  # fmt: skip
"""Kinds whose attributes have the numbers of another table (drivers/net/macvtap.c, if_tunnel.h)."""
DATA: Final[dict[str, definitions.Definition]] = {
    kind: vars(definitions)[SAME_AS.get(kind, kind).upper()]
    for kind in CLASSES if kind != "veth" and SAME_AS.get(kind, kind).upper() in vars(definitions)
}  # fmt: skip
"""Attributes of the kinds that have some of their own; a veth's name the other end, which is a link itself."""
HEADER_FLAGS: Final = {
    "IFF_UP": 0x1, "IFF_NOARP": 0x80, "IFF_PROMISC": 0x100, "IFF_ALLMULTI": 0x200, "IFF_MULTICAST": 0x1000,
}  # fmt: skip
"""Switches in the header of the message (include/uapi/linux/if.h)."""
ELSEWHERE: Final = (*HEADER_FLAGS, "VETH_INFO_PEER")
"""Attributes that are no plain netlink attribute: the flags in the header, and the veth's other end."""
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
    alongside: bytes = b""
    empty: Value = ""
    unsaid: Value = None
    """The value that is not sent when a device is made."""
    presence: bool = False

    def packed(self, value: Value, indexes: dict[str, int]) -> bytes:
        """The attribute as bytes; None clears it. One that only its presence sets is not there for a False."""
        if self.presence and not value:
            return b""
        if self.link:
            return attribute(self.number, self.pack(indexes[value] if value else 0))
        if self.number6:
            number = self.number6 if value and ":" in value else self.number
            return attribute(number, self.pack(value or "0.0.0.0"))
        return self.alongside + attribute(self.number, self.pack(self.empty if value is None else self.to_wire(value)))


@dataclass(slots=True)
class LinkCodec:
    """Readers by attribute number and writers by attribute name, for one kind."""

    kind: str
    generic: dict[int, Reader] = field(default_factory=dict)
    data: dict[int, Reader] = field(default_factory=dict)
    shapes: Shapes = field(default_factory=Shapes)
    """Reads from IFLA_INFO_DATA what `data` has a reader for."""
    writers: dict[str, Writer] = field(default_factory=dict)
    switches: dict[int, list[tuple[str, int]]] = field(default_factory=dict)
    """The flags in one attribute's word, each with its bit; by the attribute's number."""
    header: dict[str, tuple[int, Row]] = field(default_factory=dict)
    """The flags in the message's header."""
    headers: dict[int, dict[str, Value]] = field(default_factory=dict)
    """What the flags of a header mean, for all that were seen: most links have the same."""
    references: tuple[str, ...] = ()
    """Attributes that hold an ifindex until all links are read."""
    absent: dict[str, Value] = field(default_factory=dict)
    """Every attribute, with the value that stands for an attribute the kernel does not send: a kernel without
    the feature does what its default says."""
    bits: Bits = field(default_factory=Bits)

    def add(self, row: Row, numbers: definitions.Definition, *, data: bool) -> None:
        number, kind = numbers[row.nla.name]
        number6 = numbers[row.nla.name6][0] if row.nla.name6 else 0
        if row.nla.bit:
            self.switches.setdefault(number, []).append((row.attribute, row.nla.bit))
            kind = "uint32"
        pack, unpack = FORMS[row.nla.form] if row.nla.form else SCALARS[kind]
        pack = str.encode if row.nla.name in BARE else pack
        unit = row.nla.unit
        readers = self.data if data else self.generic
        name = self.bits.add(row)
        if row.nla.mask:
            unit = PLAIN
        for each in filter(None, (number, number6) if not row.nla.bit else ()):
            readers[each] = (name, unpack, unit.from_wire)
        beside = ((numbers[other], value) for other, value in row.nla.alongside)
        self.writers[name] = Writer(
            number, pack, unit.to_wire, data, unit is LINK, row.nla.first, row.nla.late, number6, row.nla.bit,
            b"".join(attribute(other, SCALARS[sort][0](value)) for (other, sort), value in beside),
            unit.empty, row.nla.default if row.nla.unsaid or row.nla.bit else None, row.nla.form == "presence",
        )  # fmt: skip
        if row.nla.length:
            self._add_length(RAW_LENGTH + row.attribute, *numbers[row.nla.length])

    def _add_length(self, name: str, number: int, kind: str) -> None:
        pack, unpack = SCALARS[kind]
        self.data[number] = (name, unpack, PLAIN.from_wire)
        self.writers[name] = Writer(number, pack, PLAIN.to_wire, data=True, link=False, first=False, late=False)

    def in_header(self, flags: int) -> dict[str, Value]:
        """The attributes that the flags of a message's header say."""
        known = self.headers.get(flags)
        if known is None:
            known = {name: row.nla.unit.from_wire(flags & bit != 0) for name, (bit, row) in self.header.items()}
            self.headers[flags] = known
        return known

    def header_of(self, attributes: dict[str, Value]) -> tuple[int, int]:
        """Flags and the mask of those to change, for the header of a message with these attributes."""
        flags = mask = 0
        for name, (bit, row) in self.header.items():
            if name in attributes:
                mask |= bit
                flags |= bit if row.nla.unit.to_wire(attributes[name]) else 0
        return flags, mask

    def body_of(self, attributes: dict[str, Value], indexes: dict[str, int]) -> tuple[bytes, bytes]:
        """The attributes packed: those of every link, and those of the kind."""
        body = data = b""
        words: dict[int, list[int]] = {}
        for name, value in (self.bits.joined(attributes) if self.bits else attributes).items():
            writer = self.writers.get(name)
            if writer is None:
                continue
            if writer.bit:
                word = words.setdefault(writer.number, [0, 0])
                word[0] |= writer.bit if value else 0
                word[1] |= writer.bit
            elif writer.data:
                data += writer.packed(value, indexes)
            else:
                body += writer.packed(value, indexes)
        return body, data + b"".join(attribute(number, PAIR.pack(*word)) for number, word in words.items())


@cache
def codec_of(kind: str) -> LinkCodec:
    """The codec of a kind; an unknown kind has what every link has."""
    codec = LinkCodec(kind)
    table = link_table(kind)
    for row in table:
        if row.nla.name in ELSEWHERE:
            if row.nla.name in HEADER_FLAGS:
                codec.header[row.attribute] = (HEADER_FLAGS[row.nla.name], row)
            continue
        if row.nla.name in GENERIC:
            codec.add(row, GENERIC, data=False)
        else:
            codec.add(row, DATA[kind], data=True)
    codec.references = tuple(row.attribute for row in table if row.nla.unit is LINK)
    codec.absent = {row.attribute: _absent(row) for row in table}
    codec.shapes = Shapes(wanted=codec.data.keys() | codec.switches.keys())
    return codec


def _absent(row: Row) -> Value:
    return None if row.nla.default is UNSET or row.nla.may_lack else row.nla.default


def known(attributes: dict[str, Any], kind: str) -> None:
    """Refuse an attribute that the kind does not have: nothing may be dropped silently on its way."""
    unknown = attributes.keys() - codec_of(kind).absent.keys()
    if unknown:
        raise KeyError(f"{kind or 'physical'} link has no attribute {', '.join(sorted(unknown))}")
