"""Links: read in one dump, written as packed messages (rtnetlink(7), net/core/rtnetlink.c)."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from netapply.kernel.link_codec import PAIR, LinkCodec, codec_of, known
from netapply.kernel.link_names import call
from netapply.kernel.netlink import Netlink
from netapply.kernel.wire import message as m
from netapply.kernel.wire.definitions import INFO, LINK, TUN, VETH
from netapply.kernel.wire.scalar import unpack_text
from netapply.kernel.wire.shape import Shapes
from netapply.model.attribute import Value
from netapply.model.resource import Resource
from netapply.plan.plan import Operation, Phase, Verb

IFINFOMSG: Final = struct.Struct("=BxHiII")
IFF_LOWER_UP = 0x10000
RTEXT_FILTER_SKIP_STATS: Final = 1 << 3
ARPHRD_ETHER: Final = 1
IFLA_IFNAME, IFLA_LINK, IFLA_NETNSID = LINK["IFLA_IFNAME"][0], LINK["IFLA_LINK"][0], LINK["IFLA_LINK_NETNSID"][0]
IFLA_LINKINFO, IFLA_PROP_LIST = LINK["IFLA_LINKINFO"][0], LINK["IFLA_PROP_LIST"][0]
IFLA_AF_SPEC, IFLA_PERM_ADDRESS = LINK["IFLA_AF_SPEC"][0], LINK["IFLA_PERM_ADDRESS"][0]
IFLA_ALT_IFNAME, IFLA_EXT_MASK = LINK["IFLA_ALT_IFNAME"][0], LINK["IFLA_EXT_MASK"][0]
INFO_KIND, INFO_DATA = INFO["IFLA_INFO_KIND"][0], INFO["IFLA_INFO_DATA"][0]
TUN_PERSIST: Final = TUN["IFLA_TUN_PERSIST"][0]
INFO_SLAVE_KIND, INFO_SLAVE_DATA = INFO["IFLA_INFO_SLAVE_KIND"][0], INFO["IFLA_INFO_SLAVE_DATA"][0]
OUTER: Final = Shapes(IFINFOMSG.size)
INFO_SHAPES: Final = Shapes()
ALL_OFF: Final = PAIR.pack(0, 0xFFFFFFFF)
"""Switches that a device does not mention, because none of them is on (net/8021q/vlan_netlink.c)."""
NO_MAC: Final = "00:00:00:00:00:00"
PASSTHRU: Final = "passthru"
"""A macvlan in this mode shows its lower's MAC address, which another mode would not be given."""


@dataclass(slots=True)
class Links:
    """One dump: resources, and what sending needs to know of them."""

    resources: list[Resource] = field(default_factory=list)
    indexes: dict[str, int] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    present: dict[str, str] = field(default_factory=dict)
    """What the kernel calls a device, where that is not what it is called here."""
    settings: dict[str, bytes] = field(default_factory=dict)
    """IFLA_AF_SPEC of each link: its IPv4 and IPv6 settings, decoded when somebody asks."""


def dump(netlink: Netlink) -> list[bytes]:
    body = IFINFOMSG.pack(0, 0, 0, 0, 0) + m.attribute(IFLA_EXT_MASK, struct.pack("=I", RTEXT_FILTER_SKIP_STATS))
    return netlink.dump(m.RTM_GETLINK, body)


def read_links(netlink: Netlink, called: Mapping[int, str] = MappingProxyType({})) -> Links:
    """All links of the namespace, references resolved to names, altnames as resources of their own.

    A device whose index is among `called` is called as that says, and its attribute `name` tells what the
    kernel calls it. ForeignError where another device has that name.
    """
    links = Links()
    for data in dump(netlink):
        _read_link(data, links)
    if called:
        call(links, called)
    for link in links.resources:
        _resolve(link, links.names)
    return links


def read_indexes(netlink: Netlink) -> dict[str, int]:
    """Only the names: what is needed after new links have come to be."""
    indexes = {}
    for data in dump(netlink):
        for number, payload in m.attributes(data, 16, len(data)):
            if number == IFLA_IFNAME:
                indexes[unpack_text(payload)] = IFINFOMSG.unpack_from(data)[2]
                break
    return indexes


def _read_link(data: bytes, links: Links) -> None:
    _, kind_of_device, index, flags, _ = IFINFOMSG.unpack_from(data)
    seen = OUTER.read(data)
    name = unpack_text(seen[IFLA_IFNAME])
    info = seen.get(IFLA_LINKINFO, b"")
    inside = INFO_SHAPES.read(info)
    kind = inside[INFO_KIND].rstrip(b"\0").decode() if INFO_KIND in inside else ""
    codec = codec_of(kind)
    attributes = _decode(codec, seen, inside.get(INFO_DATA, b""))
    attributes |= codec.in_header(flags)
    if kind == "veth":
        attributes["peer"] = _index_of_peer(seen)
    elif IFLA_NETNSID in seen:
        _mark_as_foreign(attributes, codec)
    nobodys = kind_of_device != ARPHRD_ETHER or attributes.get("mac") == NO_MAC or attributes.get("mode") == PASSTHRU
    if nobodys and "mac" in attributes:
        attributes["mac"] = None
    facts: dict[str, Value] = {"ifindex": index, "carrier": bool(flags & IFF_LOWER_UP)}
    if IFLA_PERM_ADDRESS in seen:
        facts["permanent_mac"] = seen[IFLA_PERM_ADDRESS].hex(":")
    if kind == "tun":
        facts["persistent"] = _is_persistent(inside.get(INFO_DATA, b""))
    links.resources.append(Resource(("link", name), kind, attributes, facts))
    links.indexes[name], links.names[index] = index, name
    links.settings[name] = seen.get(IFLA_AF_SPEC, b"")
    _read_altnames(name, seen.get(IFLA_PROP_LIST, b""), links)
    if inside.get(INFO_SLAVE_KIND, b"").startswith(b"bridge"):
        from netapply.kernel.bridge_ports import read_port

        links.resources.append(read_port(name, inside.get(INFO_SLAVE_DATA, b"")))


def _is_persistent(data: bytes) -> bool:
    """Whether a tun stays when its program goes: a guest's tap does not, and is nothing that a file describes."""
    return any(any(payload) for number, payload in m.attributes(data, 0, len(data)) if number == TUN_PERSIST)


def _decode(codec: LinkCodec, seen: dict[int, bytes], data: bytes) -> dict[str, Value]:
    attributes: dict[str, Value] = dict(codec.absent)
    for number, (name, unpack, from_wire) in codec.generic.items():
        if number in seen:
            attributes[name] = from_wire(unpack(seen[number]))
    if codec.data:
        found = codec.shapes.read(data)
        for number, switches in codec.switches.items():
            bits, known_bits = PAIR.unpack(found.pop(number, ALL_OFF))
            attributes |= {name: bits & bit != 0 for name, bit in switches if known_bits & bit}
        for number, payload in found.items():
            name, unpack, from_wire = codec.data[number]
            attributes[name] = from_wire(unpack(payload))
        if codec.bits:
            codec.bits.split(attributes)
    return attributes


def _mark_as_foreign(attributes: dict[str, Value], codec: LinkCodec) -> None:
    """What the link stands on is in another namespace, where its index means another device than here."""
    for name in codec.references:
        if name != "master" and attributes[name]:
            attributes[name] = f"#{attributes[name]}"


def _index_of_peer(seen: dict[int, bytes]) -> int | None:
    """The other end's index; None where it is in another namespace."""
    if IFLA_NETNSID in seen or IFLA_LINK not in seen:
        return None
    return int(struct.unpack("=I", seen[IFLA_LINK])[0])


def _read_altnames(link: str, properties: bytes, links: Links) -> None:
    for number, payload in m.attributes(properties, 0, len(properties)):
        if number == IFLA_ALT_IFNAME:
            name = unpack_text(payload)
            links.resources.append(Resource(("altname", link, name), "altname"))


def _references(item: Resource) -> tuple[str, ...]:
    """Attributes that hold indexes yet; of what is no link, only a port's settings do."""
    if item.family == "link":
        return codec_of(item.kind).references
    return () if item.family == "altname" else ("backup_port",)


def _resolve(link: Resource, names: dict[int, str]) -> None:
    """Indexes become names; an index of another namespace stays a number that no name equals."""
    for attribute in _references(link):
        index = link.attributes[attribute]
        if isinstance(index, int):
            link.attributes[attribute] = names.get(index, f"#{index}") if index else None


def encode_rename(operation: Operation, indexes: dict[str, int]) -> bytearray:
    """Another name for a link, which keeps its index."""
    body = m.attribute(IFLA_IFNAME, operation.attributes["name"].encode() + b"\0")
    return m.message(m.RTM_NEWLINK, 0, IFINFOMSG.pack(0, 0, indexes[operation.key[1]], 0, 0) + body)


def encode_link(operation: Operation, indexes: dict[str, int]) -> list[bytearray]:
    """The messages of one operation on a link, in the order in which they must run.

    A link whose index is not known yet (a veth's second end, made a message earlier) goes by its name.
    """
    name = operation.key[1]
    if operation.phase is Phase.RENAME:
        return [encode_rename(operation, indexes)]
    if operation.verb is Verb.DELETE:
        return [m.message(m.RTM_DELLINK, 0, IFINFOMSG.pack(0, 0, indexes[name], 0, 0))]
    known(operation.attributes, operation.kind)
    if operation.kind == "tun":
        return _set(_without_making(operation), indexes)
    if operation.verb is Verb.CREATE:
        return _create(operation, indexes)
    return _set(operation, indexes)


def _without_making(operation: Operation) -> Operation:
    """What is left to set on a tun, which was made by another way (kernel/tuntap.py)."""
    from netapply.kernel.tuntap import MADE_WITH

    left = (
        {key: value for key, value in operation.attributes.items() if key not in MADE_WITH and value is not None}
        if operation.verb is Verb.CREATE
        else operation.attributes
    )
    return Operation(Verb.SET, operation.key, operation.kind, operation.phase, left)


def _create(operation: Operation, indexes: dict[str, int]) -> list[bytearray]:
    """One message makes the link; what the kernel ignores in that one (an alias) follows in a second."""
    writers, kind = codec_of(operation.kind).writers, operation.kind
    attributes = {
        key: value for key, value in operation.attributes.items()
        if value is not None and (key not in writers or writers[key].unsaid != value)
    }  # fmt: skip
    late = {key: value for key, value in attributes.items() if key in writers and writers[key].late}
    begin = {key: value for key, value in attributes.items() if key not in late}
    body = m.attribute(IFLA_IFNAME, operation.key[1].encode() + b"\0")
    data = _peer(begin["peer"], operation.far) if kind == "veth" else b""
    messages = [_newlink(kind, 0, begin, indexes, m.NLM_F_CREATE | m.NLM_F_EXCL, body, data)]
    return [*messages, _newlink(kind, 0, late, indexes, 0, body)] if late else messages


def _set(operation: Operation, indexes: dict[str, int]) -> list[bytearray]:
    writers = codec_of(operation.kind).writers
    first = {key: value for key, value in operation.attributes.items() if key in writers and writers[key].first}
    rest = {key: value for key, value in operation.attributes.items() if key not in first}
    name = operation.key[1]
    index = indexes.get(name, 0)
    body = b"" if index else m.attribute(IFLA_IFNAME, name.encode() + b"\0")
    return [_newlink(operation.kind, index, part, indexes, 0, body) for part in (first, rest) if part]


def _newlink(
    kind: str,
    index: int,
    attributes: dict[str, Value],
    indexes: dict[str, int],
    flags: int,
    body: bytes,
    data: bytes = b"",
) -> bytearray:
    codec = codec_of(kind)
    plain, own = codec.body_of(attributes, indexes)
    body, data = body + plain, data + own
    creating = bool(flags & m.NLM_F_CREATE)
    if data or (kind and creating):
        inside = m.nested(INFO_DATA, data) if data else b""
        body += m.nested(IFLA_LINKINFO, m.attribute(INFO_KIND, kind.encode()) + inside)
    header = IFINFOMSG.pack(0, 0, index, *codec.header_of(attributes))
    return m.message(m.RTM_NEWLINK, flags, header + body)


def _peer(name: str, attributes: dict[str, Value]) -> bytes:
    """The other end of a veth, and what only its making can give it."""
    inner = IFINFOMSG.pack(0, 0, 0, 0, 0) + m.attribute(IFLA_IFNAME, name.encode() + b"\0")
    inner += codec_of("veth").body_of(attributes, {})[0]
    return m.nested(VETH["VETH_INFO_PEER"][0], inner)


def encode_altname(operation: Operation, indexes: dict[str, int]) -> list[bytearray]:
    """An altname added to, or taken from, a link (RTM_NEWLINKPROP)."""
    _, link, name = operation.key
    properties = m.nested(IFLA_PROP_LIST, m.attribute(IFLA_ALT_IFNAME, name.encode() + b"\0"))
    body = IFINFOMSG.pack(0, 0, indexes[link], 0, 0) + properties
    if operation.verb is Verb.DELETE:
        return [m.message(m.RTM_DELLINKPROP, 0, body)]
    return [m.message(m.RTM_NEWLINKPROP, m.NLM_F_CREATE | m.NLM_F_EXCL | m.NLM_F_APPEND, body)]
