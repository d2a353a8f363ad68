"""Forms on the wire that are more than one number, text or address, by the name that an attribute's row gives.

Each is a pair: a canonical value (model.attribute.Value) to the payload, and back.
"""

from __future__ import annotations

import struct
from typing import Any, Final

from netapply.kernel.wire.scalar import Pack, Unpack

OFF_WHERE_ABSENT: Final = ("presence", "switch")
"""Forms that the kernel does not send of what is off."""

_PORTS: Final = struct.Struct(">HH")


def _pack_ports(text: str) -> bytes:
    low, _, high = text.partition("-")
    return _PORTS.pack(int(low or 0), int(high or low or 0))


def _unpack_ports(data: bytes) -> str | None:
    """None where both are 0: the kernel's own range."""
    low, high = _PORTS.unpack_from(data)
    return (str(low) if low == high else f"{low}-{high}") if low or high else None


def _unpack_presence(data: Any) -> bool:
    """Some switches are sent without a value to be set, and with one when they are read."""
    return bool(data[0]) if data else True


FORMS: Final[dict[str, tuple[Pack, Unpack]]] = {
    "presence": (lambda value: b"", _unpack_presence),
    "switch": (lambda value: bytes((value,)), lambda data: data[0]),
    "ports": (_pack_ports, _unpack_ports),
}
