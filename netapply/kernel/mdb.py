"""The multicast databases of all bridges: one dump, written as packed messages (net/bridge/br_mdb.c).

An answer holds MDBA_MDB > MDBA_MDB_ENTRY > MDBA_MDB_ENTRY_INFO, each of these a struct br_mdb_entry with attributes
behind it (include/uapi/linux/if_bridge.h). A kernel without IGMP snooping has no such dump.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterator, Mapping
from typing import Final

from netapply.errors import KernelError
from netapply.kernel.netlink import Netlink
from netapply.kernel.wire import message as m
from netapply.kernel.wire.scalar import pack_ip, unpack_ip
from netapply.model.mdb import mdb_resource
from netapply.model.resource import Resource
from netapply.plan.plan import Operation, Verb

BR_PORT_MSG: Final = struct.Struct("=BxxxI")
ENTRY: Final = struct.Struct("=IBBH16s2sxx")
"""Port, state, flags, VLAN, address, EtherType in network order."""
AF_BRIDGE, MDB_PERMANENT = 7, 1
MDBA_MDB, MDBA_MDB_ENTRY, MDBA_MDB_ENTRY_INFO, MDBA_MDB_EATTR_SOURCE = 1, 1, 1, 4
MDBA_SET_ENTRY, MDBA_SET_ENTRY_ATTRS, MDBE_ATTR_SOURCE = 1, 2, 1
IPV4, IPV6, NO_IP = b"\x08\x00", b"\x86\xdd", b"\0\0"
SIZES: Final = {IPV4: 4, IPV6: 16, NO_IP: 6}


def read_mdb(netlink: Netlink, names: Mapping[int, str], _: Mapping[str, Resource]) -> list[Resource]:
    """The permanent entries of all bridges of the namespace."""
    try:
        answers = netlink.dump(m.RTM_GETMDB, BR_PORT_MSG.pack(AF_BRIDGE, 0))
    except KernelError as error:
        if error.code not in (errno.EOPNOTSUPP, errno.EAFNOSUPPORT):
            raise
        return []
    return [entry for data in answers for entry in _read(data, names)]


def _read(data: bytes, names: Mapping[int, str]) -> Iterator[Resource]:
    bridge = BR_PORT_MSG.unpack_from(data)[1]
    for number, tables in m.attributes(data, BR_PORT_MSG.size, len(data)):
        for _, group in m.attributes(tables, 0, len(tables)) if number == MDBA_MDB else ():
            for _, info in m.attributes(group, 0, len(group)):
                port, state, _, vlan, address, protocol = ENTRY.unpack_from(info)
                if state == MDB_PERMANENT and protocol in SIZES and port in names:
                    source = dict(m.attributes(info, ENTRY.size, len(info))).get(MDBA_MDB_EATTR_SOURCE)
                    text = _text(address, protocol)
                    origin = unpack_ip(source) if source else None
                    yield mdb_resource(names[bridge], names[port], text, vlan or None, origin)


def _text(address: bytes, protocol: bytes) -> str:
    raw = address[: SIZES[protocol]]
    return raw.hex(":") if protocol == NO_IP else unpack_ip(raw)


def encode_mdb(operation: Operation, indexes: dict[str, int]) -> list[bytearray]:
    """One entry added or deleted; the kernel changes none."""
    _, bridge, port, group = operation.key[:4]
    wish = operation.attributes
    mac = len(group) == 17 and group.count(":") == 5
    address = bytes.fromhex(group.replace(":", "")) if mac else pack_ip(group)
    protocol = NO_IP if mac else IPV6 if ":" in group else IPV4
    entry = ENTRY.pack(indexes[port], MDB_PERMANENT, 0, wish.get("vlan") or 0, address, protocol)
    body = BR_PORT_MSG.pack(AF_BRIDGE, indexes[bridge]) + m.attribute(MDBA_SET_ENTRY, entry)
    if wish.get("source"):
        body += m.nested(MDBA_SET_ENTRY_ATTRS, m.attribute(MDBE_ATTR_SOURCE, pack_ip(wish["source"])))
    if operation.verb is Verb.DELETE:
        return [m.message(m.RTM_DELMDB, 0, body)]
    return [m.message(m.RTM_NEWMDB, m.NLM_F_CREATE, body)]
