"""Tunnels in a plan: changed as a whole, with the MTU that the file names, and made again with their device."""

from __future__ import annotations

from netapply.kinds import Gre, Ipip, Xfrm, link_table
from netapply.model.attribute import Change, Value
from netapply.model.owned import Owned
from netapply.model.resource import Desired, Resource, State
from netapply.plan import Action, Plan, Verb, make_plan


def link(name: str, kind: str, **attributes: Value) -> Resource:
    return Resource(("link", name), kind, {"up": True, "master": None, **attributes}, {"ifindex": 2})


def plan_of(desired: tuple[Resource, ...], observed: tuple[Resource, ...], owned: tuple[str, ...]) -> Plan:
    wish, seen = Desired(source="a.yaml"), State()
    for resource in desired:
        wish.add(resource)
    for resource in observed:
        seen.add(resource)
    return make_plan(wish, seen, Owned({("link", name) for name in owned}))


TUNNEL = {"dev": "eno1", "remote": "192.0.2.1", "local": None, "ttl": 0, "external": False, "mtu": 1476}


def test_a_change_says_everything_but_what_is_only_given_at_birth() -> None:
    after = {**TUNNEL, "ttl": 9}
    (settings,) = Ipip.messages({"ttl": 9}, after)
    assert (settings["ttl"], settings["dev"], settings["remote"]) == (9, "eno1", "192.0.2.1")
    assert "external" not in settings and "mtu" not in settings


def test_what_every_link_has_goes_alone() -> None:
    assert list(Ipip.messages({"mtu": 1400}, TUNNEL)) == [{"mtu": 1400}]


def test_a_device_that_went_is_not_said_again() -> None:
    (settings,) = Gre.messages({"ttl": 9}, {**TUNNEL, "dev": "#7"})
    assert settings["dev"] is None
    (settings,) = Xfrm.messages({"if_id": 9}, {"if_id": 8, "dev": "eno1", "external": False})
    assert settings == {"if_id": 9, "dev": "eno1"}


def test_the_mtu_that_the_file_names_is_said_with_each_change() -> None:
    seen = link("t0", "gre", **TUNNEL)
    named = plan_of((link("t0", "gre", ttl=9, mtu=1476),), (seen,), ())
    assert [operation.attributes["mtu"] for operation in named.operations] == [1476]
    left = plan_of((link("t0", "gre", ttl=9),), (seen,), ())
    assert ["mtu" in operation.attributes for operation in left.operations] == [False]


def test_a_tunnel_outlives_its_device_and_is_made_again_with_it() -> None:
    lower, tunnel = link("vx0", "vxlan", vni=7), link("t0", "gre", **{**TUNNEL, "dev": "vx0"})
    plan = plan_of((link("vx0", "vxlan", vni=8), tunnel), (lower, tunnel), ("vx0", "t0"))
    assert {change.key[1]: change.action for change in plan.changes} == {"vx0": Action.REPLACE, "t0": Action.REPLACE}
    assert [item.key[1] for item in plan.operations if item.verb is Verb.DELETE] == ["t0", "vx0"]
    assert [item.key[1] for item in plan.operations if item.verb is Verb.CREATE] == ["vx0", "t0"]


def test_somebody_elses_tunnel_stays_when_its_device_goes_for_good() -> None:
    lower, tunnel = link("vx0", "vxlan", vni=7), link("t0", "gre", **{**TUNNEL, "dev": "vx0"})
    plan = plan_of((), (lower, tunnel), ("vx0",))
    assert [change.key[1] for change in plan.changes] == ["vx0"]


def test_peer_and_group_are_devices_of_different_sorts() -> None:
    row = link_table("gre").rows["remote"]
    assert row.change_between("192.0.2.1", "192.0.2.2") is Change.LIVE
    assert row.change_between("192.0.2.1", None) is Change.RECREATE
    assert row.change_between("192.0.2.1", "239.1.1.1") is Change.RECREATE
    assert row.change_between("239.1.1.2", "239.1.1.1") is Change.LIVE
