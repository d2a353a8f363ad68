"""Routes: read in one dump a family, written as packed messages (rtnetlink(7), linux/rtnetlink.h)."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any, Final

from netapply.kernel.netlink import Netlink
from netapply.kernel.route_metrics import pack_metrics, read_metrics
from netapply.kernel.wire import message as m
from netapply.kernel.wire.definitions import ROUTE
from netapply.kernel.wire.scalar import pack_ip, unpack_ip
from netapply.kernel.wire.shape import Shapes
from netapply.model.attribute import Value
from netapply.model.resource import Key, Resource
from netapply.model.routing import ANY, DYNAMIC, PROTOCOL, PROTOCOLS, TABLES, Nexthop, route_key
from netapply.plan.plan import Operation, Verb

RTMSG: Final = struct.Struct("=BBBBBBBBI")
SHAPES: Final = Shapes(RTMSG.size)
RTNEXTHOP: Final = struct.Struct("=HBBi")
FAMILY: Final = {"inet": 2, "inet6": 10}
TYPES: Final = {
    1: "unicast", 2: "local", 3: "broadcast", 4: "anycast", 5: "multicast", 6: "blackhole", 7: "unreachable",
    8: "prohibit", 9: "throw",
}  # fmt: skip
LAST_WITH_WAY: Final = 5
"""Types up to this one lead somewhere."""
TYPE_NUMBERS: Final = {word: number for number, word in TYPES.items()}
SCOPES: Final = {0: "global", 200: "site", 253: "link", 254: "host", 255: "nowhere"}
SCOPE_NUMBERS: Final = {word: number for number, word in SCOPES.items()}
PROTOCOL_WORDS: Final = {number: word for word, number in PROTOCOLS.items()}
RTN_UNICAST, RTN_BLACKHOLE = 1, 6
RTM_F_CLONED, RTNH_F_ONLINK, RT_SCOPE_NOWHERE = 0x200, 0x4, 255
A: Final = {name.removeprefix("RTA_").lower(): number for name, (number, _) in ROUTE.items()}
FLOW, PREF, MEDIUM = A["flow"], A["pref"], b"\0"
GATEWAY, VIA, ENCAP_TYPE, ENCAP = A["gateway"], A["via"], A["encap_type"], A["encap"]
U16, U32 = struct.Struct("=H"), struct.Struct("=I")
PREFERENCES: Final = {0: None, 1: "high", 3: "low"}
"""Router preference (RFC 4191); medium is what a route has where nobody says anything."""
PREFERENCE_NUMBERS: Final = {"high": 1, "low": 3}


def read_routes(netlink: Netlink, names: dict[int, str]) -> list[Resource]:
    """Routes of every table but `local`, which is the kernel's own mirror of the addresses."""
    routes: list[Resource] = []
    for inet, family in FAMILY.items():
        for data in netlink.dump(m.RTM_GETROUTE, RTMSG.pack(family, 0, 0, 0, 0, 0, 0, 0, 0)):
            if data[0] == family and _is_for_us(data):  # a kernel without IPv6 answers with IPv4's
                routes.append(_read(inet, data, names))
    return routes


def _is_for_us(data: bytes) -> bool:
    cloned = U32.unpack_from(data, 8)[0] & RTM_F_CLONED
    return data[4] != TABLES["local"] and data[7] in TYPES and not cloned


def _read(inet: str, data: bytes, names: dict[int, str]) -> Resource:
    _, length, _, tos, table, protocol, scope, kind, flags = RTMSG.unpack_from(data)
    seen = SHAPES.read(data)
    table = U32.unpack(seen[A["table"]])[0] if A["table"] in seen else table
    metric = U32.unpack(seen[A["priority"]])[0] if A["priority"] in seen else 0
    to = f"{unpack_ip(seen[A['dst']])}/{length}" if A["dst"] in seen else ANY[inet]
    word = PROTOCOL_WORDS.get(protocol, str(protocol))
    shared = U32.unpack(seen[A["nh_id"]])[0] if A["nh_id"] in seen else None
    hops = _hops(seen, flags, names) if kind <= LAST_WITH_WAY and shared is None else ()
    attributes: dict[str, Value] = {
        "type": TYPES[kind] if shared is None else TYPES[_type_over(kind)],
        "nexthops": hops,
        "nexthop": shared,
        "src": unpack_ip(seen[A["prefsrc"]]) if A["prefsrc"] in seen else None,
        "scope": SCOPES.get(scope, str(scope)) if inet == "inet" else None,
        "protocol": word,
    }
    if A["metrics"] in seen:
        attributes |= read_metrics(seen[A["metrics"]])
    if FLOW in seen or seen.get(PREF, MEDIUM) != MEDIUM:
        _read_rare(seen, attributes)
    key = route_key(inet, table, to, metric, tos)
    if word in DYNAMIC:
        key = (*key, word, str(hops[0]) if hops else f"nexthop {shared}" if shared else "")
    return Resource(key, "route", attributes)


def _type_over(kind: int) -> int:
    """The type of a route over a nexthop object: a dump says blackhole where only the object is one."""
    return RTN_UNICAST if kind == RTN_BLACKHOLE else kind


def _read_rare(seen: dict[int, bytes], attributes: dict[str, Value]) -> None:
    """What stands in the attributes only where it is set."""
    if FLOW in seen and (flow := U32.unpack(seen[FLOW])[0]):
        attributes["realm"] = f"{flow >> 16}/{flow & 0xFFFF}" if flow >> 16 else str(flow)
    if PREF in seen and (word := PREFERENCES.get(seen[PREF][0])):
        attributes["pref"] = word


def _hops(seen: dict[int, bytes], flags: int, names: dict[int, str]) -> tuple[Nexthop, ...]:
    if A["multipath"] in seen:
        return tuple(_legs(seen[A["multipath"]], names))
    return (_hop(seen, seen.get(A["oif"]), flags, 1, names),)


def _legs(data: bytes, names: dict[int, str]) -> Iterable[Nexthop]:
    start = 0
    while start + 8 <= len(data):
        size, flags, weight, index = RTNEXTHOP.unpack_from(data, start)
        inner = dict(m.attributes(data, start + 8, start + size))
        yield _hop(inner, U32.pack(index), flags, weight + 1, names)
        start += (size + 3) & ~3


def _hop(seen: dict[int, bytes], oif: bytes | None, flags: int, weight: int, names: dict[int, str]) -> Nexthop:
    via = unpack_ip(seen[GATEWAY]) if GATEWAY in seen else None
    if VIA in seen:
        via = unpack_ip(seen[VIA][2:])
    index = U32.unpack(oif)[0] if oif else 0
    encap = _encap(seen) if ENCAP_TYPE in seen else None
    return Nexthop(via, names.get(index, f"#{index}") if index else None, weight, bool(flags & RTNH_F_ONLINK), encap)


def _encap(seen: dict[int, bytes]) -> str:
    from netapply.kernel.encap import read_encap  # few hosts have any

    return read_encap(U16.unpack(seen[ENCAP_TYPE])[0], seen.get(ENCAP, b""))


def encode_route(operation: Operation, indexes: dict[str, int]) -> list[bytearray]:
    """One route added, replaced in place or deleted."""
    wish = operation.attributes
    _, inet, table, to, metric, tos = operation.key[:6]
    address, _, length = to.partition("/")
    hops = [Nexthop(*hop) for hop in wish.get("nexthops") or ()]
    kind = wish.get("type", "unicast")
    delete = operation.verb is Verb.DELETE
    scope = RT_SCOPE_NOWHERE if delete else _scope(inet, kind, wish.get("scope"), hops)
    single = RTNH_F_ONLINK if len(hops) == 1 and hops[0].onlink else 0
    low_table = int(table) if int(table) < 256 else 0
    header = RTMSG.pack(
        FAMILY[inet], int(length), 0, int(tos), low_table, _protocol(wish), scope, TYPE_NUMBERS[kind], single
    )
    body = m.attribute(A["dst"], pack_ip(address)) if int(length) else b""
    body += m.attribute(A["table"], U32.pack(int(table))) + m.attribute(A["priority"], U32.pack(int(metric)))
    body += _pack_hops(inet, hops, indexes) + (b"" if delete else _pack_options(wish))
    body += m.attribute(A["nh_id"], U32.pack(wish["nexthop"])) if wish.get("nexthop") else b""
    if delete:
        return [m.message(m.RTM_DELROUTE, 0, header + body)]
    mode = m.NLM_F_REPLACE if operation.replace else m.NLM_F_EXCL
    return [m.message(m.RTM_NEWROUTE, m.NLM_F_CREATE | mode, header + body)]


def _protocol(wish: dict[str, Any]) -> int:
    word = wish.get("protocol")
    if word is None:
        return PROTOCOL
    return PROTOCOLS[word] if word in PROTOCOLS else int(word)


def _scope(inet: str, kind: str, word: str | None, hops: list[Nexthop]) -> int:
    """As ip-route(8) chooses it: a route that ends on the wire has scope link.

    A scope that the kernel would refuse comes from the route that this one replaces, and is left there.
    """
    gateway = any(hop.via for hop in hops)
    refused = ("link", "host") if gateway else ("host",) if len(hops) > 1 else ()
    if inet == "inet6":
        return 0
    if kind == "local":
        return SCOPE_NUMBERS["host"]
    if word is not None and word not in refused:
        return SCOPE_NUMBERS[word] if word in SCOPE_NUMBERS else int(word)
    on_wire = kind in ("broadcast", "anycast", "multicast") or (hops and not gateway)
    return SCOPE_NUMBERS["link"] if on_wire and "link" not in refused else SCOPE_NUMBERS["global"]


def _pack_hops(inet: str, hops: list[Nexthop], indexes: dict[str, int]) -> bytes:
    if not hops:
        return b""
    if len(hops) == 1:
        dev = hops[0].dev
        return _way(inet, hops[0]) + (m.attribute(A["oif"], U32.pack(indexes[dev])) if dev else b"")
    return m.attribute(A["multipath"], b"".join(_pack_leg(inet, hop, indexes) for hop in hops))


def _pack_leg(inet: str, hop: Nexthop, indexes: dict[str, int]) -> bytes:
    inner = _way(inet, hop)
    flags = RTNH_F_ONLINK if hop.onlink else 0
    return RTNEXTHOP.pack(8 + len(inner), flags, hop.weight - 1, indexes[hop.dev] if hop.dev else 0) + inner


def _way(inet: str, hop: Nexthop) -> bytes:
    if hop.encap is None:
        return _gateway(inet, hop)
    from netapply.kernel.encap import pack_encap

    kind, data = pack_encap(hop.encap)
    return _gateway(inet, hop) + m.attribute(ENCAP_TYPE, U16.pack(kind)) + m.nested(ENCAP, data)


def _gateway(inet: str, hop: Nexthop) -> bytes:
    """RTA_GATEWAY, or RTA_VIA where an IPv4 route goes through an IPv6 neighbour (RFC 5549)."""
    if hop.via is None:
        return b""
    packed = pack_ip(hop.via)
    if (":" in hop.via) == (inet == "inet6"):
        return m.attribute(A["gateway"], packed)
    return m.attribute(A["via"], struct.pack("=H", FAMILY["inet6" if ":" in hop.via else "inet"]) + packed)


def _pack_options(wish: dict[str, Any]) -> bytes:
    body = m.attribute(A["prefsrc"], pack_ip(wish["src"])) if wish.get("src") else b""
    if wish.get("realm"):
        source, _, to = wish["realm"].rpartition("/")
        body += m.attribute(A["flow"], U32.pack(int(source or 0) << 16 | int(to)))
    if wish.get("pref") in PREFERENCE_NUMBERS:
        body += m.attribute(A["pref"], bytes([PREFERENCE_NUMBERS[wish["pref"]]]))
    metrics = pack_metrics(wish)
    return body + (m.nested(A["metrics"], metrics) if metrics else b"")


def identity(key: Key) -> Key:
    """What the kernel tells routes apart by, whatever made them."""
    return key[:6]
