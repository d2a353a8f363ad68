"""Operations as messages, decoded by pyroute2's own classes: a second opinion on every byte.

The values are drawn from the attribute tables, so a new row is drawn as well.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroute2.netlink.rtnl.fibmsg import fibmsg
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg

from netapply.kernel import rules
from netapply.kernel.addresses import FLAGS, encode_address
from netapply.kernel.addresses import SCOPE_NUMBERS as ADDRESS_SCOPES
from netapply.kernel.link_codec import DATA, ELSEWHERE, GENERIC
from netapply.kernel.links import encode_altname, encode_link
from netapply.kernel.routes import RTAX, TYPE_NUMBERS, encode_route
from netapply.kernel.rules import encode_rule
from netapply.kernel.wire import message as m
from netapply.kinds import KINDS, link_table
from netapply.model.attribute import LINK, Row, Value
from netapply.model.link import Link
from netapply.model.route import PROTOCOL, PROTOCOLS, Nexthop, route_key
from netapply.model.rule import ACTION, SELECTORS, rule_key
from netapply.plan.plan import Operation, Phase, Verb

Decoded = Any
Message = Any
INDEXES = {"eno1": 2, "br0": 3, "größe": 70_000}
MAXIMA = {"uint8": 2**8 - 1, "uint16": 2**16 - 1, "uint32": 2**32 - 1, "be16": 2**16 - 1}
V4, V6 = st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).map(str)
IPV4_MAPPED = "::ffff:"
TEXT = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=15)
U32 = st.integers(0, 2**32 - 1)
MADE = m.NLM_F_REQUEST | m.NLM_F_CREATE
CREATED = MADE | m.NLM_F_EXCL


def decode(kind: type[Message], data: bytearray) -> Decoded:
    """One message by pyroute2; whatever it cannot place would be missing from `attrs`."""
    message = kind(bytes(data))
    message.decode()
    assert message["header"]["length"] == len(data)
    return message


def names_of(message: Decoded) -> list[str]:
    return [name for name, *_ in message["attrs"]]


def only(message: Decoded, name: str) -> Decoded:
    """An attribute that must be there exactly once."""
    (value,) = (item[1] for item in message["attrs"] if item[0] == name)
    return value


# ------------------------------------------------------------------------------------------------- links


def values_of(kind: str, row: Row) -> st.SearchStrategy[Value]:
    """Canonical values, made from what the attribute's type can hold on the wire."""
    numbers = GENERIC if row.nla.name in GENERIC else DATA.get(kind, {})
    sort = numbers[row.nla.name][1] if row.nla.name in numbers else "uint8"
    if row.nla.unit is LINK:
        return st.sampled_from(sorted(INDEXES))
    if sort == "l2addr":
        return st.binary(min_size=6, max_size=6).map(lambda data: data.hex(":"))
    if sort == "asciiz":
        return TEXT
    if row.nla.name6:
        return V4 | V6.filter(lambda text: IPV4_MAPPED not in text)
    if "on or off" in row.nla.unit.name:
        return st.booleans()
    if row.nla.unit.name == "seconds":
        return st.integers(0, MAXIMA[sort] // 100)
    return st.integers(0, MAXIMA[sort]).map(row.nla.unit.from_wire)


@st.composite
def link_attributes(draw: st.DrawFn, kind: type[Link]) -> dict[str, Value]:
    wanted = draw(st.sets(st.sampled_from([row.attribute for row in link_table(kind.kind)])))
    table = link_table(kind.kind)
    return {row.attribute: draw(values_of(kind.kind, row)) for row in table if row.attribute in wanted}


def expected(kind: str, attributes: dict[str, Value], *, generic: bool) -> dict[str, Value]:
    """Names and values as pyroute2 should find them, on one of the two levels of a link message."""
    found = {}
    for name, value in attributes.items():
        row = link_table(kind).rows[name]
        if row.nla.name in ELSEWHERE or (row.nla.name in GENERIC) is not generic:
            continue
        wire = INDEXES[value] if row.nla.unit is LINK else row.nla.unit.to_wire(value)
        found[row.nla.name6 if row.nla.name6 and ":" in value else row.nla.name] = wire
    return found


def merged(messages: list[Decoded]) -> tuple[dict[str, Value], dict[str, Value]]:
    """What several messages about one link say together: plain attributes, and those of the kind."""
    generic: dict[str, Value] = {}
    data: dict[str, Value] = {}
    for message in messages:
        for name, value, *_ in message["attrs"]:
            if name == "IFLA_LINKINFO":
                inside = value.get_attr("IFLA_INFO_DATA")
                data |= {item[0]: item[1] for item in inside["attrs"]} if inside else {}
            elif name != "IFLA_IFNAME":
                assert name not in generic
                generic[name] = value
    return generic, data


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.created], ids=lambda kind: kind.kind)
@given(data=st.data())
def test_a_link_is_made_with_these_very_values(kind: type[Link], data: st.DataObject) -> None:
    attributes = data.draw(link_attributes(kind))
    if kind.kind == "veth":
        attributes["peer"] = "far"
    operation = Operation(Verb.CREATE, ("link", "probe"), kind.kind, Phase.LINK, attributes)
    messages = [decode(ifinfmsg, message) for message in encode_link(operation, INDEXES)]
    first = messages[0]
    assert (first["header"]["type"], first["header"]["flags"], first["index"]) == (m.RTM_NEWLINK, CREATED, 0)
    assert only(only(first, "IFLA_LINKINFO"), "IFLA_INFO_KIND") == kind.kind
    assert {only(message, "IFLA_IFNAME") for message in messages} == {"probe"}
    up = attributes.get("up")
    assert (first["flags"], first["change"]) == (int(bool(up)), int(up is not None))
    generic, inside = merged(messages)
    peer = inside.pop("VETH_INFO_PEER", None)
    assert peer is None or only(peer, "IFLA_IFNAME") == "far"
    assert (kind.kind == "veth") is (peer is not None)
    assert generic == expected(kind.kind, attributes, generic=True)
    assert inside == expected(kind.kind, attributes, generic=False)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind or "physical")
@given(data=st.data())
def test_a_link_is_set_by_its_index_and_never_made(kind: type[Link], data: st.DataObject) -> None:
    attributes = data.draw(link_attributes(kind))
    operation = Operation(Verb.SET, ("link", "eno1"), kind.kind, Phase.LINK, attributes)
    messages = [decode(ifinfmsg, message) for message in encode_link(operation, INDEXES)]
    assert {(message["index"], message["header"]["flags"]) for message in messages} <= {(2, m.NLM_F_REQUEST)}
    assert all("IFLA_IFNAME" not in names_of(message) for message in messages)
    generic, inside = merged(messages)
    assert generic == expected(kind.kind, attributes, generic=True)
    assert inside == expected(kind.kind, attributes, generic=False)
    switches = [message["flags"] for message in messages if message["change"]]
    assert switches == ([int(attributes["up"])] if "up" in attributes else [])


def test_what_others_depend_on_goes_first_and_alone() -> None:
    attributes = {"forward_delay": 0, "stp": False, "priority": 7}
    operation = Operation(Verb.SET, ("link", "br0"), "bridge", Phase.LINK, attributes)
    found = [merged([decode(ifinfmsg, message)])[1] for message in encode_link(operation, INDEXES)]
    assert found == [{"IFLA_BR_STP_STATE": 0}, {"IFLA_BR_FORWARD_DELAY": 0, "IFLA_BR_PRIORITY": 7}]


def test_a_value_is_cleared() -> None:
    attributes = {"master": None, "alias": None}
    operation = Operation(Verb.SET, ("link", "eno1"), "", Phase.LINK, attributes)
    (message,) = (decode(ifinfmsg, message) for message in encode_link(operation, INDEXES))
    assert only(message, "IFLA_MASTER") == 0
    assert only(message, "IFLA_IFALIAS") in ("", b"")
    operation = Operation(Verb.SET, ("link", "eno1"), "vxlan", Phase.LINK, {"remote": None, "dev": None})
    (message,) = (decode(ifinfmsg, message) for message in encode_link(operation, INDEXES))
    assert merged([message])[1] == {"IFLA_VXLAN_GROUP": "0.0.0.0", "IFLA_VXLAN_LINK": 0}


def test_a_link_is_deleted_by_its_index() -> None:
    operation = Operation(Verb.DELETE, ("link", "größe"), "bridge", Phase.LINK_DELETE, {"priority": 1})
    (message,) = (decode(ifinfmsg, message) for message in encode_link(operation, INDEXES))
    assert (message["header"]["type"], message["index"], message["attrs"]) == (m.RTM_DELLINK, 70_000, [])


@given(TEXT, st.sampled_from(((Verb.CREATE, m.RTM_NEWLINKPROP), (Verb.DELETE, m.RTM_DELLINKPROP))))
def test_an_altname_is_a_property_of_its_link(name: str, verb: tuple[Verb, int]) -> None:
    operation = Operation(verb[0], ("altname", "br0", name), "altname", Phase.NAME)
    (message,) = (decode(ifinfmsg, message) for message in encode_altname(operation, INDEXES))
    assert (message["header"]["type"], message["index"]) == (verb[1], 3)
    assert only(only(message, "IFLA_PROP_LIST"), "IFLA_ALT_IFNAME") == name


# --------------------------------------------------------------------------------------------- addresses

ADDRESS_WISHES = st.fixed_dictionaries(
    {},
    optional={
        "peer": st.just("peer"), "broadcast": st.just("broadcast"), "label": TEXT, "metric": U32,
        "scope": st.sampled_from(sorted(ADDRESS_SCOPES)) | st.integers(0, 255).map(str),
        "flags": st.lists(st.sampled_from(sorted(FLAGS)), unique=True).map(tuple), "protocol": st.integers(0, 255),
        "lifetimes": st.tuples(U32, U32),
    },
)  # fmt: skip


@given(st.data(), ADDRESS_WISHES, st.booleans())
def test_an_address_is_made_with_these_very_values(
    data: st.DataObject, drawn: dict[str, Value], ipv6: bool
) -> None:
    addresses = V6.filter(lambda text: IPV4_MAPPED not in text) if ipv6 else V4
    local, length = data.draw(addresses), data.draw(st.integers(0, 128 if ipv6 else 32))
    wish = {name: data.draw(addresses) if name in ("peer", "broadcast") else value for name, value in drawn.items()}
    operation = Operation(Verb.CREATE, ("address", "eno1", f"{local}/{length}"), "address", Phase.ADDRESS, wish)
    (message,) = (decode(ifaddrmsg, message) for message in encode_address(operation, INDEXES))
    assert (message["header"]["type"], message["header"]["flags"]) == (m.RTM_NEWADDR, CREATED)
    assert (message["family"], message["prefixlen"], message["index"]) == (10 if ipv6 else 2, length, 2)
    scope = wish.get("scope", "host" if local.startswith("127.") else "global")
    assert message["scope"] == ADDRESS_SCOPES.get(scope) or message["scope"] == int(scope)
    found = {name: value for name, value, *_ in message["attrs"]}
    cache = found.pop("IFA_CACHEINFO", None)
    lifetimes = None if cache is None else (cache["ifa_preferred"], cache["ifa_valid"])
    assert lifetimes == wish.get("lifetimes")
    wanted = {
        "IFA_LOCAL": local, "IFA_ADDRESS": wish.get("peer", local), "IFA_PROTO": wish.get("protocol", PROTOCOL),
        "IFA_BROADCAST": wish.get("broadcast"), "IFA_LABEL": wish.get("label"), "IFA_RT_PRIORITY": wish.get("metric"),
        "IFA_FLAGS": sum(FLAGS[word] for word in wish.get("flags", ())) or None,
    }  # fmt: skip
    assert found == {name: value for name, value in wanted.items() if value is not None}


@given(V4, V4)
def test_an_address_is_deleted_with_its_peer(local: str, peer: str) -> None:
    operation = Operation(
        Verb.DELETE, ("address", "br0", f"{local}/32"), "address", Phase.ADDRESS_DELETE, {"peer": peer, "metric": 3}
    )
    (message,) = (decode(ifaddrmsg, message) for message in encode_address(operation, INDEXES))
    assert (message["header"]["type"], message["prefixlen"], message["index"]) == (m.RTM_DELADDR, 32, 3)
    assert {name: value for name, value, *_ in message["attrs"]} == {"IFA_LOCAL": local, "IFA_ADDRESS": peer}


# ------------------------------------------------------------------------------------------------ routes


def hops(gateways: st.SearchStrategy[str | None]) -> st.SearchStrategy[Nexthop]:
    return st.builds(Nexthop, gateways, st.none() | st.sampled_from(sorted(INDEXES)), st.integers(1, 256), st.booleans())


@st.composite
def routes(draw: st.DrawFn) -> tuple[str, str, dict[str, Value]]:
    """Family, destination and wish; an IPv4 route may lead through gateways of both families."""
    ipv6 = draw(st.booleans())
    plain6 = V6.filter(lambda text: IPV4_MAPPED not in text)
    own = plain6 if ipv6 else V4
    length = draw(st.integers(0, 128 if ipv6 else 32))
    address = draw(own) if length else "::" if ipv6 else "0.0.0.0"
    gateways = st.none() | (own if ipv6 else V4 | plain6)
    wish = draw(st.fixed_dictionaries(
        {"nexthops": st.lists(hops(gateways), max_size=4).map(tuple)},
        optional={
            "type": st.sampled_from(sorted(TYPE_NUMBERS)), "src": own, "mtu": st.integers(1, 2**32 - 1),
            "advmss": st.integers(1, 2**32 - 1), "hoplimit": st.integers(1, 255),
            "protocol": st.sampled_from(sorted(PROTOCOLS)) | st.integers(0, 255).map(str),
        },
    ))  # fmt: skip
    return "inet6" if ipv6 else "inet", f"{address}/{length}", wish


def hop_of(message: Decoded, index: Value, flags: int, weight: int) -> Nexthop:
    found = {name: value for name, value, *_ in message["attrs"]}
    via = found["RTA_VIA"]["addr"] if "RTA_VIA" in found else found.get("RTA_GATEWAY")
    dev = next((name for name, number in INDEXES.items() if number == index), None)
    return Nexthop(via, dev, weight, bool(flags & 4))


def hops_of(message: Decoded) -> tuple[Nexthop, ...]:
    found = {name: value for name, value, *_ in message["attrs"]}
    if "RTA_MULTIPATH" in found:
        return tuple(hop_of(leg, leg["oif"], leg["flags"], leg["hops"] + 1) for leg in found["RTA_MULTIPATH"])
    single = found.keys() & {"RTA_OIF", "RTA_GATEWAY", "RTA_VIA"}
    return (hop_of(message, found.get("RTA_OIF"), message["flags"], 1),) if single else ()


@given(routes(), st.integers(1, 2**32 - 1), U32, st.integers(0, 255), st.booleans())
def test_a_route_is_made_with_these_very_values(
    drawn: tuple[str, str, dict[str, Value]], table: int, metric: int, tos: int, replace: bool
) -> None:
    inet, to, wish = drawn
    key = route_key(inet, table, to, metric, tos)
    operation = Operation(Verb.CREATE, key, "route", Phase.ROUTE, wish, replace=replace)
    (message,) = (decode(rtmsg, message) for message in encode_route(operation, INDEXES))
    mode = m.NLM_F_REPLACE if replace else m.NLM_F_EXCL
    assert (message["header"]["type"], message["header"]["flags"]) == (m.RTM_NEWROUTE, MADE | mode)
    address, _, length = to.partition("/")
    assert (message["family"], message["dst_len"]) == (10 if inet == "inet6" else 2, int(length))
    assert message["tos"] == tos
    assert message["type"] == TYPE_NUMBERS[wish.get("type", "unicast")]
    word = wish.get("protocol", "netapply")
    assert message["proto"] == (PROTOCOLS[word] if word in PROTOCOLS else int(word))
    found = {name: value for name, value, *_ in message["attrs"]}
    assert found.get("RTA_DST") == (address if int(length) else None)
    assert (found["RTA_TABLE"], found["RTA_PRIORITY"]) == (table, int(key[4]))
    assert message["table"] == (table if table < 256 else 0)
    assert found.get("RTA_PREFSRC") == wish.get("src")
    metrics = {name: value for name, value, *_ in found["RTA_METRICS"]["attrs"]} if "RTA_METRICS" in found else {}
    assert metrics == {f"RTAX_{name.upper()}": wish[name] for name in RTAX.values() if name in wish}
    wanted = wish["nexthops"]
    if len(wanted) == 1:
        wanted = (wanted[0]._replace(weight=1),)
    assert hops_of(message) == tuple(hop for hop in wanted if len(wanted) > 1 or hop.via or hop.dev)


@given(routes(), st.integers(1, 2**32 - 1))
def test_a_route_is_deleted_by_what_tells_it_apart(drawn: tuple[str, str, dict[str, Value]], table: int) -> None:
    inet, to, wish = drawn
    operation = Operation(Verb.DELETE, route_key(inet, table, to, 7, 0), "route", Phase.ROUTE_DELETE, wish)
    (message,) = (decode(rtmsg, message) for message in encode_route(operation, INDEXES))
    assert (message["header"]["type"], message["header"]["flags"]) == (m.RTM_DELROUTE, m.NLM_F_REQUEST)
    assert only(message, "RTA_TABLE") == table
    assert only(message, "RTA_PRIORITY") == 7
    assert not {"RTA_METRICS", "RTA_PREFSRC"} & set(names_of(message))


@pytest.mark.parametrize(
    ("wish", "scope"),
    [
        ({"nexthops": (Nexthop(dev="eno1"),)}, 253),
        ({"nexthops": (Nexthop("192.0.2.1"),)}, 0),
        ({"nexthops": (Nexthop("192.0.2.1"),), "scope": "link"}, 0),
        ({"nexthops": (Nexthop("192.0.2.1"),), "scope": "site"}, 200),
        ({"nexthops": (Nexthop(dev="eno1"),), "scope": "global"}, 0),
        ({"nexthops": (Nexthop(dev="eno1"), Nexthop(dev="br0")), "scope": "host"}, 253),
        ({"nexthops": (Nexthop(dev="eno1"),), "scope": "7"}, 7),
        ({"nexthops": (Nexthop(dev="eno1"),), "type": "local", "scope": "global"}, 254),
        ({"nexthops": (), "type": "blackhole"}, 0),
    ],
)
def test_the_scope_is_the_one_that_the_kernel_takes(wish: dict[str, Value], scope: int) -> None:
    operation = Operation(Verb.CREATE, route_key("inet", 254, "10.0.0.0/8", 0, 0), "route", Phase.ROUTE, wish)
    (message,) = (decode(rtmsg, message) for message in encode_route(operation, INDEXES))
    assert message["scope"] == scope


# ------------------------------------------------------------------------------------------------- rules


@st.composite
def rule_wishes(draw: st.DrawFn) -> tuple[str, dict[str, Value]]:
    ipv6 = draw(st.booleans())
    own = V6.filter(lambda text: IPV4_MAPPED not in text) if ipv6 else V4
    prefixes = st.builds("{}/{}".format, own, st.integers(1, 128 if ipv6 else 32))
    byte = st.integers(1, 255)
    options: dict[Any, st.SearchStrategy[Value]] = {
        "src": prefixes, "dst": prefixes, "iif": TEXT, "oif": TEXT, "fwmark": U32, "fwmask": U32, "tos": byte,
        "ipproto": byte, "invert": st.just(True), "table": st.integers(1, 2**32 - 1), "suppress_prefixlength": byte,
        "action": st.sampled_from(("lookup", "blackhole", "unreachable", "prohibit", "nop")), "protocol": byte,
    }  # fmt: skip
    assert options.keys() >= {*SELECTORS, *rules.PLAIN}
    return "inet6" if ipv6 else "inet", draw(st.fixed_dictionaries({}, optional=options))


@given(rule_wishes(), U32, st.sampled_from((Verb.CREATE, Verb.DELETE)))
def test_a_rule_is_made_and_deleted_with_these_very_values(
    drawn: tuple[str, dict[str, Value]], priority: int, verb: Verb
) -> None:
    inet, wish = drawn
    operation = Operation(verb, rule_key(inet, priority, wish), "rule", Phase.RULE, wish)
    (message,) = (decode(fibmsg, message) for message in encode_rule(operation, INDEXES))
    assert message["header"]["type"] == (m.RTM_NEWRULE if verb is Verb.CREATE else m.RTM_DELRULE)
    assert message["header"]["flags"] == (MADE if verb is Verb.CREATE else m.NLM_F_REQUEST)
    lengths = tuple(int(wish[name].partition("/")[2]) if name in wish else 0 for name in ("src", "dst"))
    assert (message["family"], message["src_len"], message["dst_len"]) == (10 if inet == "inet6" else 2, *lengths)
    assert message["tos"] == wish.get("tos", 0)
    assert message["action"] == ACTION.to_wire(wish.get("action", "lookup"))
    assert message["flags"] == (2 if wish.get("invert") else 0)
    found = {name: value for name, value, *_ in message["attrs"]}
    wanted = {definition: wish.get(name) for name, definition in rules.PLAIN.items()}
    wanted |= {"FRA_SRC": _address(wish.get("src")), "FRA_DST": _address(wish.get("dst"))}
    wanted |= {"FRA_PRIORITY": priority, "FRA_TABLE": wish.get("table")}
    wanted["FRA_PROTOCOL"] = wish.get("protocol", PROTOCOL)
    assert found == {name: value for name, value in wanted.items() if value is not None}


def _address(prefix: str | None) -> str | None:
    return prefix.partition("/")[0] if prefix else None
