"""The contract for the multicast database: entries of every sort are written, read back, and gone.

The second witness is `bridge -j mdb`.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from integration.test_contract_engine import Engine, at_work
from netapply.errors import RolledBackError
from netapply.lab import Lab
from netapply.plan import Action

Json = Any
FOREIGN = "239.9.9.9"
SORTS: dict[str, tuple[Json, int]] = {
    "IPv4": ({"group": "239.1.1.1"}, 1),
    "IPv6": ({"group": "ff05::1234"}, 1),
    "IPv4 from three": ({"group": "232.1.1.1", "sources": ["192.0.2.1", "192.0.2.2", "198.51.100.255"]}, 3),
    "IPv6 from one": ({"group": "ff35::8000:1", "sources": ["2001:db8::1"]}, 1),
    "no IP": ({"group": "01:1b:19:00:00:00"}, 1),
}


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Lab() as lab:
        near, far = lab.host("near"), lab.host("far")
        for end in ("one", "two"):
            lab.cable(near, end, far, end)
        with at_work(near) as engine:
            engine.apply(links=links())
            by_hand(engine, "add", "dev", "br", "port", "one", "grp", FOREIGN, "permanent")
            yield engine


def by_hand(engine: Engine, *arguments: str) -> None:
    subprocess.run(["bridge", "-n", engine.host.netns, "mdb", *arguments], check=True, timeout=30)


def links(*entries: Json, **more: Json) -> Json:
    return {"br": {"kind": "bridge", "ports": ["one", "two"], "mdb": list(entries), **more}}


def by_bridge(engine: Engine) -> set[tuple[str, str, str | None, int | None]]:
    command = ["bridge", "-n", engine.host.netns, "-j", "mdb", "show"]
    shown = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout)
    entries = [entry for part in shown for entry in part.get("mdb", ())]
    return {
        (entry["port"], entry["grp"], entry.get("src"), entry.get("vid"))
        for entry in entries if entry["state"] == "permanent"
    }  # fmt: skip


def look(engine: Engine) -> set[tuple[str, str, str | None, int | None]]:
    """The entries by netapply's reader, once bridge(8) has said the same; without the one made by hand."""
    found = engine.observed().family("mdb")
    mine = {(item.key[2], item.key[3], item.attributes["source"], item.attributes["vlan"]) for item in found}
    assert mine == by_bridge(engine)
    return mine - {("one", FOREIGN, None, None)}


@pytest.mark.parametrize(("said", "count"), SORTS.values(), ids=SORTS)
def test_an_entry_is_made_moves_and_goes(engine: Engine, said: Json, count: int) -> None:
    for port in ("one", "two"):
        plan = engine.apply(links=links({**said, "port": port}))
        assert sum(change.action is Action.CREATE for change in plan.changes) == count
        wanted = {(port, said["group"], source, None) for source in said.get("sources", [None])}
        assert look(engine) == wanted
    engine.apply(links=links())
    assert look(engine) == set()


@pytest.mark.kernel("vlan_filtering")
def test_an_entry_of_a_vlan(engine: Engine) -> None:
    engine.by_hand("link", "set", "dev", "br", "type", "bridge", "vlan_filtering", "1")
    subprocess.run(["bridge", "-n", engine.host.netns, "vlan", "add", "vid", "7", "dev", "one"], check=True, timeout=30)
    engine.apply(links=links({"group": "239.1.1.1", "port": "one", "vlan": 7}))
    assert look(engine) == {("one", "239.1.1.1", None, 7)}
    engine.apply(links=links())
    assert look(engine) == set()


def test_what_goes_with_its_port_comes_back(engine: Engine) -> None:
    """A port that leaves in vain, and one that is made again, take their groups back, foreign ones too."""
    entry = {"group": "239.1.1.1", "port": "vx"}
    vxlan: Json = {"kind": "vxlan", "vni": 7, "master": "br"}
    engine.apply(links={**links(entry), "vx": vxlan})
    by_hand(engine, "add", "dev", "br", "port", "vx", "grp", "239.9.9.8", "permanent")
    before = by_bridge(engine)
    engine.apply(links={**links(entry), "vx": {**vxlan, "port": 8472}})
    assert by_bridge(engine) == before
    engine.apply(links={"one": {"master": None}, "two": {"master": None}})
    assert by_bridge(engine) == set()
    engine.netapply.rollback().apply()
    assert by_bridge(engine) == before


def test_a_bridge_that_does_not_snoop_says_so(engine: Engine) -> None:
    engine.by_hand("link", "set", "dev", "br", "type", "bridge", "mcast_snooping", "0")
    plan = engine.plan(links=links({"group": "239.1.1.1", "port": "one"}))
    with pytest.raises(RolledBackError, match=r"mdb 239\.1\.1\.1 from any port one dev br"):
        plan.apply()
