"""The contract for forwarding entries: every row is written, read back equal, changed, and gone, wherever it may stand.

The second witness is `bridge -j fdb`.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from integration.test_contract_engine import Engine, at_work
from netapply.lab import Lab
from netapply.model.attribute import Change, Value, table_of
from netapply.model.fdb import FLOOD, Fdb
from netapply.plan import Action

Json = Any
MAC = "02:00:5e:10:00:01"
GROUP = "01:00:5e:01:02:03"
FOREIGN = "02:00:5e:10:00:77"
"""Made by hand; no test may touch it."""

SAMPLES: dict[tuple[str, str], tuple[Value, ...]] = {
    ("port", "vlan"): (1, 4094, 7),
    ("port", "state"): ("static", "permanent"),
    ("port", "sticky"): (True, None),
    ("port", "extern_learn"): (True, None),
    ("bridge", "vlan"): (1, 4094, 7),
    ("bridge", "extern_learn"): (True, None),
    ("vxlan", "dst"): ("192.0.2.9", "192.0.2.10", "255.255.255.254"),
    ("vxlan6", "dst"): ("2001:db8::9", "fe80::a"),
    ("vxlan", "port"): (1, 65535, 8472, None),
    ("vxlan", "vni"): (1, 2**24 - 1, None),
    ("vxlan", "via"): ("lower", "other", None),
    ("vxlan", "state"): ("static", "permanent"),
    ("vxlan", "extern_learn"): (True, None),
    ("external", "src_vni"): (1, 2**24 - 1),
}
"""Values by the place of the entry: a bridge's port, a bridge, a VXLAN over IPv4 or IPv6, an external one."""

COMPANY: dict[str, dict[str, Json]] = {
    "vxlan": {"dst": "192.0.2.9"}, "vxlan6": {"dst": "2001:db8::9"}, "external": {"dst": "192.0.2.9", "vni": 100},
}  # fmt: skip
LINK = {"port": "lower", "bridge": "switch", "vxlan": "vx4", "vxlan6": "vx6", "external": "vxe"}
LINKS: dict[str, Json] = {
    "switch": {"kind": "bridge", "ports": ["lower"]},
    "other": {},
    "vx4": {"kind": "vxlan", "vni": 10, "local": "192.0.2.1"},
    "vx6": {"kind": "vxlan", "vni": 11, "local": "2001:db8::1"},
    "vxe": {},
}


def rows() -> list[Any]:
    """(place, attribute); VLANs need a bridge that knows them."""
    return [
        pytest.param(place, name, id=f"{place}-{name}", marks=[pytest.mark.kernel("vlan_filtering")] * (name == "vlan"))
        for place, name in SAMPLES
    ]


@pytest.fixture(scope="module")
def stage() -> Iterator[Engine]:
    with Lab() as lab:
        near, far = lab.host("near"), lab.host("far")
        for end in ("lower", "other"):
            lab.cable(near, end, far, end)
        with at_work(near) as engine:
            engine.by_hand("link", "add", "vxe", "type", "vxlan", "external", "dstport", "4790")
            engine.apply(links=LINKS)
            by_hand(engine, "add", FOREIGN, "dev", "lower", "master", "static")
            by_hand(engine, "add", FOREIGN, "dev", "vx4", "dst", "192.0.2.77")
            yield engine


def by_hand(engine: Engine, *arguments: str) -> None:
    """`bridge fdb`, which must succeed."""
    command = ["bridge", "-n", engine.host.netns, "fdb", *arguments]
    subprocess.run(command, check=True, timeout=30)


@pytest.fixture
def engine(stage: Engine) -> Iterator[Engine]:
    stage.apply(links=LINKS)
    yield stage
    stage.apply(links=LINKS)
    left = {(item["link"], item["mac"]) for item in by_bridge(stage) if item["mac"] in (MAC, GROUP, FLOOD, FOREIGN)}
    assert left == {("lower", FOREIGN), ("vx4", FOREIGN)}, "an entry is left behind, or a foreign one gone"


def entry(place: str, name: str, value: Value) -> Json:
    said = {"mac": MAC, **COMPANY.get(place, {}), **({name: value} if value is not None else {})}
    return {**said, "self": True} if place == "external" else said


def with_entries(place: str, *entries: Json) -> Json:
    """The links of a file, one of them with these entries; the bridge filters by VLAN where one is named."""
    links = {name: dict(said) for name, said in LINKS.items()} | {"lower": {}}
    links[LINK[place]]["fdb"] = list(entries)
    return links


def by_bridge(engine: Engine) -> list[Json]:
    """Static entries as bridge(8) says them; one that names no VLAN without its copy in each."""
    found = in_every_vlan(engine)
    return [item for item in found if not item["vlan"] or {**item, "vlan": None} not in found]


def in_every_vlan(engine: Engine) -> list[Json]:
    """Static entries as bridge(8) says them, without what the kernel makes by itself."""
    command = ["bridge", "-n", engine.host.netns, "-d", "-j", "fdb", "show"]
    shown = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout)
    return [_facts(item) for item in shown if _is_static(item)]


def _is_static(item: Json) -> bool:
    """Neither learned nor a group that a device listens to."""
    static = item["state"] or "extern_learn" in item.get("flags", [])
    return bool(static and (item["mac"][:5] not in ("33:33", "01:00") or "dst" in item))


def _facts(item: Json) -> Json:
    """What our words for it are; None where bridge(8) says nothing."""
    flags = item.get("flags", [])
    names = {"via": "viaIf", "vlan": "vlan", "dst": "dst", "port": "port", "vni": "vni", "src_vni": "src_vni"}
    return {
        "link": item["ifname"],
        "mac": item["mac"],
        "self": "self" in flags or item.get("master") == item["ifname"],
        "state": "permanent" if item["state"] == "permanent" else "static",
        "sticky": True if "sticky" in flags else None,
        "extern_learn": True if "extern_learn" in flags else None,
        **{name: item.get(word) for name, word in names.items()},
    }


def look(engine: Engine, place: str, mac: str = MAC) -> list[dict[str, Value]]:
    """The entries for one address by netapply's reader, once bridge(8) has said the same."""
    mine = [
        {"link": item.key[1], "mac": item.key[2], "self": item.key[3].endswith("self"), **item.attributes}
        for item in engine.observed().family("fdb") if item.key[1:3] == (LINK[place], mac)
    ]  # fmt: skip
    for item in mine:
        assert item.pop("nhid") is None
    theirs = [item for item in by_bridge(engine) if (item["link"], item["mac"]) == (LINK[place], mac)]
    assert sorted(mine, key=str) == sorted(({name: each[name] for name in mine[0]} for each in theirs), key=str)
    return mine


def make_vlan_aware(engine: Engine, value: Value) -> None:
    """By hand: VLANs of bridges are another family's."""
    engine.by_hand("link", "set", "switch", "type", "bridge", "vlan_filtering", "1")
    for arguments in (("lower",), ("switch", "self")):
        command = ["bridge", "-n", engine.host.netns, "vlan", "add", "vid", str(value), "dev", *arguments]
        subprocess.run(command, check=True, timeout=30)


def test_every_row_stands_somewhere() -> None:
    assert {name for _, name in SAMPLES} == set(table_of(Fdb).rows)


@pytest.mark.parametrize(("place", "name"), rows())
def test_an_entry_is_made_with_it_and_goes_with_it(engine: Engine, place: str, name: str) -> None:
    for value in SAMPLES[place, name]:
        if name == "vlan":
            make_vlan_aware(engine, value)
        plan = engine.apply(links=with_entries(place, entry(place, name, value)))
        assert [change.action for change in plan.changes if change.family == "fdb"] == [Action.CREATE]
        (seen,) = look(engine, place)
        assert seen[name] == value
        engine.apply(links=LINKS)
        assert all(item["mac"] != MAC for item in by_bridge(engine))


@pytest.mark.parametrize(("place", "name"), [each for each in rows() if each.values[1] not in ("vlan", "src_vni")])
def test_an_entry_changes_as_the_row_says(engine: Engine, place: str, name: str) -> None:
    samples = SAMPLES[place, name]
    engine.apply(links=with_entries(place, entry(place, name, samples[0])))
    for _, after in pairwise((*samples, samples[0])):
        plan = engine.apply(links=with_entries(place, entry(place, name, after)))
        (change,) = plan.changes
        (seen,) = look(engine, place)
        assert seen[name] == after
        recreated = table_of(Fdb).rows[name].change is Change.RECREATE
        assert change.action is (Action.REPLACE if recreated else Action.UPDATE)


@pytest.mark.parametrize("mac", [FLOOD, GROUP])
def test_an_address_may_have_several_remotes(engine: Engine, mac: str) -> None:
    """Each appended, each deleted alone; the same endpoint twice where port or identifier differ."""
    remotes: list[Json] = [{"dst": f"192.0.2.{number}"} for number in (11, 12)]
    remotes += [
        {"dst": "192.0.2.11", "port": 99},
        {"dst": "192.0.2.11", "vni": 99},
        {"dst": "192.0.2.12", "via": "lower"},
    ]
    everything = [{"mac": mac, **remote} for remote in remotes]
    engine.apply(links=with_entries("vxlan", *everything))
    assert len(look(engine, "vxlan", mac)) == 5
    for missing in range(5):
        some = everything[:missing] + everything[missing + 1 :]
        plan = engine.apply(links=with_entries("vxlan", *some))
        actions = {change.action for change in plan.changes}
        assert actions == ({Action.DELETE, Action.CREATE} if missing else {Action.DELETE})
        assert len(look(engine, "vxlan", mac)) == 4


def test_remotes_are_forwarding_entries(engine: Engine) -> None:
    links = {**LINKS, "vx4": {**LINKS["vx4"], "remotes": ["192.0.2.8", "192.0.2.9"]}}
    engine.apply(links=links)
    assert {item["dst"] for item in look(engine, "vxlan", FLOOD)} == {"192.0.2.8", "192.0.2.9"}
    same = [{"mac": FLOOD, "dst": f"192.0.2.{number}"} for number in (8, 9)]
    assert not engine.plan(links=with_entries("vxlan", *same)), "the same in other words"


def test_the_own_remote_is_not_seen_twice(engine: Engine) -> None:
    """Trap 11: the kernel makes an entry of it. It follows the attribute, and a neighbour of it is left alone."""
    wish = {**LINKS, "vx4": {**LINKS["vx4"], "remote": "192.0.2.7", "remotes": ["192.0.2.8"]}}
    engine.apply(links=wish)
    seen = [item.attributes["dst"] for item in engine.observed().family("fdb") if item.key[2] == FLOOD]
    assert seen == ["192.0.2.8"]
    assert {item["dst"] for item in by_bridge(engine) if item["mac"] == FLOOD} == {"192.0.2.7", "192.0.2.8"}
    swapped = {**LINKS, "vx4": {**LINKS["vx4"], "remote": "192.0.2.8", "remotes": ["192.0.2.7"]}}
    engine.apply(links=swapped)
    assert {item["dst"] for item in by_bridge(engine) if item["mac"] == FLOOD} == {"192.0.2.7", "192.0.2.8"}
    engine.apply(links=wish)
    assert {item["dst"] for item in by_bridge(engine) if item["mac"] == FLOOD} == {"192.0.2.7", "192.0.2.8"}


def test_a_learned_entry_is_taken_over_and_never_a_resource(engine: Engine) -> None:
    for arguments in (("lower", "master", "dynamic"), ("vx4", "self", "dynamic", "dst", "192.0.2.50")):
        by_hand(engine, "add", MAC, "dev", *arguments)
    assert not [item for item in engine.observed().family("fdb") if item.key[2] == MAC]
    links = with_entries("vxlan", {"mac": MAC, "dst": "192.0.2.9"})
    links["lower"]["fdb"] = [{"mac": MAC}]
    engine.apply(links=links)
    assert [item["state"] for item in look(engine, "port")] == ["static"]
    assert [item["dst"] for item in look(engine, "vxlan")] == ["192.0.2.9"]


def test_an_address_moves_from_port_to_port(engine: Engine) -> None:
    links: Json = {**LINKS, "switch": {"kind": "bridge", "ports": ["lower", "other"]}, "lower": {}}
    engine.apply(links={**links, "lower": {"fdb": [{"mac": MAC}]}})
    engine.apply(links={**links, "other": {"fdb": [{"mac": MAC}]}})
    assert [item["link"] for item in by_bridge(engine) if item["mac"] == MAC] == ["other"]


@pytest.mark.kernel("vlan_filtering")
def test_an_entry_without_vlan_stands_in_every_vlan(engine: Engine) -> None:
    """The kernel makes one more in each; with it they go, and one that is named for itself comes back."""
    make_vlan_aware(engine, 7)
    engine.apply(links=with_entries("port", {"mac": MAC}))
    assert {item["vlan"] for item in in_every_vlan(engine) if item["mac"] == MAC} >= {None, 7}
    engine.apply(links=with_entries("port", {"mac": MAC, "vlan": 7}))
    assert [item["vlan"] for item in look(engine, "port")] == [7]
