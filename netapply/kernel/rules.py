"""Policy rules: read in one dump a family, written as packed messages (linux/fib_rules.h)."""

from __future__ import annotations

import errno
import struct
from collections.abc import Callable
from typing import Final

from netapply.errors import KernelError
from netapply.kernel.netlink import Netlink
from netapply.kernel.wire import message as m
from netapply.kernel.wire.definitions import RULE
from netapply.kernel.wire.scalar import SCALARS, pack_ip, unpack_ip
from netapply.model.attribute import Value
from netapply.model.resource import Resource
from netapply.model.routing import ACTION, PROTOCOL, rule_key
from netapply.plan.plan import Operation, Verb

FIB_RULE_HDR: Final = struct.Struct("=BBBBBBBBI")
FAMILY: Final = {"inet": 2, "inet6": 10}
FIB_RULE_INVERT: Final = 0x2
FR_ACT_GOTO: Final = 2
NO_LIMIT: Final = 0xFFFFFFFF
PLAIN: Final = {
    "iif": "FRA_IIFNAME", "oif": "FRA_OIFNAME", "fwmark": "FRA_FWMARK", "fwmask": "FRA_FWMASK",
    "ipproto": "FRA_IP_PROTO", "suppress_prefixlength": "FRA_SUPPRESS_PREFIXLEN", "protocol": "FRA_PROTOCOL",
    "goto": "FRA_GOTO", "suppress_ifgroup": "FRA_SUPPRESS_IFGROUP",
}  # fmt: skip
"""Attributes that travel as they are; prefixes, table and action have a place in the header."""


def _packed_range(layout: str) -> Callable[[Value], bytes]:
    def pack(text: Value) -> bytes:
        first, _, last = text.partition("-")
        return struct.pack(layout, int(first), int(last or first))

    return pack


def _read_range(layout: str) -> Callable[[bytes], Value]:
    def read(data: bytes) -> Value:
        first, last = struct.unpack_from(layout, data)
        return str(first) if first == last else f"{first}-{last}"

    return read


def _packed_realms(text: Value) -> bytes:
    source, _, to = text.rpartition("/")
    return struct.pack("=I", int(source or 0) << 16 | int(to))


def _read_realms(data: bytes) -> Value:
    flow = struct.unpack_from("=I", data)[0]
    return f"{flow >> 16}/{flow & 0xFFFF}" if flow >> 16 else str(flow) if flow else None


FORMED: Final[dict[str, tuple[str, Callable[[Value], bytes], Callable[[bytes], Value]]]] = {
    "sport": ("FRA_SPORT_RANGE", _packed_range("=HH"), _read_range("=HH")),
    "dport": ("FRA_DPORT_RANGE", _packed_range("=HH"), _read_range("=HH")),
    "uidrange": ("FRA_UID_RANGE", _packed_range("=II"), _read_range("=II")),
    "tun_id": ("FRA_TUN_ID", struct.Struct(">Q").pack, lambda data: struct.unpack_from(">Q", data)[0] or None),
    "l3mdev": ("FRA_L3MDEV", lambda value: b"\x01", lambda data: bool(data[0]) or None),
    "realms": ("FRA_FLOW", _packed_realms, _read_realms),
}
"""Attributes that are more than one number or text: their packers and readers."""


def read_rules(netlink: Netlink) -> list[Resource]:
    """All rules of both families, the kernel's own included (three in IPv4, two in IPv6)."""
    return [_read(inet, data) for inet, family in FAMILY.items() for data in _dump(netlink, family)]


def _dump(netlink: Netlink, family: int) -> list[bytes]:
    """The rules of a family; none where the kernel runs without it (ipv6.disable=1)."""
    try:
        return netlink.dump(m.RTM_GETRULE, FIB_RULE_HDR.pack(family, 0, 0, 0, 0, 0, 0, 0, 0))
    except KernelError as error:
        if error.code != errno.EAFNOSUPPORT:
            raise
        return []


def _read(inet: str, data: bytes) -> Resource:
    _, dst, src, tos, table, _, _, action, flags = FIB_RULE_HDR.unpack_from(data)
    seen = dict(m.attributes(data, 12, len(data)))
    attributes: dict[str, Value] = {
        "src": _prefix(seen, "FRA_SRC", src),
        "dst": _prefix(seen, "FRA_DST", dst),
        "tos": tos or None,
        "invert": bool(flags & FIB_RULE_INVERT) or None,
        "action": ACTION.from_wire(action),
        "table": None,
    }
    for name, definition in PLAIN.items():
        number, kind = RULE[definition]
        attributes[name] = SCALARS[kind][1](seen[number]) if number in seen else None
    for name, (definition, _, read) in FORMED.items():
        number = RULE[definition][0]
        attributes[name] = read(seen[number]) if number in seen else None
    if action == 1:
        number = RULE["FRA_TABLE"][0]
        attributes["table"] = (struct.unpack("=I", seen[number])[0] if number in seen else table) or None
    for name in ("suppress_prefixlength", "suppress_ifgroup"):
        if attributes[name] == NO_LIMIT:
            attributes[name] = None
    if action != FR_ACT_GOTO:
        attributes["goto"] = None
    priority = seen.get(RULE["FRA_PRIORITY"][0], b"\0\0\0\0")
    return Resource(rule_key(inet, struct.unpack("=I", priority)[0], attributes), "rule", attributes)


def _prefix(seen: dict[int, bytes], definition: str, length: int) -> str | None:
    number = RULE[definition][0]
    return f"{unpack_ip(seen[number])}/{length}" if number in seen else None


def encode_rule(operation: Operation, indexes: dict[str, int]) -> list[bytearray]:
    """One rule added or deleted.

    Not NLM_F_EXCL: with it the kernel takes a wider rule for one that is there (net/core/fib_rules.c,
    rule_exists compares prefixes and tos only where they are given), and a rule could not be widened.
    """
    del indexes
    wish = {name: value for name, value in operation.attributes.items() if value is not None}
    wish.setdefault("protocol", PROTOCOL)
    _, inet, priority = operation.key[:3]
    table = wish.get("table", 0)
    header = FIB_RULE_HDR.pack(
        FAMILY[inet], _length(wish.get("dst")), _length(wish.get("src")), wish.get("tos", 0),
        table if table < 256 else 0, 0, 0, ACTION.to_wire(wish.get("action", "lookup")),
        FIB_RULE_INVERT if wish.get("invert") else 0,
    )  # fmt: skip
    body = m.attribute(RULE["FRA_PRIORITY"][0], struct.pack("=I", int(priority)))
    body += m.attribute(RULE["FRA_TABLE"][0], struct.pack("=I", table)) if table else b""
    for name, definition in (("src", "FRA_SRC"), ("dst", "FRA_DST")):
        if name in wish:
            body += m.attribute(RULE[definition][0], pack_ip(wish[name].partition("/")[0]))
    for name, definition in PLAIN.items():
        if name in wish:
            number, kind = RULE[definition]
            body += m.attribute(number, SCALARS[kind][0](wish[name]))
    for name, (definition, pack, _) in FORMED.items():
        if name in wish:
            body += m.attribute(RULE[definition][0], pack(wish[name]))
    if operation.verb is Verb.DELETE:
        return [m.message(m.RTM_DELRULE, 0, header + body)]
    return [m.message(m.RTM_NEWRULE, m.NLM_F_CREATE, header + body)]


def _length(prefix: str | None) -> int:
    return int(prefix.partition("/")[2]) if prefix else 0
