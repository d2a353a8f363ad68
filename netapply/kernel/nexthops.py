"""Nexthop objects: read in one dump, written as packed messages (include/uapi/linux/nexthop.h)."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any, Final

from netapply.kernel.wire import message as m
from netapply.kernel.wire.definitions import NEXTHOP, RESILIENT_GROUP
from netapply.kernel.wire.scalar import pack_ip, unpack_ip
from netapply.model.attribute import CENTISECONDS, Value
from netapply.model.nexthop_words import GROUP_TYPES, member_text, nexthop_key
from netapply.model.resource import Resource
from netapply.model.routing import PROTOCOL, PROTOCOLS
from netapply.plan.plan import Operation, Verb

NHMSG: Final = struct.Struct("=BBBxI")
MEMBER: Final = struct.Struct("=IBBxx")
FAMILIES: Final = {"inet": 2, "inet6": 10}
FAMILY_WORDS: Final = {number: word for word, number in FAMILIES.items()}
PROTOCOL_WORDS: Final = {number: word for word, number in PROTOCOLS.items()}
RTNH_F_ONLINK: Final = 0x4
A: Final = {name.removeprefix("NHA_").lower(): number for name, (number, _) in NEXTHOP.items()}
G: Final = {name.removeprefix("NHA_RES_GROUP_").lower(): number for name, (number, _) in RESILIENT_GROUP.items()}
U16, U32 = struct.Struct("=H"), struct.Struct("=I")
TIMERS: Final = ("idle_timer", "unbalanced_timer")


def nexthops_of(answers: Iterable[bytes], names: dict[int, str]) -> list[Resource]:
    """What a dump of RTM_GETNEXTHOP holds, members before groups where the kernel has them so."""
    return [_read(data, names) for data in answers]


def _read(data: bytes, names: dict[int, str]) -> Resource:
    family, _, protocol, flags = NHMSG.unpack_from(data)
    seen = dict(m.attributes(data, NHMSG.size, len(data)))
    grouped = A["group"] in seen
    attributes: dict[str, Value] = {
        "family": None if grouped else FAMILY_WORDS.get(family),
        "via": unpack_ip(seen[A["gateway"]]) if A["gateway"] in seen else None,
        "dev": _device(seen, names),
        "onlink": bool(flags & RTNH_F_ONLINK) or None,
        "encap": _encap(seen),
        "blackhole": True if A["blackhole"] in seen else None,
        "fdb": True if A["fdb"] in seen else None,
        "group": _members(seen[A["group"]]) if grouped else (),
        "type": GROUP_TYPES.from_wire(U16.unpack(seen[A["group_type"]])[0]) if grouped else None,
        **_resilient(seen.get(A["res_group"], b"")),
        "protocol": PROTOCOL_WORDS.get(protocol, str(protocol)),
    }
    return Resource(nexthop_key(U32.unpack(seen[A["id"]])[0]), "nexthop", attributes)


def _device(seen: dict[int, bytes], names: dict[int, str]) -> str | None:
    index = U32.unpack(seen[A["oif"]])[0] if A["oif"] in seen else 0
    return names.get(index, f"#{index}") if index else None


def _encap(seen: dict[int, bytes]) -> str | None:
    if A["encap_type"] not in seen:
        return None
    from netapply.kernel.encap import read_encap  # few hosts have any

    return read_encap(U16.unpack(seen[A["encap_type"]])[0], seen.get(A["encap"], b""))


def _members(data: bytes) -> tuple[str, ...]:
    """By their numbers: the kernel keeps the order in which they came, and it means nothing."""
    found = sorted(MEMBER.iter_unpack(data))
    return tuple(member_text(number, 1 + low + (high << 8)) for number, low, high in found)


def _resilient(data: bytes) -> dict[str, Value]:
    inside = dict(m.attributes(data, 0, len(data)))
    values: dict[str, Value] = {"buckets": None, **dict.fromkeys(TIMERS)}
    if G["buckets"] in inside:
        values["buckets"] = U16.unpack(inside[G["buckets"]])[0]
    for name in TIMERS:
        if G[name] in inside:
            values[name] = CENTISECONDS.from_wire(U32.unpack(inside[G[name]])[0])
    return values


def encode_nexthop(operation: Operation, indexes: dict[str, int]) -> list[bytearray]:
    """One object added, replaced in place or deleted."""
    wish = operation.attributes
    body = m.attribute(A["id"], U32.pack(int(operation.key[1])))
    if operation.verb is Verb.DELETE:
        return [m.message(m.RTM_DELNEXTHOP, 0, NHMSG.pack(0, 0, 0, 0) + body)]
    header = NHMSG.pack(
        FAMILIES.get(wish.get("family") or "", 0), 0, _protocol(wish), RTNH_F_ONLINK if wish.get("onlink") else 0
    )
    body += _group(wish) if wish.get("group") else _way(wish, indexes)
    body += m.attribute(A["fdb"], b"") if wish.get("fdb") else b""
    mode = m.NLM_F_REPLACE if operation.replace else m.NLM_F_EXCL
    return [m.message(m.RTM_NEWNEXTHOP, m.NLM_F_CREATE | mode, header + body)]


def _protocol(wish: dict[str, Any]) -> int:
    word = wish.get("protocol")
    if word is None:
        return PROTOCOL
    return PROTOCOLS[word] if word in PROTOCOLS else int(word)


def _way(wish: dict[str, Any], indexes: dict[str, int]) -> bytes:
    if wish.get("blackhole"):
        return m.attribute(A["blackhole"], b"")
    body = m.attribute(A["gateway"], pack_ip(wish["via"])) if wish.get("via") else b""
    body += m.attribute(A["oif"], U32.pack(indexes[wish["dev"]])) if wish.get("dev") else b""
    if wish.get("encap"):
        from netapply.kernel.encap import pack_encap

        kind, data = pack_encap(wish["encap"])
        body += m.attribute(A["encap_type"], U16.pack(kind)) + m.nested(A["encap"], data)
    return body


def _group(wish: dict[str, Any]) -> bytes:
    members = (member.partition(",") for member in wish["group"])
    packed = b"".join(
        MEMBER.pack(int(number), (int(weight or 1) - 1) & 0xFF, (int(weight or 1) - 1) >> 8)
        for number, _, weight in members
    )
    body = m.attribute(A["group"], packed)
    body += m.attribute(A["group_type"], U16.pack(GROUP_TYPES.to_wire(wish.get("type") or "hash-threshold")))
    if wish.get("type") != "resilient":
        return body
    inside = m.attribute(G["buckets"], U16.pack(wish["buckets"])) if wish.get("buckets") else b""
    for name in TIMERS:
        if wish.get(name) is not None:
            inside += m.attribute(G[name], U32.pack(CENTISECONDS.to_wire(wish[name])))
    return body + m.nested(A["res_group"], inside)
