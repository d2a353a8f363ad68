"""VNIs of VXLAN devices that filter them (RTM_NEWTUNNEL; include/uapi/linux/if_link.h, VXLAN_VNIFILTER_…)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Final

from netapply.kernel.netlink import Netlink
from netapply.kernel.wire import message as m
from netapply.kernel.wire.scalar import pack_ip, unpack_ip
from netapply.model.resource import Resource
from netapply.plan.plan import Operation, Verb

RTM_NEWTUNNEL, RTM_DELTUNNEL, RTM_GETTUNNEL = 120, 121, 122
TUNNEL_MSG: Final = struct.Struct("=BBHI")
AF_BRIDGE: Final = 7
VXLAN_VNIFILTER_ENTRY: Final = 1
START, END, GROUP, GROUP6 = 1, 2, 3, 4
NUMBER: Final = struct.Struct("=I")


def read_vnis(netlink: Netlink, names: Mapping[int, str]) -> list[Resource]:
    """The VNIs of all devices in one dump; neighbours that are alike come as a range."""
    found: list[Resource] = []
    for data in netlink.dump(RTM_GETTUNNEL, TUNNEL_MSG.pack(AF_BRIDGE, 0, 0, 0)):
        link = names[TUNNEL_MSG.unpack_from(data)[3]]
        for number, entry in m.attributes(data, TUNNEL_MSG.size, len(data)):
            if number == VXLAN_VNIFILTER_ENTRY:
                found += _entries(link, dict(m.attributes(entry, 0, len(entry))))
    return found


def _entries(link: str, seen: dict[int, bytes]) -> Iterator[Resource]:
    start = NUMBER.unpack(seen[START])[0]
    end = NUMBER.unpack(seen[END])[0] if END in seen else start
    group = seen.get(GROUP, seen.get(GROUP6))
    remote = unpack_ip(group) if group and any(group) else None
    for vni in range(start, end + 1):
        yield Resource(("vni", link, str(vni)), "vni", {"remote": remote})


def encode_vni(operation: Operation, indexes: dict[str, int]) -> list[bytearray]:
    """One VNI added, changed, or taken away."""
    _, link, vni = operation.key
    entry = m.attribute(START, NUMBER.pack(int(vni)))
    remote = operation.attributes.get("remote")
    if remote and operation.verb is not Verb.DELETE:
        entry += m.attribute(GROUP6 if ":" in remote else GROUP, pack_ip(remote))
    body = TUNNEL_MSG.pack(AF_BRIDGE, 0, 0, indexes[link]) + m.nested(VXLAN_VNIFILTER_ENTRY, entry)
    kind = RTM_DELTUNNEL if operation.verb is Verb.DELETE else RTM_NEWTUNNEL
    return [m.message(kind, 0, body)]
