"""Sets of named bits as ethtool's messages carry them (Documentation/networking/ethtool-netlink.rst, "Bit sets").

Always with names, never as bare bits: which bit is which differs from kernel to kernel.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from netapply.kernel.wire import message as m
from netapply.kernel.wire.scalar import unpack_text

BITSET_NOMASK, BITSET_BITS, BITS_BIT = 1, 3, 1
BIT_NAME, BIT_VALUE = 2, 3
FLAG: Final = m.attribute(BIT_VALUE, b"")


def read_bits(data: bytes) -> dict[str, bool]:
    """Every bit that is listed, and whether it is set. A set without mask lists only those that are."""
    inside = dict(m.attributes(data, 0, len(data)))
    listed = inside.get(BITSET_BITS, b"")
    bits = {}
    for number, payload in m.attributes(listed, 0, len(listed)):
        if number == BITS_BIT:
            bit = dict(m.attributes(payload, 0, len(payload)))
            bits[unpack_text(bit[BIT_NAME])] = BIT_VALUE in bit or BITSET_NOMASK in inside
    return bits


def some_bits(wanted: Mapping[str, bool]) -> bytes:
    """Bits to set and to clear; all others stay."""
    return m.nested(BITSET_BITS, b"".join(_bit(name, on) for name, on in wanted.items()))


def exactly_bits(names: Iterable[str]) -> bytes:
    """These bits, and no others."""
    bits = b"".join(_bit(name, True) for name in names)
    return m.attribute(BITSET_NOMASK, b"") + m.nested(BITSET_BITS, bits)


def _bit(name: str, on: bool) -> bytes:
    return m.nested(BITS_BIT, m.attribute(BIT_NAME, name.encode() + b"\0") + (FLAG if on else b""))
