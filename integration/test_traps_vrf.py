"""What the kernel does when links enter and leave VRFs: each test fails without what netapply does about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from integration.test_contract_engine import Engine, at_work
from integration.test_traps_vlan import addresses, routes
from netapply.lab import Lab
from netapply.plan import Action

Json = Any
pytestmark = pytest.mark.kernel("vrf")
BOTH = {"10.5.0.1/24", "2001:db8:5::1/64"}


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Lab() as lab, at_work(lab.host("near")) as engine:
        for name in ("eno1", "eno2"):
            lab.cable(engine.host, name, lab.host(f"far-{name}"), "eth0")
        yield engine


def vrf(table: int | str = "auto", *ports: str) -> Json:
    return {"kind": "vrf", "table": table, "ports": list(ports)}


def table_of(engine: Engine, name: str) -> int:
    return int(engine.ip_link(name)["linkinfo"]["info_data"]["table"])


def with_addresses(engine: Engine) -> None:
    for address in BOTH:
        engine.by_hand("address", "add", address, "dev", "eno1", "nodad")
    engine.by_hand("link", "set", "eno1", "up")


def test_what_a_link_loses_on_its_way_into_a_vrf_is_put_back(engine: Engine) -> None:
    engine.apply(links={"eno1": {}})
    with_addresses(engine)
    engine.by_hand("route", "add", "10.9.0.0/24", "via", "10.5.0.9")
    engine.by_hand("-6", "route", "add", "2001:db8:9::/64", "via", "2001:db8:5::9")
    engine.apply(links={"eno1": {}, "red": vrf(1007, "eno1")})
    assert addresses(engine, "eno1") == BOTH
    assert routes(engine) == {"10.9.0.0/24"}
    assert "2001:db8:9::/64" in {each["dst"] for each in engine.ip("-6", "route", "show")}
    engine.apply(links={"eno1": {"master": None}, "red": vrf(1007)})
    assert addresses(engine, "eno1") == BOTH
    assert routes(engine) == {"10.9.0.0/24"}


def test_another_table_is_another_device_and_takes_its_ports_back(engine: Engine) -> None:
    """EOPNOTSUPP: the table is immutable. A port that somebody else put in comes back, too."""
    engine.apply(links={"red": vrf(1007)})
    engine.by_hand("link", "set", "eno1", "master", "red")
    with_addresses(engine)
    plan = engine.apply(links={"red": vrf(1008)})
    assert [each.action for each in plan.changes if each.key == ("link", "red")] == [Action.REPLACE]
    assert table_of(engine, "red") == 1008
    assert engine.ip_link("eno1")["master"] == "red"
    assert addresses(engine, "eno1") == BOTH


def test_a_deleted_vrf_leaves_nobody_in_the_hosts_own_network(engine: Engine) -> None:
    """The kernel would leave the port up, and addressed, in the main table."""
    engine.apply(links={"red": vrf(1007)})
    engine.by_hand("link", "set", "eno1", "master", "red")
    with_addresses(engine)
    plan = engine.plan(links={})
    assert any(note.startswith("eno1 is set down: vrf red goes") for note in plan.notes), plan.notes
    first, second = [each for each in plan.operations if each.key[0] == "link"][:2]
    assert (first.key[1], first.attributes, second.key[1]) == ("eno1", {"up": False}, "red")
    plan.apply()
    assert "UP" not in engine.ip_link("eno1")["flags"]
    assert not engine.plan(links={})
    engine.netapply.rollback().apply()
    port = engine.ip_link("eno1")
    assert "UP" in port["flags"]
    assert port["master"] == "red"
    assert addresses(engine, "eno1") == BOTH


def test_a_port_that_the_file_names_stays_up_and_the_plan_says_where(engine: Engine) -> None:
    engine.apply(links={"eno1": {}, "red": vrf(1007, "eno1")})
    plan = engine.plan(links={"eno1": {}})
    assert any("eno1 leaves vrf red and stays up" in note for note in plan.notes), plan.notes
    plan.apply()
    assert "UP" in engine.ip_link("eno1")["flags"]


def test_auto_chooses_the_first_free_table_and_keeps_it(engine: Engine) -> None:
    engine.by_hand("link", "add", "foreign", "type", "vrf", "table", "1001")
    engine.by_hand("route", "add", "blackhole", "10.0.0.0/8", "table", "1003")
    said = {"red": vrf(), "blue": vrf(), "green": vrf(1002)}
    engine.apply(links=said)
    tables = {name: table_of(engine, name) for name in said}
    assert tables == {"red": 1004, "blue": 1005, "green": 1002}
    engine.by_hand("link", "del", "foreign")
    engine.apply(links={"black": vrf(), **said})
    assert {name: table_of(engine, name) for name in said} == tables
    assert table_of(engine, "black") == 1001


@pytest.mark.kernel("8021q")
def test_a_vlan_that_is_down_stays_down_when_its_parent_enters_a_vrf(engine: Engine) -> None:
    """The parent is closed and opened, which takes up every VLAN on it."""
    engine.apply(links={"eno1": {}})
    engine.by_hand("link", "add", "link", "eno1", "name", "v", "type", "vlan", "id", "9")
    engine.apply(links={"eno1": {}, "red": vrf(1007, "eno1")})
    assert "UP" not in engine.ip_link("v")["flags"]


def test_a_bridges_port_moves_to_a_vrf(engine: Engine) -> None:
    """Setting a master leaves the former one without a word."""
    engine.apply(links={"eno1": {}, "br0": {"kind": "bridge", "ports": ["eno1"]}})
    engine.apply(links={"eno1": {}, "br0": {"kind": "bridge"}, "red": vrf("auto", "eno1")})
    assert engine.ip_link("eno1")["master"] == "red"
    engine.apply(links={"eno1": {}, "br0": {"kind": "bridge", "ports": ["eno1"]}, "red": vrf()})
    assert engine.ip_link("eno1")["master"] == "br0"
