"""What the kernel takes away from a link's entries as a side effect is put back: the file's, and everybody else's.

Each test fails without the rule that it is about (netapply/plan/consequences.py, entries.py): the plan's own
verification, or the comparison with what `bridge` and `ip` said before, finds the loss.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from integration.applying import failing_at
from integration.test_contract_engine import Engine, at_work
from netapply.errors import RefusedError, RolledBackError
from netapply.lab import Lab

Json = Any
OURS, THEIRS, OTHER = "02:00:5e:10:00:01", "02:00:5e:10:00:02", "02:00:5e:10:00:03"
PORT: Json = {
    "mtu": 1500,
    "addresses": ["10.0.0.1/24", "2001:db8::1/64"],
    "fdb": [{"mac": OURS}],
    "neighbours": [{"to": "10.0.0.2", "mac": OURS}, {"to": "2001:db8::2", "mac": OURS}],
    "proxy_neighbours": ["10.0.0.9"],
}
VXLAN: Json = {"kind": "vxlan", "vni": 7, "local": "10.0.0.1", "remotes": ["10.0.0.3"]}
LINKS: Json = {"port": PORT, "br": {"kind": "bridge", "ports": ["port"], "fdb": [{"mac": OTHER}]}, "vx": VXLAN}


@pytest.fixture
def engine() -> Iterator[Engine]:
    """A port, its bridge and a VXLAN, with entries of the file and others made by hand."""
    with Lab() as lab:
        near, far = lab.host("near"), lab.host("far")
        lab.cable(near, "port", far, "eth0")
        with at_work(near) as engine:
            engine.apply(links=LINKS)
            bridge(engine, "add", THEIRS, "dev", "port", "master", "static", "sticky")
            bridge(engine, "append", "00:00:00:00:00:00", "dev", "vx", "dst", "10.0.0.4", "port", "99")
            bridge(engine, "add", THEIRS, "dev", "vx", "dst", "10.0.0.4", "self", "static")
            for address in ("10.0.0.5", "2001:db8::5"):
                engine.by_hand("neigh", "add", address, "lladdr", THEIRS, "dev", "port", "nud", "permanent")
            engine.by_hand("neigh", "add", "proxy", "10.0.0.10", "dev", "port")
            yield engine


def bridge(engine: Engine, *arguments: str) -> None:
    subprocess.run(["bridge", "-n", engine.host.netns, "fdb", *arguments], check=True, timeout=30)


def entries(engine: Engine) -> list[str]:
    """Every static entry as bridge(8) and ip(8) say it, but for what the kernel makes by itself."""
    command = ["bridge", "-n", engine.host.netns, "-d", "-j", "fdb", "show"]
    shown = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout)
    fdb = [item for item in shown if item["mac"][:8] == "02:00:5e" or "dst" in item]
    neighbours = engine.ip("neigh", "show", "nud", "permanent") + engine.ip("neigh", "show", "proxy")
    moving = ("used", "updated", "ref_cnt", "probes", "confirmed")
    return sorted(
        json.dumps({name: value for name, value in item.items() if name not in moving}, sort_keys=True)
        for item in (*fdb, *neighbours)
    )


def changed(**links: Json) -> Json:
    """The file with some links said otherwise."""
    return {name: {**LINKS.get(name, {}), **links.get(name, {})} for name in {**LINKS, **links}}


@pytest.mark.parametrize(
    "links",
    [
        pytest.param({"port": {"mac": "06:00:5e:10:00:aa"}}, id="another MAC address"),
        pytest.param({"port": {"up": False}}, id="down"),
        pytest.param({"vx": {"port": 8472}}, id="VXLAN made again"),
        pytest.param({"port": {"addresses": ["10.0.0.77/24", "2001:db8::1/64"]}}, id="all IPv4 addresses replaced"),
        pytest.param({"vx": {"remote": "10.0.0.6"}}, id="a remote of its own"),
        pytest.param({"vx": {"up": False}, "br": {"up": False}}, id="VXLAN and bridge down"),
    ],
)
def test_nothing_is_lost(engine: Engine, links: Json) -> None:
    before = entries(engine)
    own_remote = '"dst": "10.0.0.6"'
    engine.apply(links=changed(**links))
    assert [line for line in entries(engine) if own_remote not in line] == before
    engine.netapply.rollback().apply()
    assert entries(engine) == before


def test_a_bridge_deleted_in_vain_takes_its_entries_back(engine: Engine) -> None:
    """And its port, with the entries of the port, the one made by hand among them."""
    before = entries(engine)
    with pytest.raises(RolledBackError), failing_at(2):
        engine.plan(links={name: said for name, said in LINKS.items() if name == "vx"}).apply()
    assert entries(engine) == before


@pytest.mark.parametrize("number", range(6))
def test_a_failure_leaves_everything_as_it_was(engine: Engine, number: int) -> None:
    """VXLAN and bridge deleted, the port given another address: and back, entry for entry."""
    before = entries(engine)
    plan = engine.plan(links={"port": {"mac": "06:00:5e:10:00:bb", "mtu": 1400, "up": False}})
    with failing_at(number) as fault, pytest.raises(RolledBackError):
        plan.apply()
    assert fault.fired
    assert entries(engine) == before


def test_a_port_that_moves_takes_along_what_the_file_names(engine: Engine) -> None:
    """The other entry belonged to the former bridge; the plan says that it goes, and an undo brings it back."""
    before = entries(engine)
    links = {**LINKS, "br": {**LINKS["br"], "ports": []}, "br2": {"kind": "bridge", "ports": ["port"]}}
    plan = engine.plan(links=links)
    assert any(THEIRS in note and "leaves br" in note for note in plan.notes)
    engine.apply(links=links)
    fdb = [json.loads(line) for line in entries(engine) if '"master"' in line]
    assert {(item["mac"], item["master"]) for item in fdb} == {(OURS, "br2"), (OTHER, "br")}
    engine.netapply.rollback().apply()
    assert entries(engine) == before


def test_an_entry_follows_the_device_that_it_leads_over(engine: Engine) -> None:
    """A device made again has another index; the entry names the former one, and must be made again too."""
    over: Json = {"kind": "vxlan", "vni": 9, "local": "10.0.0.1"}
    links = {
        **LINKS,
        "over": over,
        "vx": {**VXLAN, "remotes": [], "fdb": [{"mac": OURS, "dst": "10.0.0.3", "via": "over"}]},
    }
    engine.apply(links=links)
    engine.apply(links={**links, "over": {**over, "port": 8472}})
    assert [json.loads(line)["viaIf"] for line in entries(engine) if "viaIf" in line] == ["over"]


def test_entries_that_nobody_names_are_read_only_where_they_may_be_lost() -> None:
    with Lab() as lab, at_work(lab.host("quiet")) as engine:
        engine.by_hand("link", "add", "port", "up", "type", "bridge")
        for links, read in ({"port": {"mtu": 1400}, "br": {"kind": "bridge"}}, False), ({"port": {"up": False}}, True):
            families = engine.plan(links=links).work.observed.families
            assert ("fdb" in families, "neighbour" in families) == (read, read)


@pytest.mark.parametrize(
    ("links", "reason"),
    [
        ({"lone": {"fdb": [{"mac": OURS}]}}, "a port of no bridge"),
        ({"lone": {"fdb": [{"mac": OURS, "self": True}]}}, "has no table of its own"),
        ({"port": {"fdb": [{"mac": "00:00:00:00:00:00"}]}}, "all zeros are for a VXLAN"),
    ],
)
def test_what_has_no_place_is_refused_before_anything_is_done(engine: Engine, links: Json, reason: str) -> None:
    engine.by_hand("link", "add", "lone", "type", "veth", "peer", "name", "lone2")
    with pytest.raises(RefusedError, match=reason):
        engine.plan(links={**LINKS, **links})
    (port,) = engine.ip("link", "show", "dev", "port")
    with pytest.raises(RefusedError, match="the kernel enters"):
        engine.plan(links={**LINKS, "port": {"fdb": [{"mac": port["address"], "state": "permanent"}]}})


def test_what_is_shown_is_what_is_there(engine: Engine) -> None:
    """`show` as a file: nothing to do, for any of it."""
    text = engine.netapply.show()
    assert THEIRS in json.dumps(text) and "10.0.0.10" in json.dumps(text)
    assert not engine.plan(**{name: part for name, part in text.items() if name != "version"})
