"""A link's own attributes as the kernel sends them, by number: for what this machine's iproute2 has no word for."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

from netapply.lab import namespace

RTM_GETLINK, NLM_F_REQUEST, IFLA_IFNAME, IFLA_LINKINFO = 18, 1, 3, 18  # linux/rtnetlink.h, linux/if_link.h
INFO_DATA, INFO_SLAVE_DATA = 2, 5
HEADERS = 16 + 16  # struct nlmsghdr, struct ifinfomsg


def words_of(netns: str, link: str, part: int = INFO_DATA) -> dict[int, tuple[int, ...]]:
    """The attributes in one part of IFLA_LINKINFO, each as its bytes or 32-bit words."""
    answer = namespace.call_in(netns, _asked, link)
    for number, payload in _walk(answer[HEADERS:]):
        if number == IFLA_LINKINFO:
            inner = dict(_walk(payload)).get(part, b"")
            return {each: _words(data) for each, data in _walk(inner)}
    return {}


def _words(data: bytes) -> tuple[int, ...]:
    return struct.unpack(f"={len(data) // 4}I", data) if len(data) % 4 == 0 else tuple(data)


def _asked(link: str) -> bytes:
    name = link.encode() + b"\0"
    attribute = struct.pack("=HH", 4 + len(name), IFLA_IFNAME) + name + b"\0" * (-len(name) & 3)
    body = bytes(16) + attribute
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as asking:
        asking.settimeout(30)
        asking.send(struct.pack("=IHHII", 16 + len(body), RTM_GETLINK, NLM_F_REQUEST, 1, 0) + body)
        return asking.recv(1 << 16)


def _walk(data: bytes) -> Iterator[tuple[int, bytes]]:
    start = 0
    while start + 4 <= len(data):
        size, number = struct.unpack_from("=HH", data, start)
        yield number & 0x3FFF, data[start + 4 : start + size]
        start += max(size + 3 & ~3, 4)
