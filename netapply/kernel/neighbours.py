"""Neighbours and proxy neighbours: one dump each, written as packed messages (net/core/neighbour.c).

What the kernel resolved is left out by a look at two bytes; so is what it makes without asking anybody: groups,
the broadcast address, and everything on a device that needs no resolution (arp_constructor).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from netapply.kernel import ndmsg as n
from netapply.kernel.netlink import Netlink
from netapply.kernel.wire import message as m
from netapply.kernel.wire.message import attribute
from netapply.kernel.wire.scalar import pack_ip, unpack_ip
from netapply.model.attribute import Value
from netapply.model.resource import Resource
from netapply.model.routing import PROTOCOL
from netapply.plan.plan import Operation, Verb

AF_INET, AF_INET6 = 2, 10
WORDS: Final = {"permanent": n.NUD_PERMANENT, "noarp": n.NUD_NOARP}
ETHERNET: Final = 6
"""Bytes of a MAC address; a link-layer address of another length is an IP address."""


def read_neighbours(netlink: Netlink, names: Mapping[int, str], links: Mapping[str, Resource]) -> list[Resource]:
    """The static neighbours of all links."""
    look, found = n.STATE_AND_FLAGS.unpack_from, []
    for data in netlink.dump(m.RTM_GETNEIGH, n.NDMSG.pack(0, 0, 0, 0, 0)):
        if look(data, n.STATE_OFFSET)[0] & n.STATIC:
            neighbour = _read(data, names, links)
            if neighbour is not None:
                found.append(neighbour)
    return found


def _read(data: bytes, names: Mapping[int, str], links: Mapping[str, Resource]) -> Resource | None:
    family, index, state, flags, _ = n.NDMSG.unpack_from(data)
    seen = n.SHAPES.read(data)
    link, hardware = links.get(names.get(index, "")), seen.get(n.NDA_LLADDR, b"")
    if link is None or family not in (AF_INET, AF_INET6) or not any(seen[n.NDA_DST]):
        return None
    protocol = _protocol(seen)
    if not state & n.NUD_PERMANENT and not protocol and _is_the_kernels(link, hardware):
        return None
    attributes: dict[str, Value] = {
        "mac": hardware.hex(":") if len(hardware) == ETHERNET else unpack_ip(hardware) if hardware else None,
        "state": "permanent" if state & n.NUD_PERMANENT else "noarp",
        "router": True if flags & n.NTF_ROUTER else None,
        "extern_learn": True if flags & n.NTF_EXT_LEARNED else None,
        "protocol": protocol,
    }
    return Resource(("neighbour", link.name, unpack_ip(seen[n.NDA_DST])), "neighbour", attributes)


def _is_the_kernels(link: Resource, hardware: bytes) -> bool:
    """Whether a neighbour without resolution is one that nobody made: a group's, or with the link's own address."""
    if len(hardware) != ETHERNET or not any(hardware):
        return True
    return bool(hardware[0] & 1) or hardware.hex(":") == link.attributes["mac"]


def _protocol(seen: Mapping[int, bytes]) -> int:
    return seen[n.NDA_PROTOCOL][0] if n.NDA_PROTOCOL in seen else 0


def read_proxy_neighbours(netlink: Netlink, names: Mapping[int, str], _: Mapping[str, Resource]) -> list[Resource]:
    """The addresses that the host answers for, link by link; one on no link in particular belongs to nobody."""
    found = []
    for data in netlink.dump(m.RTM_GETNEIGH, n.NDMSG.pack(0, 0, 0, n.NTF_PROXY, 0)):
        _, index, _, flags, _ = n.NDMSG.unpack_from(data)
        seen = n.SHAPES.read(data)
        if index in names:
            router = True if flags & n.NTF_ROUTER else None
            key = ("proxy_neighbour", names[index], unpack_ip(seen[n.NDA_DST]))
            found.append(Resource(key, "proxy_neighbour", {"router": router, "protocol": _protocol(seen)}))
    return found


def encode_neighbour(operation: Operation, indexes: dict[str, int]) -> list[bytearray]:
    """One neighbour, static or proxy, added, changed in place, or deleted; a resolved one is taken over."""
    family, link, address = operation.key[:3]
    wish = operation.attributes
    inet = AF_INET6 if ":" in address else AF_INET
    proxy = n.NTF_PROXY if family == "proxy_neighbour" else 0
    body = attribute(n.NDA_DST, pack_ip(address))
    if operation.verb is Verb.DELETE:
        return [n.request(m.RTM_DELNEIGH, 0, (inet, indexes[link], 0, proxy), body)]
    flags = proxy | (n.NTF_ROUTER if wish.get("router") else 0)
    flags |= n.NTF_EXT_LEARNED if wish.get("extern_learn") else 0
    state = 0 if proxy else WORDS[wish.get("state", "permanent")]
    if wish.get("mac"):
        body += attribute(n.NDA_LLADDR, _hardware(wish["mac"]))
    body += attribute(n.NDA_PROTOCOL, bytes([wish.get("protocol", PROTOCOL)]))
    how = m.NLM_F_CREATE | m.NLM_F_REPLACE
    return [n.request(m.RTM_NEWNEIGH, how, (inet, indexes[link], state, flags), body)]


def _hardware(text: str) -> bytes:
    mac = len(text) == 3 * ETHERNET - 1 and text.count(":") == ETHERNET - 1
    return bytes.fromhex(text.replace(":", "")) if mac else pack_ip(text)
