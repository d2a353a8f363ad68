"""The contract of port settings: every row is set, changed, returned to its default, and survives what resets it.

The witness is `ip -d -j link`; rows that Debian 12's iproute2 has no word for are read by raw_link. Rows that a
kernel of Debian 12 does not know are tried where the kernel does, and refused without a trace where it does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, Final

import pytest

from integration.raw_link import INFO_SLAVE_DATA, words_of
from integration.test_contract_engine import Engine, at_work
from integration.test_contract_samples import derived
from netapply.errors import MissingError, RolledBackError
from netapply.lab import Lab
from netapply.model.attribute import UNSET, Disruption, Row, Value, table_of
from netapply.model.bridge_port import BridgePort
from netapply.plan import Action

Json = Any
KEY = ("bridge_port", "probe")
SAMPLES: Final[dict[str, tuple[Value, ...]]] = {
    "group_fwd_mask": (0xFFFD, 0x4000, 0),
    "backup_port": ("other", "third", None),
}
COMPANY: Final[dict[str, dict[str, Value]]] = {"mab": {"locked": True}}
NAMES: Final = {
    "fast_leave": "fastleave", "proxyarp": "proxy_arp", "proxyarp_wifi": "proxy_arp_wifi",
    "mcast_router": "multicast_router",
}  # fmt: skip
NEWER: Final = {"mab": 40, "mcast_max_groups": 42, "neigh_vlan_suppress": 43}
"""By number (linux/if_link.h): since Linux 6.2, 6.3 and 6.4."""
ROWS = [pytest.param(row, id=row.attribute) for row in table_of(BridgePort)]
KNOWN_ROWS = [pytest.param(row, id=row.attribute) for row in table_of(BridgePort) if row.attribute not in NEWER]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Lab() as lab:
        near, far = lab.host("near"), lab.host("far")
        for end in ("probe", "other", "third"):
            lab.cable(near, end, far, end)
        with at_work(near) as engine:
            yield engine
            engine.apply(links={})


def samples_of(row: Row) -> tuple[Value, ...]:
    """At least two values, the ends of the range among them."""
    found = SAMPLES.get(row.attribute)
    return found or derived(BridgePort.model_json_schema()["properties"][row.attribute])


def links(said: dict[str, Value] | None = None, master: str = "br0", **bridge: Value) -> Json:
    """Three ports of a bridge, and another bridge; the first port says what it is given."""
    port = {"master": master} | ({} if said is None else {"bridge_port": said})
    same = {name: {"master": master} for name in ("other", "third")}
    return {"br0": {"kind": "bridge", **bridge}, "br1": {"kind": "bridge"}, **same, "probe": port}


def said(row: Row, value: Value) -> dict[str, Value]:
    return {**COMPANY.get(row.attribute, {}), row.attribute: value}


def look(engine: Engine, row: Row) -> Value:
    """The row's value by netapply's reader, once the other witness has said the same."""
    value = engine.seen(KEY).attributes[row.attribute]
    assert _shown(engine, row) == value
    return value


def _shown(engine: Engine, row: Row) -> Value:
    if row.attribute in NEWER:
        words = words_of(engine.host.netns, "probe", INFO_SLAVE_DATA).get(NEWER[row.attribute])
        return None if words is None else row.nla.unit.from_wire(words[0])
    data = engine.ip_link("probe")["linkinfo"]["info_slave_data"]
    word = NAMES.get(row.attribute, row.attribute)
    convert: Callable[[Value], Value] = {
        "group_fwd_mask": lambda text: int(str(text), 0)
    }.get(row.attribute, lambda value: value)  # fmt: skip
    return convert(data.get(word))


def is_known_here(engine: Engine, row: Row) -> bool:
    engine.apply(links=links())
    words = words_of(engine.host.netns, "probe", INFO_SLAVE_DATA)
    return row.attribute not in NEWER or NEWER[row.attribute] in words


@pytest.mark.parametrize("row", ROWS)
def test_a_row_has_samples_that_a_file_may_hold(row: Row) -> None:
    assert len(set(samples_of(row))) >= 2
    for value in samples_of(row):
        assert getattr(BridgePort.model_validate(said(row, value)), row.attribute) == value


@pytest.mark.parametrize("row", ROWS)
def test_a_row_is_set_changed_and_returned_to_its_default(engine: Engine, row: Row) -> None:
    if not is_known_here(engine, row):
        before = engine.ip_link("probe")["linkinfo"]
        with pytest.raises(RolledBackError, match=f"{row.attribute} .*needs Linux {row.nla.since}"):
            engine.apply(links=links(said(row, samples_of(row)[0] or 1)))
        assert engine.ip_link("probe")["linkinfo"] == before
        return
    samples = samples_of(row)
    engine.apply(links=links(said(row, samples[0])))
    assert look(engine, row) == samples[0]
    for before, after in pairwise((*samples, samples[0])):
        plan = engine.apply(links=links(said(row, after)))
        assert look(engine, row) == after, f"from {before}"
        assert [change.key for change in plan.changes] == [KEY]
        assert plan.changes[0].action is Action.UPDATE and plan.changes[0].disruption is Disruption.LIVE
    engine.apply(links=links())
    if row.nla.default is not UNSET:
        assert look(engine, row) == row.nla.default


@pytest.mark.parametrize("row", KNOWN_ROWS)
def test_a_row_that_nobody_set_has_its_default(engine: Engine, row: Row) -> None:
    engine.apply(links=links())
    assert row.nla.default in (UNSET, look(engine, row))


@pytest.mark.parametrize("row", KNOWN_ROWS)
def test_a_new_port_is_given_the_row_and_takes_it_along_to_another_bridge(engine: Engine, row: Row) -> None:
    """Whoever set it: the file, or a person by hand."""
    value = next(value for value in samples_of(row) if value not in (row.nla.default, None))
    engine.apply(links={})
    engine.apply(links=links(said(row, value)))
    assert look(engine, row) == value
    engine.apply(links=links(said(row, value), "br1"))
    assert look(engine, row) == value
    engine.apply(links=links(None, "br1"))
    by_hand = "hairpin" if row.attribute != "hairpin" else "learning"
    was = engine.seen(KEY).attributes[by_hand]
    engine.by_hand("link", "set", "probe", "type", "bridge_slave", by_hand, "off" if was else "on")
    engine.apply(links=links(None, "br0"))
    assert engine.seen(KEY).attributes[by_hand] is not was
    engine.apply(links={})


def test_what_was_set_by_hand_comes_back_when_a_plan_that_moves_the_port_fails(engine: Engine) -> None:
    engine.apply(links=links())
    for words in ("isolated on", "cost 77", "backup_port other"):
        engine.by_hand("link", "set", "probe", "type", "bridge_slave", *words.split())
    before = engine.ip_link("probe")["linkinfo"]["info_slave_data"]
    plan = engine.plan(links=links({"learning": False}, "br1"))
    assert [change.key for change in plan.changes if change.key[0] == "bridge_port"] == [KEY]

    def spoil(_: object) -> None:
        engine.run_ip("link", "set", "probe", "type", "bridge_slave", "learning", "on")

    with pytest.raises(RolledBackError):
        plan.apply(spoil)
    after = engine.ip_link("probe")["linkinfo"]["info_slave_data"]
    kept = ("isolated", "cost", "backup_port", "learning")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    engine.by_hand("link", "set", "probe", "type", "bridge_slave", "isolated", "off", "cost", "2", "nobackup_port")


def test_a_link_that_is_no_port_is_refused(engine: Engine) -> None:
    engine.apply(links={})
    with pytest.raises(MissingError, match="cannot set bridge port probe: it is no port of a bridge"):
        engine.plan(links={"probe": {"bridge_port": {"isolated": True}}})


def test_a_port_of_a_bridge_that_no_file_names_can_be_set(engine: Engine) -> None:
    engine.by_hand("link", "add", "foreign", "type", "bridge")
    engine.by_hand("link", "set", "probe", "master", "foreign")
    engine.apply(links={"probe": {"bridge_port": {"isolated": True, "priority": 5}}})
    engine.apply(links={"probe": {}})
    seen = engine.seen(KEY).attributes
    assert (seen["isolated"], seen["priority"]) == (False, 32)
    engine.by_hand("link", "del", "foreign")


def test_settings_go_with_their_port(engine: Engine) -> None:
    """A port that leaves, or whose bridge is deleted, has nothing left to return to a default."""
    engine.apply(links=links({"isolated": True}))
    engine.apply(links={"br0": {"kind": "bridge"}, "probe": {"master": None}})
    engine.apply(links=links({"isolated": True}))
    engine.apply(links={})
    assert "master" not in engine.ip_link("probe")
