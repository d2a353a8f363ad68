"""Operations on routes as messages, decoded by pyroute2's own class."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroute2.netlink.rtnl.rtmsg import rtmsg

from netapply.kernel.route_metrics import PLAIN
from netapply.kernel.routes import TYPE_NUMBERS, encode_route
from netapply.kernel.wire import message as m
from netapply.model.attribute import Value
from netapply.model.route import PROTOCOLS, Nexthop, route_key
from netapply.plan.plan import Operation, Phase, Verb
from tests.test_wire_links import INDEXES, MADE, U32, V4, V6, Decoded, decode, found_in, only
from tests.test_wire_scalar import PLENTY


def hops(gateways: st.SearchStrategy[str | None]) -> st.SearchStrategy[Nexthop]:
    devices = st.none() | st.sampled_from(sorted(INDEXES))
    return st.builds(Nexthop, gateways, devices, st.integers(1, 256), st.booleans(), st.none())


@st.composite
def routes(draw: st.DrawFn) -> tuple[str, str, dict[str, Value]]:
    """Family, destination and wish; an IPv4 route may lead through gateways of both families."""
    ipv6 = draw(st.booleans())
    own = V6 if ipv6 else V4
    length = draw(st.integers(0, 128 if ipv6 else 32))
    address = draw(own) if length else "::" if ipv6 else "0.0.0.0"
    gateways = st.none() | (own if ipv6 else V4 | V6)
    wish = draw(st.fixed_dictionaries(
        {"nexthops": st.lists(hops(gateways), max_size=4).map(tuple)},
        optional={
            "type": st.sampled_from(sorted(TYPE_NUMBERS)), "src": own,
            **dict.fromkeys(PLAIN, st.integers(1, 2**32 - 1)),
            "protocol": st.sampled_from(sorted(PROTOCOLS)) | st.integers(0, 255).map(str),
        },
    ))  # fmt: skip
    return "inet6" if ipv6 else "inet", f"{address}/{length}", wish


def hop_of(message: Decoded, index: Value, flags: int, weight: int) -> Nexthop:
    found = found_in(message)
    via = found["RTA_VIA"]["addr"] if "RTA_VIA" in found else found.get("RTA_GATEWAY")
    dev = next((name for name, number in INDEXES.items() if number == index), None)
    return Nexthop(via, dev, weight, bool(flags & 4))


def hops_of(message: Decoded) -> tuple[Nexthop, ...]:
    found = found_in(message)
    if "RTA_MULTIPATH" in found:
        return tuple(hop_of(leg, leg["oif"], leg["flags"], leg["hops"] + 1) for leg in found["RTA_MULTIPATH"])
    single = found.keys() & {"RTA_OIF", "RTA_GATEWAY", "RTA_VIA"}
    return (hop_of(message, found.get("RTA_OIF"), message["flags"], 1),) if single else ()


@PLENTY
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
    found = found_in(message)
    assert found.get("RTA_DST") == (address if int(length) else None)
    assert (found["RTA_TABLE"], found["RTA_PRIORITY"]) == (table, int(key[4]))
    assert message["table"] == (table if table < 256 else 0)
    assert found.get("RTA_PREFSRC") == wish.get("src")
    metrics = found_in(found["RTA_METRICS"]) if "RTA_METRICS" in found else {}
    assert metrics == {f"RTAX_{name.upper()}": wish[name] for name in PLAIN if name in wish}
    wanted = wish["nexthops"]
    if len(wanted) == 1:
        wanted = (wanted[0]._replace(weight=1),)
    assert hops_of(message) == tuple(hop for hop in wanted if len(wanted) > 1 or hop.via or hop.dev)


@PLENTY
@given(routes(), st.integers(1, 2**32 - 1))
def test_a_route_is_deleted_by_what_tells_it_apart(drawn: tuple[str, str, dict[str, Value]], table: int) -> None:
    inet, to, wish = drawn
    operation = Operation(Verb.DELETE, route_key(inet, table, to, 7, 0), "route", Phase.ROUTE_DELETE, wish)
    (message,) = (decode(rtmsg, message) for message in encode_route(operation, INDEXES))
    assert (message["header"]["type"], message["header"]["flags"]) == (m.RTM_DELROUTE, m.NLM_F_REQUEST)
    assert only(message, "RTA_TABLE") == table
    assert only(message, "RTA_PRIORITY") == 7
    assert not {"RTA_METRICS", "RTA_PREFSRC"} & found_in(message).keys()


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
