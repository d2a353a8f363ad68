"""Addresses: read in one dump, written as packed messages (rtnetlink(7), linux/if_addr.h)."""

from __future__ import annotations

import struct
from typing import Any, Final

from netapply.kernel.netlink import Netlink
from netapply.kernel.wire import message as m
from netapply.kernel.wire.definitions import ADDRESS
from netapply.kernel.wire.scalar import pack_ip, unpack_ip, unpack_text
from netapply.kernel.wire.shape import Shapes
from netapply.model.addressing import ADDRESS_FLAGS, FOREVER, PROTO_KERNEL, SCOPES
from netapply.model.attribute import Value
from netapply.model.resource import Resource
from netapply.model.routing import PROTOCOL
from netapply.plan.plan import Operation, Verb

IFADDRMSG: Final = struct.Struct("=BBBBI")
SHAPES: Final = Shapes(IFADDRMSG.size)
U32: Final = struct.Struct("=I")
AF_INET, AF_INET6 = 2, 10
IFA_F_PERMANENT, IFA_F_SECONDARY = 0x80, 0x01
IFA_F_DEPRECATED, IFA_F_OPTIMISTIC = 0x20, 0x04
FLAGS: Final = ADDRESS_FLAGS
FOREVER_PREFERRED: Final = b"\xff" * 4
ANY_FLAG: Final = sum(FLAGS.values())
SCOPE_NUMBERS: Final = {word: number for number, word in SCOPES.items()}
IFA_ADDRESS, IFA_LOCAL, IFA_LABEL = ADDRESS["IFA_ADDRESS"][0], ADDRESS["IFA_LOCAL"][0], ADDRESS["IFA_LABEL"][0]
IFA_BROADCAST, IFA_FLAGS = ADDRESS["IFA_BROADCAST"][0], ADDRESS["IFA_FLAGS"][0]
IFA_CACHEINFO = ADDRESS["IFA_CACHEINFO"][0]
IFA_METRIC, IFA_PROTO = ADDRESS["IFA_RT_PRIORITY"][0], ADDRESS["IFA_PROTO"][0]


def read_addresses(netlink: Netlink, names: dict[int, str]) -> list[Resource]:
    """All addresses of the namespace, in the kernel's order (a primary before its secondaries)."""
    answers = netlink.dump(m.RTM_GETADDR, IFADDRMSG.pack(0, 0, 0, 0, 0))
    return [_read(data, names) for data in answers]


def _read(data: bytes, names: dict[int, str]) -> Resource:
    family, length, low_flags, scope, index = IFADDRMSG.unpack_from(data)
    seen = SHAPES.read(data)
    flags = U32.unpack(seen[IFA_FLAGS])[0] if IFA_FLAGS in seen else low_flags
    remote = unpack_ip(seen[IFA_ADDRESS])
    local = unpack_ip(seen[IFA_LOCAL]) if IFA_LOCAL in seen else remote
    link = names.get(index, f"#{index}")
    proto = seen[IFA_PROTO][0] if IFA_PROTO in seen else 0
    attributes: dict[str, Value] = {
        "peer": remote if remote != local else None,
        "broadcast": unpack_ip(seen[IFA_BROADCAST]) if IFA_BROADCAST in seen else None,
        "label": _label(seen, link),
        "metric": U32.unpack(seen[IFA_METRIC])[0] if IFA_METRIC in seen else None,
        "scope": SCOPES.get(scope, str(scope)),
        "flags": tuple(word for word, bit in FLAGS.items() if flags & bit) if flags & ANY_FLAG else (),
        "secondary": family == AF_INET and bool(flags & IFA_F_SECONDARY),
        "protocol": proto,
        "lifetimes": _lifetimes(seen, flags),
    }
    facts = {"permanent": bool(flags & IFA_F_PERMANENT), "kernel_made": _by_kernel(proto, local)}
    return Resource(("address", link, f"{local}/{length}"), "address", attributes, facts)


def _lifetimes(seen: dict[int, bytes], flags: int) -> tuple[int, int] | None:
    """What is left of a lease, preferred and valid, in seconds; None for ever."""
    if IFA_CACHEINFO not in seen:
        return None
    if flags & IFA_F_PERMANENT:
        if flags & IFA_F_DEPRECATED:
            return 0, FOREVER  # which IPv4 tells by the flag only
        if seen[IFA_CACHEINFO][:4] == FOREVER_PREFERRED:
            return None
    preferred, valid = struct.unpack_from("=II", seen[IFA_CACHEINFO])
    return preferred, valid


def _by_kernel(proto: int, local: str) -> bool:
    """Made by the kernel; before Linux 5.18 it does not tell, so a link-local address counts as its own."""
    return proto in PROTO_KERNEL or (local.startswith("fe80:") and proto != PROTOCOL)


def _label(seen: dict[int, bytes], link: str) -> str | None:
    """The label where it is more than the link's name, which the kernel fills in by itself."""
    label = unpack_text(seen[IFA_LABEL]) if IFA_LABEL in seen else link
    return label if label != link else None


def encode_address(operation: Operation, indexes: dict[str, int]) -> list[bytearray]:
    """One address added or deleted. What the plan leaves open gets the kernel's usual values."""
    _, link, text = operation.key[:3]  # one address with several peers has a longer key
    local, _, length = text.partition("/")
    wish = operation.attributes
    family = AF_INET6 if ":" in local else AF_INET
    packed = pack_ip(local)
    peer = wish.get("peer")
    body = m.attribute(IFA_LOCAL, packed) + m.attribute(IFA_ADDRESS, pack_ip(peer) if peer else packed)
    if operation.verb is Verb.DELETE:
        return [m.message(m.RTM_DELADDR, 0, IFADDRMSG.pack(family, int(length), 0, 0, indexes[link]) + body)]
    header = IFADDRMSG.pack(family, int(length), 0, _scope(wish.get("scope"), local), indexes[link])
    mode = m.NLM_F_REPLACE if operation.replace else m.NLM_F_EXCL
    return [m.message(m.RTM_NEWADDR, m.NLM_F_CREATE | mode, header + body + _options(wish))]


def _options(wish: dict[str, Any]) -> bytes:
    flags = sum(FLAGS[word] for word in wish.get("flags") or ()) | (IFA_F_OPTIMISTIC if wish.get("optimistic") else 0)
    body = m.attribute(IFA_PROTO, bytes([wish.get("protocol", PROTOCOL)]))
    body += m.attribute(IFA_FLAGS, struct.pack("=I", flags)) if flags else b""
    if wish.get("broadcast"):
        body += m.attribute(IFA_BROADCAST, pack_ip(wish["broadcast"]))
    if wish.get("label"):
        body += m.attribute(IFA_LABEL, wish["label"].encode() + b"\0")
    if wish.get("lifetimes"):
        body += m.attribute(IFA_CACHEINFO, struct.pack("=IIII", *wish["lifetimes"], 0, 0))
    if wish.get("metric") is not None:
        body += m.attribute(IFA_METRIC, struct.pack("=I", wish["metric"]))
    return body


def _scope(word: str | None, local: str) -> int:
    if word is None:
        return SCOPE_NUMBERS["host"] if local.startswith("127.") else SCOPE_NUMBERS["global"]
    return SCOPE_NUMBERS[word] if word in SCOPE_NUMBERS else int(word)
