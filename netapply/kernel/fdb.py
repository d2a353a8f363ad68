"""Forwarding entries: all in one dump, written as packed messages (net/core/rtnetlink.c, rtnl_fdb_add).

Learned entries, of which there may be a hundred thousand, are left out by a look at two bytes. So is what the
kernel makes by itself: the entry of a port's own address, a device's address filter, and the remote that is an
attribute of a VXLAN.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from netapply.kernel import ndmsg as n
from netapply.kernel.netlink import Netlink
from netapply.kernel.wire import message as m
from netapply.kernel.wire.definitions import NEIGHBOUR
from netapply.kernel.wire.message import attribute
from netapply.kernel.wire.scalar import SCALARS
from netapply.model.attribute import Value
from netapply.model.fdb import FLOOD, fdb_resource, has_remotes, is_own
from netapply.model.resource import Resource
from netapply.plan.plan import Operation, Verb

AF_BRIDGE: Final = 7
PLAIN: Final = {
    "vlan": "NDA_VLAN", "dst": "NDA_DST", "port": "NDA_PORT", "vni": "NDA_VNI", "via": "NDA_IFINDEX",
    "src_vni": "NDA_SRC_VNI", "nhid": "NDA_NH_ID",
}  # fmt: skip
"""Attributes that travel as they are; state and flags have a place in the header."""
WORDS: Final = {"static": n.NUD_NOARP | n.NUD_REACHABLE, "permanent": n.NUD_NOARP | n.NUD_PERMANENT}
FLAGS: Final = {"sticky": n.NTF_STICKY, "extern_learn": n.NTF_EXT_LEARNED}
PACK: Final = {name: SCALARS[NEIGHBOUR[definition][1]][0] for name, definition in PLAIN.items()}
UNPACK: Final = {
    NEIGHBOUR[definition][0]: (name, SCALARS[NEIGHBOUR[definition][1]][1]) for name, definition in PLAIN.items()
}


def read_fdb(netlink: Netlink, names: Mapping[int, str], links: Mapping[str, Resource]) -> list[Resource]:
    """The static entries of all bridges and VXLANs of the namespace."""
    look, found = n.STATE_AND_FLAGS.unpack_from, []
    for data in netlink.dump(m.RTM_GETNEIGH, n.NDMSG.pack(AF_BRIDGE, 0, 0, 0, 0)):
        state, flags = look(data, n.STATE_OFFSET)
        if (state & n.STATIC or flags & n.NTF_EXT_LEARNED) and not flags & n.NTF_OFFLOADED:
            entry = _read(data, names, links)
            if entry is not None:
                found.append(entry)
    return _without_copies(found)


def _without_copies(entries: list[Resource]) -> list[Resource]:
    """An entry that names no VLAN stands in every VLAN of its port, once more in each, and goes with all of these
    (net/bridge/br_fdb.c, br_fdb_add, br_fdb_delete)."""
    if not any(entry.attributes["vlan"] for entry in entries):
        return entries
    wide = {(entry.key[1:3]): entry.attributes for entry in entries if not entry.attributes["vlan"]}
    return [
        entry for entry in entries
        if not entry.attributes["vlan"] or wide.get(entry.key[1:3]) != {**entry.attributes, "vlan": None}
    ]  # fmt: skip


def _read(data: bytes, names: Mapping[int, str], links: Mapping[str, Resource]) -> Resource | None:
    """The entry; None where it is the kernel's own."""
    _, index, state, flags, _ = n.NDMSG.unpack_from(data)
    seen = n.SHAPES.read(data)
    link = links.get(names.get(index, ""))
    if link is None:
        return None
    mac = seen[n.NDA_LLADDR].hex(":")
    attributes: dict[str, Value] = dict.fromkeys((*PLAIN, "state", *FLAGS))
    for number, (name, unpack) in UNPACK.items():
        if number in seen:
            attributes[name] = unpack(seen[number])
    if attributes["via"] is not None:
        attributes["via"] = names.get(attributes["via"], f"#{attributes['via']}")
    attributes["state"] = "permanent" if state & n.NUD_PERMANENT else "static"
    attributes |= {name: True for name, bit in FLAGS.items() if flags & bit}
    tabled = n.NDA_MASTER in seen
    if _is_the_kernels(link, mac, attributes, tabled=tabled):
        return None
    return fdb_resource(link.name, mac, attributes, itself=not tabled or link.kind == "bridge")


def _is_the_kernels(link: Resource, mac: str, attributes: dict[str, Value], *, tabled: bool) -> bool:
    """Whether the entry comes and goes by itself; `tabled`: it stands in the table of a bridge."""
    if tabled:
        return bool(attributes["state"] == "permanent" and mac == link.attributes["mac"])
    if link.kind != "vxlan":
        return True  # a device's address filter
    own = (link.attributes["remote"], None, None, link.attributes["dev"])
    return mac == FLOOD and tuple(attributes[name] for name in ("dst", "port", "vni", "via")) == own


def encode_fdb(operation: Operation, indexes: dict[str, int]) -> list[bytearray]:
    """One entry added, changed in place, or deleted.

    A learned entry of the address is taken over. Of an address with several remotes each is appended, for the
    kernel refuses to replace one (vxlan_fdb_update_existing).
    """
    _, link, mac = operation.key[:3]
    wish = {name: value for name, value in operation.attributes.items() if value is not None}
    if "via" in wish:
        wish["via"] = indexes[wish["via"]]
    body = attribute(n.NDA_LLADDR, bytes.fromhex(mac.replace(":", "")))
    for name, definition in PLAIN.items():
        if name in wish:
            body += attribute(NEIGHBOUR[definition][0], PACK[name](wish[name]))
    own = is_own(operation.key)
    place = n.NTF_SELF if own else n.NTF_MASTER
    if operation.verb is Verb.DELETE:
        return [n.request(m.RTM_DELNEIGH, 0, (AF_BRIDGE, indexes[link], 0, place), body)]
    flags = place | sum(bit for name, bit in FLAGS.items() if wish.get(name))
    state = WORDS[wish.get("state", "static")]
    appended = "dst" in wish and has_remotes(mac)
    how = m.NLM_F_CREATE | (m.NLM_F_APPEND if appended else m.NLM_F_REPLACE)
    return [n.request(m.RTM_NEWNEIGH, how, (AF_BRIDGE, indexes[link], state, flags), body)]
