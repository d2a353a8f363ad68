"""Kernel behaviours around addresses, routes and rules that a plan must respect, one test each.

Each test fails without the handling. Behaviours that a contract test proves already are named here, and
proven there:

* a rule without a priority is added again and again: the file must give one
  (tests/cases/sources/rule-without-priority, test_contract_rules.py, test_every_row_at_once);
* IPv4 replaces a route by metric and type of service, IPv6 by metric, and several ways collapse
  (test_contract_routes.py, test_one_way_replaces_any_other, test_routes_that_differ_in_their_key_live_side_by_side).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from integration.test_contract_engine import Engine, at_work
from netapply.errors import InputError
from netapply.lab import Lab
from netapply.model.nexthop_words import nexthop_key
from netapply.plan import Action
from netapply.plan.plan import Phase

Json = Any


@pytest.fixture
def engine() -> Iterator[Engine]:
    """Two links with addresses, cabled to another host."""
    with Lab() as lab:
        near, far = lab.host("near"), lab.host("far")
        for number in (1, 2):
            lab.cable(near, f"eno{number}", far, f"eth{number}")
        with at_work(near) as engine:
            yield engine


def links(**more: Json) -> Json:
    return {
        "eno1": {"addresses": ["192.0.2.1/24", "2001:db8::1/64"]},
        "eno2": {"addresses": ["198.51.100.1/24"]},
        **more,
    }


NEXTHOPS = [
    {"id": 7, "via": "192.0.2.9", "dev": "eno1"}, {"id": 8, "via": "198.51.100.9", "dev": "eno2"},
    {"id": 9, "group": [7, {"id": 8, "weight": 3}]}, {"id": 10, "group": [8]},
]  # fmt: skip
OVER_THEM = [{"to": f"203.0.113.{number}/32", "nexthop": number} for number in (7, 9, 10)]


def shown(engine: Engine) -> dict[str, Json]:
    """Routes over nexthop objects, by destination."""
    return {route["dst"]: route["nhid"] for route in engine.ip("route") if "nhid" in route}


def numbers(engine: Engine) -> list[int]:
    return [entry["id"] for entry in engine.ip("nexthop")]


def test_a_link_that_is_made_again_gets_its_nexthop_objects_back(engine: Engine) -> None:
    """Trap 18: the objects go with the link, the routes over them too, and a group loses its member."""
    tunnel = {"kind": "vxlan", "vni": 7, "local": "192.0.2.1", "addresses": ["10.7.0.1/24"]}
    engine.apply(links=links(vx7=tunnel))
    for line in ("id 70 via 10.7.0.9 dev vx7", "id 7 via 192.0.2.9 dev eno1", "id 71 group 7/70"):
        engine.by_hand("nexthop", "add", *line.split(), "protocol", "static")
    engine.by_hand("route", "add", "203.0.113.0/24", "nhid", "70")
    engine.by_hand("route", "add", "203.0.114.0/24", "nhid", "71")
    before = engine.ip("-N", "nexthop"), engine.ip("-N", "route")
    plan = engine.apply(links=links(vx7={**tunnel, "vni": 8}))
    assert {change.key[:2] for change in plan.changes if "put back" in change.reason} >= {
        nexthop_key(70), nexthop_key(71), ("route", "inet"),
    }  # fmt: skip
    assert (by_number(engine.ip("-N", "nexthop")), engine.ip("-N", "route")) == (by_number(before[0]), before[1])


def by_number(entries: list[Json]) -> list[Json]:
    return sorted(entries, key=lambda entry: int(entry["id"]))


def test_a_link_that_goes_down_takes_its_nexthop_objects_and_says_so(engine: Engine) -> None:
    """Trap 18: what cannot be put back is in the plan's notes; with the link, all of it comes again."""
    engine.apply(links=links(), nexthops=NEXTHOPS, routes=OVER_THEM)
    assert numbers(engine) == [7, 8, 9, 10]
    down = links(eno2={"up": False, "addresses": ["198.51.100.1/24"]})
    wish = {"nexthops": [NEXTHOPS[0], {"id": 9, "group": [7]}], "routes": OVER_THEM[:2]}
    engine.apply(links=down, **wish)
    assert numbers(engine) == [7, 9]
    assert shown(engine) == {"203.0.113.7": 7, "203.0.113.9": 9}
    engine.apply(links=links(), nexthops=NEXTHOPS, routes=OVER_THEM)
    assert shown(engine) == {"203.0.113.7": 7, "203.0.113.9": 9, "203.0.113.10": 10}


def test_what_a_person_loses_with_a_link_is_noted(engine: Engine) -> None:
    engine.apply(links=links())
    for line in ("id 7 via 192.0.2.9 dev eno1", "id 8 via 198.51.100.9 dev eno2", "id 9 group 7/8"):
        engine.by_hand("nexthop", "add", *line.split())
    engine.by_hand("route", "add", "203.0.113.0/24", "nhid", "8")
    plan = engine.apply(links=links(eno2={"up": False, "addresses": ["198.51.100.1/24"]}))
    notes = "\n".join(plan.notes)
    assert "nexthop 8 goes: eno2 goes down" in notes
    assert "route 203.0.113.0/24 goes: eno2 goes down" in notes
    assert "nexthop 9 loses a member: eno2 goes down" in notes
    assert numbers(engine) == [7, 9]


@pytest.mark.kernel("bonding")
def test_a_link_that_is_down_for_a_moment_gets_its_nexthop_objects_back(engine: Engine) -> None:
    """Trap 18: a bond's lacp_rate is only set while it is down."""
    bond = {"kind": "bond", "mode": "802.3ad", "ports": ["eno2"], "addresses": ["198.51.100.1/24"]}
    wish = {"nexthops": [NEXTHOPS[0], {"id": 8, "via": "198.51.100.9", "dev": "bond0"}, *NEXTHOPS[2:]]}
    engine.apply(links={**links(), "eno2": {}, "bond0": bond})
    engine.apply(links={**links(), "eno2": {}, "bond0": bond}, **wish, routes=OVER_THEM)
    engine.apply(links={**links(), "eno2": {}, "bond0": {**bond, "lacp_rate": "fast"}}, **wish, routes=OVER_THEM)
    assert numbers(engine) == [7, 8, 9, 10]
    assert shown(engine) == {"203.0.113.7": 7, "203.0.113.9": 9, "203.0.113.10": 10}


def test_an_apply_that_fails_leaves_nexthop_objects_as_they_were(engine: Engine) -> None:
    """The way back knows them, too."""
    engine.apply(links=links(), nexthops=NEXTHOPS, routes=OVER_THEM)
    before = engine.ip("-N", "nexthop"), engine.ip("-N", "route")
    wish = {"nexthops": [{"id": 7, "via": "192.0.2.10", "dev": "eno1"}, NEXTHOPS[1], {"id": 9, "group": [7]}]}
    plan = engine.plan(links=links(), **wish, routes=[*OVER_THEM[:2], {"to": "10.9.9.0/24", "via": "172.16.0.1"}])
    with pytest.raises(Exception, match="everything is as it was before"):
        plan.apply()
    assert (by_number(engine.ip("-N", "nexthop")), engine.ip("-N", "route")) == (by_number(before[0]), before[1])


@pytest.mark.parametrize(
    ("narrow", "wide"), [("192.0.2.1/25", "192.0.2.1/24"), ("2001:db8::1/64", "2001:db8::1/48")], ids=["inet", "inet6"]
)
def test_an_address_changes_its_prefix(engine: Engine, narrow: str, wide: str) -> None:
    """Trap 27: in IPv4 both would stay; in IPv6 the second is EEXIST, and a replacement keeps the first."""
    for text in (narrow, wide, narrow):
        engine.apply(links={"eno1": {"addresses": [text]}})
        (link,) = engine.ip("address", "show", "dev", "eno1")
        lengths = [info["prefixlen"] for info in link["addr_info"] if info.get("local") == text.partition("/")[0]]
        assert lengths == [int(text.partition("/")[2])]


def test_an_ipv6_address_with_two_prefixes_is_refused(engine: Engine) -> None:
    with pytest.raises(InputError, match="gives it another prefix"):
        engine.plan(links={"eno1": {"addresses": ["2001:db8::1/64", "2001:db8::1/48"]}})
    engine.apply(links={"eno1": {"addresses": ["192.0.2.1/24", "192.0.2.1/25"]}})


def test_secondaries_and_routes_outlive_their_primary(engine: Engine) -> None:
    """Trap 28: the kernel takes both away with the primary address, whatever promote_secondaries says."""
    routes = [{"to": "203.0.113.0/24", "via": "192.0.2.9", "src": "192.0.2.2"}]
    addresses = ["192.0.2.1/24", "192.0.2.2/24", "192.0.2.3/24"]
    for promote in ("0", "1"):
        engine.apply(
            links={"eno1": {"addresses": addresses, "sysctl": {"ipv4.promote_secondaries": promote}}}, routes=routes
        )
        engine.by_hand("route", "add", "203.0.114.0/24", "via", "192.0.2.9", "src", "192.0.2.3")
        engine.apply(
            links={"eno1": {"addresses": addresses[1:], "sysctl": {"ipv4.promote_secondaries": promote}}}, routes=routes
        )
        (link,) = engine.ip("-4", "address", "show", "dev", "eno1")
        assert [info["local"] for info in link["addr_info"]] == ["192.0.2.2", "192.0.2.3"]
        assert {route["dst"]: route["prefsrc"] for route in engine.ip("route") if "gateway" in route} == {
            "203.0.113.0/24": "192.0.2.2", "203.0.114.0/24": "192.0.2.3",
        }  # fmt: skip
        engine.by_hand("route", "delete", "203.0.114.0/24")


def test_several_ways_stay_several(engine: Engine) -> None:
    """Trap 29: a plain replacement of an IPv6 route with several ways leaves one, and metric 0 is 1024."""
    engine.apply(links=links())
    legs = [{"via": "2001:db8::9"}, {"via": "2001:db8::a", "weight": 2}]
    engine.apply(links=links(), routes=[{"to": "2001:db8:9::/48", "nexthops": legs, "mtu": 1400}])
    engine.apply(links=links(), routes=[{"to": "2001:db8:9::/48", "nexthops": legs, "mtu": 1300}])
    (route,) = (entry for entry in engine.ip("-6", "route") if entry["dst"] == "2001:db8:9::/48")
    assert [leg["weight"] for leg in route["nexthops"]] == [1, 2]
    assert not engine.plan(
        links=links(), routes=[{"to": "2001:db8:9::/48", "nexthops": legs, "metric": 0, "mtu": 1300}]
    )


def test_a_global_switch_is_set_before_what_stands_against_it(engine: Engine) -> None:
    """Trap 31: all/forwarding overwrites every link's own."""
    wish = {"sysctl": {"net.ipv6.conf.all.forwarding": 1, "net.ipv4.ip_forward": 1}}
    for forwarding in (False, True, False):
        engine.apply(links={"eno1": {"forwarding": forwarding}}, **wish)
        for protocol in ("ipv4", "ipv6"):
            assert value(engine, f"{protocol}/conf/eno1/forwarding") == str(int(forwarding))
            assert value(engine, f"{protocol}/conf/eno2/forwarding") == "1"
    engine.apply(links={"eno1": {}})
    assert value(engine, "ipv6/conf/eno1/forwarding") == "0"


def value(engine: Engine, path: str) -> str:
    return engine.host.run(["cat", f"/proc/sys/net/{path}"]).stdout.strip()


def test_a_router_that_listens_to_routers_is_told_how(engine: Engine) -> None:
    """Trap 31: with forwarding, accept_ra 1 is deaf; 2 is not."""
    plan = engine.apply(links={"eno1": {"forwarding": True, "accept_ra": True}})
    assert any("accept_ra of eno1 has no effect" in note for note in plan.notes)
    plan = engine.apply(links={"eno1": {"forwarding": True, "accept_ra": "always"}})
    assert not any("accept_ra" in note for note in plan.notes)
    assert value(engine, "ipv6/conf/eno1/accept_ra") == "2"


def test_settings_are_there_before_the_link_comes_up(engine: Engine) -> None:
    """Trap 36: a new link has its parameters only once it exists, and needs them before it is up; and a dot in
    its name does not divide the path."""
    wish = {"br0.5": {"kind": "bridge", "disable_ipv6": True, "proxy_arp": True, "accept_ra": False}}
    plan = engine.apply(links=wish)
    order = [operation.phase for operation in plan.operations]
    assert order.index(Phase.LINK) < order.index(Phase.LINK_SYSCTL) < order.index(Phase.LINK_UP)
    assert value(engine, "ipv6/conf/br0.5/disable_ipv6") == "1"
    assert value(engine, "ipv4/conf/br0.5/proxy_arp") == "1"
    (link,) = engine.ip("-6", "address", "show", "dev", "br0.5") or [{"addr_info": []}]
    assert link["addr_info"] == []


@pytest.mark.parametrize("detection", [0, 1])
def test_a_source_address_is_there_before_its_route(engine: Engine, detection: int) -> None:
    """Trap 37: the kernel refuses a source that is not there, or that is still under duplicate address detection."""
    own = {"ipv6.accept_dad": detection}
    routes = [
        {"to": "203.0.113.0/24", "via": "192.0.2.9", "src": "198.51.100.1"},
        {"to": "2001:db8:9::/48", "via": "2001:db8::9", "src": "2001:db8::1"},
    ]
    wish = links(eno1={"addresses": ["192.0.2.1/24", "2001:db8::1/64"], "sysctl": own})
    engine.apply(links=wish, routes=routes)
    for option in ("-4", "-6"):
        assert [route["prefsrc"] for route in engine.ip(option, "route") if "gateway" in route] == [
            "198.51.100.1" if option == "-4" else "2001:db8::1"
        ]
    changes = engine.apply(links=wish).changes
    assert [change.action for change in changes] == [Action.DELETE, Action.DELETE]
