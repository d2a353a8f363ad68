"""Framing: netlink messages and their attributes (RFC 3549, include/uapi/linux/netlink.h).

Everything is aligned to four bytes. The loops here are the hot path: they run for every attribute of
every device, so they bind names locally and build no objects.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

HEADER: Final = struct.Struct("=IHHII")
ATTRIBUTE: Final = struct.Struct("=HH")
NESTED: Final = 0x8000
TYPE_MASK: Final = 0x3FFF

NLM_F_REQUEST, NLM_F_MULTI, NLM_F_ACK, NLM_F_DUMP_INTR = 0x1, 0x2, 0x4, 0x10
NLM_F_ROOT, NLM_F_MATCH, NLM_F_DUMP = 0x100, 0x200, 0x300
NLM_F_REPLACE, NLM_F_EXCL, NLM_F_CREATE, NLM_F_APPEND = 0x100, 0x200, 0x400, 0x800
NLM_F_CAPPED, NLM_F_ACK_TLVS = 0x100, 0x200
NLMSG_NOOP, NLMSG_ERROR, NLMSG_DONE = 1, 2, 3

RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK = 16, 17, 18
RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR = 20, 21, 22
RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE = 24, 25, 26
RTM_NEWRULE, RTM_DELRULE, RTM_GETRULE = 32, 33, 34
RTM_NEWNEXTHOP, RTM_DELNEXTHOP, RTM_GETNEXTHOP = 104, 105, 106
RTM_NEWLINKPROP, RTM_DELLINKPROP = 108, 109


def attribute(number: int, payload: bytes) -> bytes:
    """One attribute with its header and padding."""
    size = len(payload) + 4
    return ATTRIBUTE.pack(size, number) + payload + b"\0" * (-size & 3)


def nested(number: int, payload: bytes) -> bytes:
    """An attribute that holds attributes."""
    return attribute(number | NESTED, payload)


def message(kind: int, flags: int, body: bytes) -> bytearray:
    """A message with sequence number 0; the socket fills it in when it sends."""
    return bytearray(HEADER.pack(16 + len(body), kind, flags | NLM_F_REQUEST, 0, 0)) + body


def attributes(data: bytes, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Number and payload of each attribute in `data[start:end]`."""
    unpack = ATTRIBUTE.unpack_from
    while start + 4 <= end:
        size, number = unpack(data, start)
        if size < 4:
            return
        yield number & TYPE_MASK, data[start + 4 : start + size]
        start += (size + 3) & ~3
