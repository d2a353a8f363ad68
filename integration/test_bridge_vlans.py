"""VLAN tables on a kernel with bridge VLANs: exact, in ranges, of ports and bridges; bridge(8) is the witness."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

import pytest

from integration.applying import failing_at
from integration.test_contract_engine import Engine, at_work
from netapply.errors import RolledBackError
from netapply.lab import Lab
from netapply.model.vlan_ranges import minus, union
from netapply.show import document

pytestmark = pytest.mark.kernel("vlan_filtering")
Json = Any
SEED: Final = 20240229


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Lab() as lab:
        near, far = lab.host("near"), lab.host("far")
        for end in ("eno1", "eno2", "tap1"):
            lab.cable(near, end, far, end)
        with at_work(near) as engine:
            yield engine


def shown(engine: Engine) -> dict[str, Json]:
    """What `bridge vlan` says: by link, the tagged and the untagged VLANs, and the PVID."""
    tables: dict[str, Json] = {}
    for entry in json.loads(engine.host.run(["bridge", "-c", "-j", "vlan", "show"]).stdout):
        sorts: dict[bool, list[str]] = {False: [], True: []}
        pvid = 0
        for vlan in entry["vlans"]:
            flags = vlan.get("flags", ())
            sorts["Egress Untagged" in flags].append(f"{vlan['vlan']}-{vlan.get('vlanEnd', vlan['vlan'])}")
            pvid = vlan["vlan"] if "PVID" in flags else pvid
        tables[entry["ifname"]] = (union(sorts[False]), pvid, union(sorts[True]))
    return tables


def look(engine: Engine) -> dict[str, Json]:
    """All tables by netapply's reader, once bridge(8) has said the same."""
    seen = {
        item.key[1]: (item.attributes["vids"], item.attributes["pvid"], item.attributes["untagged"])
        for item in engine.observed().family("bridge_vlans")
    }
    assert {name: table for name, table in seen.items() if table != ((), 0, ())} == shown(engine)
    return seen


def links(eno1: Json = None, bridge: Json = None) -> Json:
    return {
        "vmbr0": {"kind": "bridge", "ports": ["eno1", "eno2"], "vlan_filtering": True, **(bridge or {})},
        "eno1": eno1 or {}, "eno2": {},
    }  # fmt: skip


DEFAULT: Final = ((), 1, ("1",))


def test_a_port_has_exactly_what_the_file_says(engine: Engine) -> None:
    engine.apply(links=links({"vids": "2-4094"}, {"vids": [10, "20-30"], "pvid": 10}))
    assert look(engine) == {
        "vmbr0": (("20-30",), 10, ("10",)), "eno1": (("2-4094",), 1, ("1",)), "eno2": DEFAULT,
    }  # fmt: skip
    engine.by_hand("link", "set", "tap1", "master", "vmbr0")
    plan = engine.apply(links=links({"vids": [10, 20, "100-200"], "pvid": 0}))
    assert look(engine) == {
        "vmbr0": DEFAULT, "eno1": (("10", "20", "100-200"), 0, ()), "eno2": DEFAULT, "tap1": DEFAULT,
    }  # fmt: skip
    assert "all others" not in str(plan)
    engine.apply(links=links())
    assert look(engine)["eno1"] == DEFAULT


def test_a_plan_says_what_it_adds_and_removes(engine: Engine) -> None:
    engine.apply(links=links({"vids": "2-4094"}))
    plan = engine.apply(links=links({"vids": "2-4000", "pvid": 10}))
    (operation,) = plan.work.plan.operations
    assert operation.attributes == {"add": ("10 pvid untagged",), "remove": ("1", "4001-4094")}
    assert re.search(r"VLANs of eno1 .*\n +add +10 pvid untagged\n +remove +1, 4001-4094\n", str(plan)), str(plan)


def some_table(chance: random.Random) -> Json:
    """Any table that a file may hold."""
    vids = [
        f"{first}-{min(first + chance.choice((0, 0, 1, 90, 900)), 4094)}" for first in chance.sample(range(1, 4095), 4)
    ]
    said: dict[str, Json] = {"vids": vids[: chance.randint(0, 4)]}
    if chance.random() < 0.8:
        said["pvid"] = chance.choice((0, 1, 7, int(vids[0].split("-")[0])))
    if chance.random() < 0.4:
        said["untagged"] = chance.sample(vids, 2)
    return said


def expected(said: Json) -> Json:
    """The table in the words of the witness, worked out anew."""
    pvid = said.get("pvid", 1)
    own = [str(pvid)] if pvid else []
    untagged = union(said.get("untagged", own))
    return minus(union(said["vids"], own), untagged), pvid, untagged


def test_any_table_leads_to_any_other_exactly(engine: Engine) -> None:
    chance = random.Random(SEED)
    tables = [some_table(chance) for _ in range(25)]
    for former, latter in pairwise([{"vids": []}, *tables]):
        engine.apply(links=links(latter, former))
        seen = look(engine)
        assert seen["eno1"] == expected(latter), (former, latter)
        assert seen["vmbr0"] == expected(former)
        assert seen["eno2"] == DEFAULT


def test_a_failure_brings_every_table_back(engine: Engine) -> None:
    """A move to another bridge, with tables by the file, by hand, and by default."""
    engine.apply(links=links({"vids": "100-200", "pvid": 7}))
    engine.by_hand("link", "set", "tap1", "master", "vmbr0")
    for words in ("tap1 vid 5-9", "tap1 vid 33 pvid", "vmbr0 vid 44 self"):
        engine.host.run(["bridge", "vlan", "add", "dev", *words.split()])
    before = look(engine)
    moved = {
        "vmbr1": {"kind": "bridge", "vlan_filtering": True, "vlan_default_pvid": 3, "ports": ["tap1", "eno1"]},
        "vmbr0": {"kind": "bridge", "vlan_filtering": True, "vids": 5}, "eno1": {"vids": "8-9"},
    }  # fmt: skip
    plan = engine.plan(links=moved)

    def spoil(_: object) -> None:
        engine.host.run(["bridge", "vlan", "add", "dev", "eno1", "vid", "4001"], check=False)

    with pytest.raises(RolledBackError):
        plan.apply(spoil)
    assert look(engine) == before
    engine.apply(links=moved)
    after = look(engine)
    assert after["tap1"] == (("5-9", "33"), 33, ("1",)), "what somebody gave it moves along"
    assert after["eno1"] == (("8-9",), 3, ("3",))
    engine.netapply.rollback().apply()
    assert look(engine) == before


def test_a_new_default_pvid_moves_what_is_the_files_and_nothing_else(engine: Engine) -> None:
    """Trap 24: the kernel moves every port on the former default, and from 0 steals whatever PVID there is."""
    engine.apply(links=links({"vids": "100-200"}))
    engine.by_hand("link", "set", "tap1", "master", "vmbr0")
    engine.apply(links=links({"vids": "100-200"}, {"vlan_default_pvid": 10}))
    assert look(engine) == {
        "vmbr0": ((), 10, ("10",)), "eno1": (("100-200",), 10, ("10",)), "eno2": ((), 10, ("10",)), "tap1": DEFAULT,
    }  # fmt: skip
    engine.apply(links=links({"vids": "100-200", "pvid": 7}, {"vlan_default_pvid": 0}))
    assert look(engine) == {
        "vmbr0": ((), 0, ()), "eno1": (("100-200",), 7, ("7",)), "eno2": ((), 0, ()), "tap1": DEFAULT,
    }  # fmt: skip
    engine.apply(links=links({"vids": "100-200", "pvid": 7}, {"vlan_default_pvid": 20}))
    seen = look(engine)
    assert (seen["eno1"], seen["tap1"]) == ((("100-200",), 7, ("7",)), DEFAULT)
    engine.apply(links=links({"vids": "100-200", "pvid": 7}))
    seen = look(engine)
    assert (seen["eno1"], seen["tap1"]) == ((("100-200",), 7, ("7",)), DEFAULT)


def test_a_displaced_pvid_does_not_stay(engine: Engine) -> None:
    engine.apply(links=links({"pvid": 7}))
    engine.apply(links=links({"pvid": 8}))
    assert look(engine)["eno1"] == ((), 8, ("8",))


def test_a_bridge_made_again_gives_its_ports_their_vlans_back(engine: Engine) -> None:
    """Trap 23: by hand the bridge is gone; the tap's own table goes with it, those of the file come back."""
    engine.apply(links=links({"vids": "100-200", "pvid": 7, "bridge_port": {"isolated": True}}, {"pvid": 7}))
    before = look(engine)
    engine.by_hand("link", "del", "vmbr0")
    engine.apply(links=links({"vids": "100-200", "pvid": 7, "bridge_port": {"isolated": True}}, {"pvid": 7}))
    assert look(engine) == before
    assert engine.seen(("bridge_port", "eno1")).attributes["isolated"] is True


def test_a_deleted_bridge_comes_back_with_all_tables(engine: Engine) -> None:
    engine.apply(links=links({"vids": "100-200", "pvid": 7}, {"vids": 5}))
    engine.by_hand("link", "set", "tap1", "master", "vmbr0")
    engine.host.run(["bridge", "vlan", "add", "dev", "tap1", "vid", "55"])
    engine.by_hand("link", "set", "tap1", "type", "bridge_slave", "isolated", "on")
    before = look(engine)
    engine.apply(links={})
    assert look(engine) == {}
    engine.netapply.rollback().apply()
    assert look(engine) == before
    assert engine.seen(("bridge_port", "tap1")).attributes["isolated"] is True


def test_what_changes_only_without_ports_gives_them_everything_back(engine: Engine) -> None:
    """Trap 26: MST is for a bridge whose ports have no VLANs, so they leave for a moment."""
    engine.apply(links=links({"vids": "100-200", "pvid": 7}, {"vids": 5}))
    engine.by_hand("link", "set", "tap1", "master", "vmbr0")
    engine.host.run(["bridge", "vlan", "add", "dev", "tap1", "vid", "55"])
    engine.by_hand("link", "set", "tap1", "type", "bridge_slave", "isolated", "on")
    before = look(engine)
    engine.apply(links=links({"vids": "100-200", "pvid": 7}, {"vids": 5, "mst_enabled": True}))
    assert look(engine) == before
    assert engine.link("vmbr0").attributes["mst_enabled"] is True
    assert engine.seen(("bridge_port", "tap1")).attributes["isolated"] is True
    engine.netapply.rollback().apply()
    assert engine.link("vmbr0").attributes["mst_enabled"] is False
    assert look(engine) == before


def test_a_fault_at_any_operation_brings_everything_back(engine: Engine) -> None:
    engine.apply(links=links({"vids": "100-200", "pvid": 7, "bridge_port": {"isolated": True}}, {"vids": 5}))
    engine.by_hand("link", "set", "tap1", "master", "vmbr0")
    engine.host.run(["bridge", "vlan", "add", "dev", "tap1", "vid", "55", "pvid"])
    engine.by_hand("link", "set", "tap1", "type", "bridge_slave", "hairpin", "on")
    before = everything(engine)
    wish = {
        "vmbr1": {"kind": "bridge", "vlan_filtering": True, "ports": ["eno1", "tap1"], "vids": "9"},
        "vmbr0": {"kind": "bridge", "vlan_filtering": True, "ports": ["eno2"], "vlan_default_pvid": 3},
        "eno1": {"vids": "8", "bridge_port": {"learning": False}},
        "eno2": {"pvid": 9, "bridge_port": {"guard": True}},
    }  # fmt: skip
    operations = len(engine.plan(links=wish).work.plan.operations)
    for number in range(operations):
        with failing_at(number), pytest.raises(RolledBackError):
            engine.plan(links=wish).apply()
        assert everything(engine) == before, number
    engine.apply(links=wish)
    engine.netapply.rollback().apply()
    assert everything(engine) == before


def everything(engine: Engine) -> tuple[dict[str, Json], dict[str, Json]]:
    """Tables, and what ports are set to."""
    ports = {
        name: engine.ip_link(name)["linkinfo"].get("info_slave_data") for name in ("eno1", "eno2", "tap1")
    }  # fmt: skip
    moving = ("state", "id", "no", "bridge_id", "root_id", "designated_port", "designated_cost", "hold_timer")
    still = {
        name: {key: value for key, value in (data or {}).items() if key not in moving and "timer" not in key}
        for name, data in ports.items()
    }
    return look(engine), still


def test_tunnel_ids_are_mapped_and_moved(engine: Engine) -> None:
    port = {"vids": "100-200", "bridge_port": {"vlan_tunnel": True}}
    engine.by_hand("link", "add", "vx", "type", "vxlan", "external", "dstport", "4789")
    wish = {"vmbr0": {"kind": "bridge", "vlan_filtering": True, "ports": ["vx"]}}
    for tunnel in ({"100-110": "1000100-1000110", "150": 77}, {"105-110": "2000105-2000110", "150": 77}, {"150": 78}):
        engine.apply(links=wish | {"vx": {**port, "tunnel": tunnel}})
        assert tunnels(engine) == {key: str(value) for key, value in tunnel.items()}
    engine.apply(links=wish | {"vx": {**port, "vids": "100-120", "tunnel": {}}})
    assert tunnels(engine) == {}


def tunnels(engine: Engine) -> dict[str, str]:
    found = {}
    for entry in json.loads(engine.host.run(["bridge", "-c", "-j", "vlan", "tunnelshow"]).stdout):
        for each in entry["tunnels"]:
            vids, ids = ([each[name], each.get(f"{name}End", each[name])] for name in ("vlan", "tunid"))
            vlan, ident = ("-".join(map(str, dict.fromkeys(pair))) for pair in (vids, ids))
            found[vlan] = ident
    return found


def test_what_is_shown_changes_nothing_when_it_is_applied(engine: Engine) -> None:
    engine.apply(links=links({"vids": "100-200", "pvid": 7, "untagged": [7, 9]}, {"vids": 5, "vlan_default_pvid": 3}))
    engine.by_hand("link", "set", "tap1", "master", "vmbr0")
    engine.host.run(["bridge", "vlan", "del", "dev", "tap1", "vid", "3"])
    text = json.dumps(document(engine.observed()))
    assert not engine.netapply.plan_text(text, "shown.yaml").work.plan.changes, text
