"""The contract for routes: every row, every part of the key and every sort of way, written, replaced and gone.

What netapply reads back is compared with iproute2's view in full, so an attribute that one change drags
along or loses is seen, whichever it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from integration.test_contract_engine import Engine, at_work
from integration.test_contract_samples import derived
from integration.test_observe_routes import Facts, facts_of_route, in_order, routes_by_ip, routes_by_netapply
from netapply.api import Plan
from netapply.families import default_of
from netapply.lab import Lab
from netapply.model.attribute import UNSET, Change, Row, Value, table_of
from netapply.model.resource import Resource
from netapply.model.route import DEAD_ENDS, METRIC_IPV6, PROTOCOL, Route
from netapply.plan import Action

Json = Any
FAMILIES = ("inet", "inet6")
TO = {"inet": "203.0.113.0/24", "inet6": "2001:db8:9::/48"}
GATEWAYS = {
    "inet": ("192.0.2.9", "192.0.2.10", "198.51.100.9", "10.9.9.9"),
    "inet6": ("2001:db8::9", "2001:db8::a", "2001:db8:1::9", "2001:db8:77::9"),
}
"""Two on eno1, one on eno2, and one that is on no subnet of ours."""
ADDRESSES = ("192.0.2.1/24", "2001:db8::1/64"), ("198.51.100.1/24", "2001:db8:1::1/64")

SAMPLES: dict[tuple[str, str], tuple[Value, ...]] = {
    ("inet", "src"): ("192.0.2.1", "198.51.100.1"),
    ("inet6", "src"): ("2001:db8::1", "2001:db8:1::1"),
    ("inet", "type"): (*DEAD_ENDS, "unicast", "local", "broadcast", "anycast", "multicast"),
    ("inet6", "type"): (*DEAD_ENDS, "unicast", "local", "anycast", "multicast"),
    ("inet", "realm"): ("7", "3/4", "65535/65535"),
    ("inet6", "pref"): ("high", "low", "medium"),
    **{(inet, "nexthop"): (7, 8, 9) for inet in ("inet", "inet6")},
    **{(inet, name): (True, False) for inet in ("inet", "inet6") for name in ("quickack", "fastopen_no_cookie")},
    **{(inet, "congctl"): ("reno", "cubic") for inet in ("inet", "inet6")},
    **{(inet, "features"): (("ecn",), ()) for inet in ("inet", "inet6")},
    **{(inet, "lock"): (("mtu",), ("mtu", "hoplimit"), ()) for inet in ("inet", "inet6")},
}
IPV4_ONLY = {"scope", "realm"}
IPV6_ONLY = {"pref"}
COMPANY: dict[str, Json] = {"lock": {"mtu": 1400, "hoplimit": 9}}
OBJECTS = {
    "inet": [{"id": 7, "via": "192.0.2.9", "dev": "eno1"}, {"id": 8, "via": "192.0.2.10", "dev": "eno1"},
             {"id": 9, "group": [7, {"id": 8, "weight": 3}]}],
    "inet6": [{"id": 7, "via": "2001:db8::9", "dev": "eno1"}, {"id": 8, "family": "inet6", "dev": "eno2"},
              {"id": 9, "group": [7, {"id": 8, "weight": 3}]}],
}  # fmt: skip
WITHOUT_GATEWAY = {"scope"}
"""Rows that a route through a gateway cannot have."""
KEY_PARTS: dict[str, tuple[Value, ...]] = {
    "table": (1, 252, 253, 256, 2**32 - 1, "main"),
    "metric": (0, 1, METRIC_IPV6, 2**32 - 1),
    "tos": (0, 4, 252),
}
SAME_IN_IPV6 = {("inet6", "metric", METRIC_IPV6), ("inet6", "tos", 4), ("inet6", "tos", 252)}
"""Metric 0 is 1024, and there is no tos."""


def samples_of(inet: str, row: Row) -> tuple[Value, ...]:
    return SAMPLES.get((inet, row.attribute)) or derived(
        Route.model_json_schema(by_alias=False)["properties"][row.attribute]
    )


PAIRS: list[tuple[str, Row]] = [
    (inet, row)
    for inet in FAMILIES
    for row in table_of(Route)
    if row.attribute not in (IPV6_ONLY if inet == "inet" else IPV4_ONLY)
]


def default(row: Row) -> Value:
    """What a route has where nobody says anything; UNSET where that depends."""
    return default_of(Resource(("route",), "route"), row.attribute)


ROWS = [pytest.param(inet, row, id=f"{inet}-{row.attribute}") for inet, row in PAIRS]
WITH_DEFAULT = [
    pytest.param(inet, row, id=f"{inet}-{row.attribute}") for inet, row in PAIRS if default(row) is not UNSET
]


def ways(inet: str) -> dict[str, Json]:
    """Every sort of way that a route can take."""
    near, beside, other, outside = GATEWAYS[inet]
    found: dict[str, Json] = {
        "gateway": {"via": near},
        "gateway and device": {"via": other, "dev": "eno2"},
        "device": {"dev": "eno1"},
        "onlink": {"via": outside, "dev": "eno2", "onlink": True},
        "weights": {"nexthops": [{"via": near}, {"via": beside, "weight": 256}, {"via": other, "weight": 3}]},
        "two": {"nexthops": [{"via": beside}, {"via": other}]},
        "two onlink": {"nexthops": [{"via": outside, "dev": name, "onlink": True} for name in ("eno1", "eno2")]},
        **{word: {"type": word} for word in ("blackhole", "unreachable", "prohibit", "throw")},
        "local": {"type": "local", "dev": "lo"},
        "object": {"nexthop": 7},
        "group": {"nexthop": 9},
        "encap": {"via": near, "encap": "seg6 mode encap segs fc00::1,fc00::2"},
    }
    if inet == "inet":
        found["IPv6 gateway"] = {"via": "2001:db8::9", "dev": "eno1"}
        found["link-local gateway"] = {"via": "fe80::9", "dev": "eno2"}
        found["gateways of both"] = {"nexthops": [{"via": near}, {"via": "2001:db8:1::9"}]}
        found["devices"] = {"nexthops": [{"dev": "eno1"}, {"dev": "eno2", "weight": 2}]}
        found |= {word: {"type": word, "dev": "lo"} for word in ("broadcast", "anycast", "multicast")}
    else:
        found |= {word: {"type": word, "dev": "eno1"} for word in ("anycast", "multicast")}
        found["link-local gateway"] = {"via": "fe80::9", "dev": "eno2"}
    return found


WAYS = [pytest.param(inet, name, id=f"{inet}-{name}") for inet in FAMILIES for name in ways(inet)]


@pytest.fixture(scope="module")
def stage() -> Iterator[Engine]:
    with Lab() as lab:
        near, far = lab.host("near"), lab.host("far")
        for number, addresses in enumerate(ADDRESSES, 1):
            lab.cable(near, f"eno{number}", far, f"eth{number}")
            for address in addresses:
                near.add_address(address, f"eno{number}")
        with at_work(near) as engine:
            yield engine


@pytest.fixture
def engine(stage: Engine) -> Iterator[Engine]:
    before = [in_order(routes_by_ip(stage, inet)) for inet in FAMILIES]
    yield stage
    stage.apply()
    assert [in_order(routes_by_ip(stage, inet)) for inet in FAMILIES] == before


def look(engine: Engine, inet: str, to: str = "") -> list[Facts]:
    """The routes to a prefix by netapply's reader, once iproute2 has said the same of all routes."""
    mine = routes_by_netapply(engine, inet)
    assert in_order(mine) == in_order(routes_by_ip(engine, inet))
    return [route for route in read(engine, inet) if route["to"] == (to or TO[inet])]


def read(engine: Engine, inet: str) -> list[Facts]:
    """Also what iproute2 does not show in JSON."""
    return [facts_of_route(route, everything=True) for route in engine.observed().family("route")
            if route.key[1] == inet]  # fmt: skip


def apply(engine: Engine, inet: str, *routes: Json) -> Plan:
    return engine.apply(nexthops=OBJECTS[inet], routes=list(routes))


def entry(inet: str, row: Row, *value: Value) -> Json:
    said: dict[str, Json] = {}
    for one in value:
        said[row.attribute] = one
    if row.attribute == "type":
        way = ways(inet).get(said.get("type", ""), {"dev": "eno1"})
    else:
        way = {"dev": "eno1"} if row.attribute in WITHOUT_GATEWAY else {"via": GATEWAYS[inet][0]}
    if row.attribute == "nexthop" and value:
        way = {}
    return {"to": TO[inet], **way, **COMPANY.get(row.attribute, {}), **said}


def test_every_row_has_samples() -> None:
    assert {row.change for row in table_of(Route)} == {Change.LIVE}
    for inet, row in PAIRS:
        assert len(samples_of(inet, row)) >= 2, f"give {row.attribute} an entry in SAMPLES"


@pytest.mark.parametrize(("inet", "row"), ROWS)
def test_a_route_is_made_with_it(engine: Engine, inet: str, row: Row) -> None:
    for value in samples_of(inet, row):
        apply(engine, inet, entry(inet, row, value))
        (route,) = look(engine, inet)
        assert route[row.attribute] == number_of(row, value)
        engine.apply()
        assert look(engine, inet) == []


def number_of(row: Row, value: Value) -> Value:
    if value in (False, (), "medium"):
        return None
    return {"static": 4, "boot": 3, "netapply": PROTOCOL}[value] if row.attribute == "protocol" else value


@pytest.mark.parametrize(("inet", "row"), ROWS)
def test_a_route_changes_in_place(engine: Engine, inet: str, row: Row) -> None:
    """One message replaces it: never two routes, never none, and nothing else about it moves."""
    samples = samples_of(inet, row)
    apply(engine, inet, entry(inet, row, samples[0]))
    for before, after in pairwise((*samples, samples[0])):
        plan = apply(engine, inet, entry(inet, row, after))
        (route,) = look(engine, inet)
        assert route[row.attribute] == number_of(row, after), before
        assert [change.action for change in plan.changes] == [Action.UPDATE]
        assert [operation.replace for operation in plan.operations] == [True]


@pytest.mark.parametrize(("inet", "row"), WITH_DEFAULT)
def test_a_route_returns_to_the_default(engine: Engine, inet: str, row: Row) -> None:
    """What the file no longer names goes back to what a route has where nobody says anything."""
    for value in samples_of(inet, row):
        apply(engine, inet, entry(inet, row, value))
        apply(engine, inet, entry(inet, row))
        (route,) = look(engine, inet)
        assert route[row.attribute] == number_of(row, default(row))


@pytest.mark.parametrize(("inet", "name"), WAYS)
def test_one_way_replaces_any_other(engine: Engine, inet: str, name: str) -> None:
    """Into every way below it and back; each time the route is what it is when it is made so at once."""
    way = {"to": TO[inet], **ways(inet)[name]}
    apply(engine, inet, way)
    fresh = look(engine, inet)
    names = list(ways(inet))
    for other in (ways(inet)[each] for each in names[names.index(name) + 1 :]):
        apply(engine, inet, {"to": TO[inet], **other})
        assert len(look(engine, inet)) == 1
        apply(engine, inet, way)
        assert without_scope(look(engine, inet)) == without_scope(fresh)


def without_scope(routes: list[Facts]) -> list[Facts]:
    """The scope of the route that was there before stays where the kernel allows it."""
    return [{**route, "scope": None} for route in routes]


@pytest.mark.parametrize("part", KEY_PARTS)
@pytest.mark.parametrize("inet", FAMILIES)
def test_routes_that_differ_in_their_key_live_side_by_side(engine: Engine, inet: str, part: str) -> None:
    values = [value for value in KEY_PARTS[part] if (inet, part, value) not in SAME_IN_IPV6]
    via, other = GATEWAYS[inet][:2]
    engine.apply(routes=[{"to": TO[inet], "via": via, part: value} for value in values])
    assert len(look(engine, inet)) == len(values)
    for value in values:
        changed = [{"to": TO[inet], "via": other if each == value else via, part: each} for each in values]
        engine.apply(routes=changed)
        assert sum(route["nexthops"][0].via == other for route in look(engine, inet)) == 1


@pytest.mark.parametrize("inet", FAMILIES)
def test_a_default_route_is_the_prefix_without_bits(engine: Engine, inet: str) -> None:
    prefix = {"inet": "0.0.0.0/0", "inet6": "::/0"}[inet]
    for to, via in zip(("default", prefix, "default"), GATEWAYS[inet][:3], strict=True):
        engine.apply(routes=[{"to": to, "via": via}])
        assert [route["nexthops"][0].via for route in look(engine, inet, prefix)] == [via]


@pytest.mark.parametrize("inet", FAMILIES)
def test_a_locked_metric_is_locked_for_iproute2_too(engine: Engine, inet: str) -> None:
    """Which it says to people only."""
    engine.apply(routes=[{"to": TO[inet], "via": GATEWAYS[inet][0], "mtu": 1400, "lock": ["mtu"]}])
    option = {"inet": "-4", "inet6": "-6"}[inet]
    assert "mtu lock 1400" in engine.run_ip(option, "route", "show", TO[inet]).stdout


def test_a_tunnel_of_a_route_is_that_of_iproute2(engine: Engine) -> None:
    """Whose JSON has the tunnel's end in place of the destination."""
    engine.apply(routes=[{"to": TO["inet"], "via": GATEWAYS["inet"][0], "encap": "ip id 7 dst 10.0.0.1 ttl 9 key"}])
    shown = engine.run_ip("route", "show", TO["inet"]).stdout
    assert "encap ip id 7 src 0.0.0.0 dst 10.0.0.1 ttl 9 tos 0 key via 192.0.2.9" in shown
    plan = engine.apply(routes=[{"to": TO["inet"], "via": GATEWAYS["inet"][0], "encap": "ip id 7 dst 10.0.0.2"}])
    assert [change.action for change in plan.changes] == [Action.UPDATE]
    assert "dst 10.0.0.2 ttl 0" in engine.run_ip("route", "show", TO["inet"]).stdout


def test_legs_have_tunnels_of_their_own(engine: Engine) -> None:
    to, (near, beside, *_) = TO["inet6"], GATEWAYS["inet6"]
    legs = [{"via": near, "encap": "seg6 mode encap segs fc00::1"}, {"via": beside, "weight": 2}]
    engine.apply(routes=[{"to": to, "nexthops": legs}])
    (route,) = look(engine, "inet6")
    assert [hop.encap for hop in sorted(route["nexthops"])] == ["seg6 mode encap segs fc00::1", None]


@pytest.mark.kernel("mpls")
def test_labels_are_put_on(engine: Engine) -> None:
    engine.apply(routes=[{"to": TO["inet"], "via": GATEWAYS["inet"][0], "encap": "mpls 100/1048575 ttl 7"}])
    assert "encap mpls  100/1048575 ttl 7 via" in engine.run_ip("route", "show", TO["inet"]).stdout
    engine.apply(routes=[{"to": TO["inet"], "via": GATEWAYS["inet"][0], "encap": "mpls 16"}])
    assert "encap mpls  16 via" in engine.run_ip("route", "show", TO["inet"]).stdout


ENDS = (
    "End", "End.X nh6 2001:db8::9", "End.T table 1000", "End.DX6 nh6 2001:db8::9", "End.DX4 nh4 192.0.2.9",
    "End.DT6 table 1000",
)  # fmt: skip


@pytest.mark.parametrize("action", ENDS)
def test_segments_end_here(engine: Engine, action: str) -> None:
    encap = f"seg6local action {action}"
    engine.apply(routes=[{"to": "fc00:9::/64", "dev": "eno1", "encap": encap}])
    assert f"encap {encap}" in " ".join(engine.run_ip("-6", "route", "show", "fc00:9::/64").stdout.split())
