"""Primitive values of netlink attributes as bytes, by pyroute2's names for their types."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from typing import Any, Final

Pack = Callable[[Any], bytes]
Unpack = Callable[[bytes], Any]


def _integer(layout: str) -> tuple[Pack, Unpack]:
    shape = struct.Struct(layout)
    unpack = shape.unpack_from
    return shape.pack, lambda data: unpack(data)[0]


def pack_ip(text: str) -> bytes:
    """An IPv4 or IPv6 address in network byte order."""
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


def unpack_ip(data: bytes) -> str:
    """The address in canonical text; its length tells the family."""
    return socket.inet_ntop(socket.AF_INET6 if len(data) == 16 else socket.AF_INET, bytes(data))


def _pack_text(text: str) -> bytes:
    return text.encode() + b"\0"


def unpack_text(data: bytes) -> str:
    """Text up to its NUL. The kernel takes names of any bytes; what is no UTF-8 reads like `\\xff`."""
    return bytes(data).split(b"\0", 1)[0].decode(errors="backslashreplace")


def _pack_mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def _unpack_mac(data: bytes) -> str:
    return bytes(data).hex(":")


IP: Final = (pack_ip, unpack_ip)
SCALARS: Final[dict[str, tuple[Pack, Unpack]]] = {
    "uint8": _integer("=B"),
    "uint16": _integer("=H"),
    "uint32": _integer("=I"),
    "uint64": _integer("=Q"),
    "int32": _integer("=i"),
    "be16": _integer(">H"),
    "be32": _integer(">I"),
    "ip4addr": IP,
    "ip6addr": IP,
    "ipaddr": IP,
    "target": IP,
    "asciiz": (_pack_text, unpack_text),
    "l2addr": (_pack_mac, _unpack_mac),
    "flag": (lambda value: b"", lambda data: True),
}
