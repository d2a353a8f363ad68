"""VLAN tables of bridges and their ports: one compressed dump, ranges in both directions (net/bridge/br_netlink.c)."""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator, Sequence
from typing import Final

from netapply.kernel.links import IFINFOMSG, IFLA_AF_SPEC, IFLA_EXT_MASK, Links
from netapply.kernel.netlink import Netlink
from netapply.kernel.wire import message as m
from netapply.kernel.wire.shape import Shapes
from netapply.model.attribute import Value
from netapply.model.resource import Resource
from netapply.model.vlan_ranges import Range, joined, parse, text, union
from netapply.model.vlan_table import PORT, SELF, table_key
from netapply.plan.plan import Operation

AF_BRIDGE: Final = 7
RTM_SETLINK: Final = 19
RTEXT_FILTER_BRVLAN_COMPRESSED: Final = 1 << 2
BRIDGE_FLAGS, VLAN_INFO, VLAN_TUNNEL_INFO = 0, 2, 3
TUNNEL_ID, TUNNEL_VID, TUNNEL_FLAGS = 1, 2, 3
MASTER_FLAG, SELF_FLAG = 1, 2
PVID, UNTAGGED, BEGIN, END = 1 << 1, 1 << 2, 1 << 3, 1 << 4
"""BRIDGE_VLAN_INFO_* (include/uapi/linux/if_bridge.h)."""
INFO: Final = struct.Struct("=HH")
AT_ONCE: Final = 700
"""Entries of one message: the attribute that holds them has at most 64 KiB."""
OUTER: Final = Shapes(IFINFOMSG.size, (IFLA_AF_SPEC,))


def read_tables(netlink: Netlink, links: Links) -> list[Resource]:
    """The table of every bridge and every port of one, where the kernel is built with bridge VLANs."""
    defaults = {
        link.name: link.attributes["vlan_default_pvid"] for link in links.resources
        if link.family == "link" and link.kind == "bridge" and link.attributes["vlan_default_pvid"] is not None
    }  # fmt: skip
    if not defaults:
        return []
    masters = {
        link.name: link.name if link.name in defaults else link.attributes.get("master") for link in links.resources
        if link.family == "link"
    }  # fmt: skip
    mask = m.attribute(IFLA_EXT_MASK, struct.pack("=I", RTEXT_FILTER_BRVLAN_COMPRESSED))
    found = []
    for data in netlink.dump(m.RTM_GETLINK, IFINFOMSG.pack(AF_BRIDGE, 0, 0, 0, 0) + mask):
        name = links.names.get(IFINFOMSG.unpack_from(data)[2], "")
        default = defaults.get(masters.get(name) or "")
        attributes = _decode(OUTER.read(data).get(IFLA_AF_SPEC, b"")) if default is not None else None
        if attributes is not None:
            kind = SELF if name in defaults else PORT
            found.append(Resource(table_key(name), kind, attributes, {"default_pvid": default}))
    return found


def _decode(data: bytes) -> dict[str, Value] | None:
    """The table in one message; None for what a NIC with a switch of its own says about itself."""
    tagged: list[str] = []
    untagged: list[str] = []
    tunnels: list[tuple[Range, Range]] = []
    pvid, first, tunnel = 0, 0, (0, 0)
    for number, payload in m.attributes(data, 0, len(data)):
        if number == BRIDGE_FLAGS:
            return None
        if number == VLAN_INFO:
            flags, vid = INFO.unpack(payload)
            first = vid if not flags & END else first
            pvid = vid if flags & PVID else pvid
            if not flags & BEGIN:
                (untagged if flags & UNTAGGED else tagged).append(text(first, vid))
        elif number == VLAN_TUNNEL_INFO:
            vid, ident, flags = _tunnel(payload)
            tunnel = (vid, ident) if not flags & END else tunnel
            if not flags & BEGIN:
                tunnels.append(((tunnel[0], vid), (tunnel[1], ident)))
    return {"vids": union(tagged), "pvid": pvid, "untagged": union(untagged), "tunnel": joined(sorted(tunnels))}


def _tunnel(data: bytes) -> tuple[int, int, int]:
    seen = {number: int.from_bytes(payload, sys.byteorder) for number, payload in m.attributes(data, 0, len(data))}
    return seen[TUNNEL_VID], seen[TUNNEL_ID], seen.get(TUNNEL_FLAGS, 0)


def encode_table(operation: Operation, indexes: dict[str, int]) -> list[bytearray]:
    """What is added goes first, so that no VLAN is missing in between; see plan/vlan_steps."""
    entries = operation.attributes
    header = IFINFOMSG.pack(AF_BRIDGE, 0, indexes[operation.key[1]], 0, 0)
    flags = m.attribute(BRIDGE_FLAGS, struct.pack("=H", SELF_FLAG if operation.kind == SELF else MASTER_FLAG))
    stretches = (
        (m.RTM_DELLINK, [_tunnel_bytes(f"{each}:0") for each in entries.get("untunnel", ())]),
        (RTM_SETLINK, [_entry(each) for each in entries.get("add", ())]),
        (RTM_SETLINK, [_tunnel_bytes(each) for each in entries.get("tunnel", ())]),
        (m.RTM_DELLINK, [_entry(each) for each in entries.get("remove", ())]),
    )
    return [
        m.message(kind, 0, header + m.attribute(IFLA_AF_SPEC, flags + b"".join(some)))
        for kind, each in stretches for some in _batches(each)
    ]  # fmt: skip


def _batches(entries: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    return (entries[start : start + AT_ONCE] for start in range(0, len(entries), AT_ONCE))


def _entry(words: str) -> bytes:
    """`10 pvid untagged` or `20-30` as one or two attributes."""
    numbers, *more = words.split()
    first, last = parse(numbers)
    flags = PVID * ("pvid" in more) | UNTAGGED * ("untagged" in more)
    if first == last:
        return m.attribute(VLAN_INFO, INFO.pack(flags, first))
    begin = m.attribute(VLAN_INFO, INFO.pack(flags | BEGIN, first))
    return begin + m.attribute(VLAN_INFO, INFO.pack(flags | END, last))


def _tunnel_bytes(words: str) -> bytes:
    """`100-110:1000100-1000110`; where it goes, the tunnel ids do not count."""
    vids, _, ids = words.partition(":")
    (first, last), ident = parse(vids), parse(ids)[0]
    if first == last:
        return _one_tunnel(first, ident, 0)
    return _one_tunnel(first, ident, BEGIN) + _one_tunnel(last, ident + last - first, END)


def _one_tunnel(vid: int, ident: int, flags: int) -> bytes:
    inside = m.attribute(TUNNEL_ID, struct.pack("=I", ident)) + m.attribute(TUNNEL_VID, struct.pack("=H", vid))
    return m.nested(VLAN_TUNNEL_INFO, inside + m.attribute(TUNNEL_FLAGS, struct.pack("=H", flags)))
