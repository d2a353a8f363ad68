"""What the kernel does to VLANs by itself, or does not do: each test fails without what netapply does about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from integration.test_contract_engine import Engine, at_work
from netapply.errors import ForeignError, InputError
from netapply.lab import Lab
from netapply.plan import Action

Json = Any
pytestmark = pytest.mark.kernel("8021q")
VLAN = {"kind": "vlan", "link": "eno1", "id": 5}


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Lab() as lab, at_work(lab.host("near")) as engine:
        lab.cable(engine.host, "eno1", lab.host("far"), "eno1")
        yield engine


def addresses(engine: Engine, link: str) -> set[str]:
    (shown,) = engine.ip("address", "show", "dev", link, "scope", "global")
    return {f"{each['local']}/{each['prefixlen']}" for each in shown["addr_info"] if each}


def routes(engine: Engine, *selector: str) -> set[str]:
    return {each["dst"] for each in engine.ip("route", "show", *selector) if each.get("protocol") != "kernel"}


@pytest.mark.parametrize(
    ("wish", "shown"),
    [({"id": 6}, {"id": 6, "protocol": "802.1Q"}), ({"protocol": "802.1ad"}, {"id": 5, "protocol": "802.1ad"})],
)
def test_another_id_or_protocol_is_another_device(engine: Engine, wish: Json, shown: Json) -> None:
    """The kernel says yes to both and keeps what it has; with the device goes what was on it, and comes back."""
    above = {"eno1.5.7": {"kind": "vlan", "link": "v", "id": 7, "addresses": ["10.7.0.1/24"]}}
    said = {"eno1": {}, "v": {**VLAN, "addresses": ["10.5.0.1/24", "2001:db8:5::1/64"]}, **above}
    engine.apply(links=said)
    engine.by_hand("route", "add", "10.9.0.0/24", "via", "10.5.0.9")
    said["v"] |= wish
    plan = engine.apply(links=said)
    made = {each.key for each in plan.changes if each.action in (Action.REPLACE, Action.CREATE)}
    assert {("link", "v"), ("link", "eno1.5.7")} <= made
    data = engine.ip_link("v")["linkinfo"]["info_data"]
    assert {name: data[name] for name in shown} == shown
    assert addresses(engine, "v") == {"10.5.0.1/24", "2001:db8:5::1/64"}
    assert addresses(engine, "eno1.5.7") == {"10.7.0.1/24"}
    assert routes(engine) == {"10.9.0.0/24"}, "somebody else's route over it is put back"


def test_a_vlan_made_again_still_follows_its_parents_address(engine: Engine) -> None:
    engine.apply(links={"eno1": {}, "v": VLAN})
    engine.apply(links={"eno1": {}, "v": {**VLAN, "id": 6}})
    engine.apply(links={"eno1": {"mac": "02:00:5e:10:00:07"}, "v": {**VLAN, "id": 6}})
    assert engine.ip_link("v")["address"] == "02:00:5e:10:00:07"


def test_a_vlan_with_an_address_of_its_own_keeps_it(engine: Engine) -> None:
    own = {**VLAN, "mac": "02:00:5e:10:00:08"}
    engine.apply(links={"eno1": {}, "v": own})
    engine.apply(links={"eno1": {"mac": "02:00:5e:10:00:07"}, "v": {**own, "id": 6}})
    assert engine.ip_link("v")["address"] == "02:00:5e:10:00:08"


def mtus(engine: Engine, *names: str) -> list[int]:
    return [engine.ip_link(name)["mtu"] for name in names]


def stack(mtu: int) -> Json:
    inner = {"kind": "vlan", "link": "v", "id": 7, "mtu": mtu}
    return {"eno1": {"mtu": mtu}, "v": {**VLAN, "mtu": mtu}, "w": inner}


def test_a_stacks_mtu_goes_up_and_down(engine: Engine) -> None:
    for mtu in (1500, 9000, 1400, 4000):
        engine.apply(links=stack(mtu))
        assert mtus(engine, "eno1", "v", "w") == [mtu] * 3


def test_a_vlan_that_was_dragged_down_goes_back_up_with_a_rollback(engine: Engine) -> None:
    engine.apply(links={"eno1": {"mtu": 1500}})
    engine.by_hand("link", "add", "link", "eno1", "name", "foreign", "up", "type", "vlan", "id", "9")
    engine.by_hand("link", "add", "link", "foreign", "name", "inner", "up", "type", "vlan", "id", "9")
    engine.apply(links={"eno1": {"mtu": 1400}})
    assert mtus(engine, "eno1", "foreign", "inner") == [1400, 1400, 1400]
    engine.netapply.rollback().apply()
    assert mtus(engine, "eno1", "foreign", "inner") == [1500, 1500, 1500]


def test_a_bridges_small_port_does_not_shrink_the_vlans_on_it(engine: Engine) -> None:
    """While the port joins, the bridge has its MTU for a moment, which drags down what stands on the bridge."""
    on_bridge = {"kind": "vlan", "link": "br0", "id": 5, "mtu": 1500}
    engine.apply(links={"br0": {"kind": "bridge", "mtu": 1500}, "v": on_bridge})
    engine.by_hand("link", "add", "link", "v", "name", "foreign", "up", "type", "vlan", "id", "9")
    engine.apply(
        links={"eno1": {"mtu": 1400}, "br0": {"kind": "bridge", "mtu": 1500, "ports": ["eno1"]}, "v": on_bridge}
    )
    assert mtus(engine, "br0", "v", "foreign") == [1500, 1500, 1500]


def test_an_mtu_above_the_parents_is_refused_where_it_is_written(engine: Engine) -> None:
    with pytest.raises(InputError, match="eno1 below it has 1400; use at most 1400"):
        engine.plan(links={"eno1": {"mtu": 1400}, "v": {**VLAN, "mtu": 1500}})


def test_vlans_go_down_with_their_parent_and_so_do_their_routes(engine: Engine) -> None:
    engine.apply(links={"eno1": {}})
    engine.by_hand("link", "add", "link", "eno1", "name", "v", "up", "type", "vlan", "id", "9")
    engine.by_hand("address", "add", "10.9.0.1/24", "dev", "v")
    engine.by_hand("address", "add", "2001:db8:9::1/64", "dev", "v")
    engine.by_hand("route", "add", "10.99.0.0/24", "via", "10.9.0.9")
    plan = engine.plan(links={"eno1": {"up": False}})
    assert any("10.99.0.0/24 goes: eno1 goes down" in note for note in plan.notes), plan.notes
    plan.apply()
    assert addresses(engine, "v") == {"10.9.0.1/24", "2001:db8:9::1/64"}
    engine.netapply.rollback().apply()
    assert "UP" in engine.ip_link("v")["flags"]
    assert routes(engine) == {"10.99.0.0/24"}


def test_a_vlan_that_shall_be_down_stays_down_when_its_parent_comes_up(engine: Engine) -> None:
    down = {**VLAN, "up": False}
    engine.apply(links={"eno1": {"up": False}, "v": down})
    engine.apply(links={"eno1": {}, "v": down})
    assert "UP" not in engine.ip_link("v")["flags"]
    assert "UP" in engine.ip_link("eno1")["flags"]


@pytest.mark.kernel("ipvlan")
@pytest.mark.parametrize("kind", ["macvlan", "macvtap", "ipvlan"])
def test_a_device_that_another_has_becomes_no_port(engine: Engine, kind: str) -> None:
    """EBUSY: better said while planning than found halfway."""
    engine.by_hand("link", "add", "link", "eno1", "name", "foreign", "type", kind)
    with pytest.raises(ForeignError, match=f"{kind} foreign has eno1 already"):
        engine.plan(links={"eno1": {}, "br0": {"kind": "bridge", "ports": ["eno1"]}})
    other = "ipvlan" if kind != "ipvlan" else "macvlan"
    with pytest.raises(ForeignError, match=f"cannot put {other} mine on eno1: {kind} foreign has eno1"):
        engine.plan(links={"eno1": {}, "mine": {"kind": other, "link": "eno1"}})


def test_a_device_goes_from_a_macvlan_to_a_bridge_and_back(engine: Engine) -> None:
    on_it = {"eno1": {}, "m": {"kind": "macvlan", "link": "eno1"}}
    port = {"eno1": {}, "br0": {"kind": "bridge", "ports": ["eno1"]}}
    for said in (on_it, port, on_it):
        engine.apply(links=said)
    assert engine.ip_link("eno1").get("master") is None
