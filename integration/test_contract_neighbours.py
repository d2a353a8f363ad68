"""The contract for static and proxy neighbours: every row of both families is written, read back, changed, and gone.

The second witness is `ip -j neigh`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from integration.test_contract_engine import Engine, at_work
from netapply.lab import Lab
from netapply.model.attribute import Value, table_of
from netapply.model.neighbour import Neighbour
from netapply.model.part import Part
from netapply.model.proxy_neighbour import ProxyNeighbour
from netapply.model.routing import PROTOCOL
from netapply.plan import Action

Json = Any
MODELS: dict[str, type[Part]] = {"neighbours": Neighbour, "proxy_neighbours": ProxyNeighbour}
ADDRESS = {"inet": "10.0.0.2", "inet6": "2001:db8::2"}
SAMPLES: dict[tuple[str, str], tuple[Value, ...]] = {
    ("neighbours", "mac"): ("02:00:5e:10:00:02", "fe:ff:ff:ff:ff:ff", "02:00:5e:10:00:03"),
    ("neighbours", "state"): ("permanent", "noarp"),
    ("neighbours", "router"): (True, None),
    ("neighbours", "extern_learn"): (True, None),
    ("proxy_neighbours", "router"): (True, None),
}
COMPANY: dict[str, dict[str, Json]] = {"neighbours": {"mac": "02:00:5e:10:00:02"}, "proxy_neighbours": {}}
ROWS = [
    pytest.param(field, name, inet, id=f"{field}-{name}-{inet}") for field, name in SAMPLES for inet in ADDRESS
]  # fmt: skip


@pytest.fixture(scope="module")
def stage() -> Iterator[Engine]:
    with Lab() as lab:
        near, far = lab.host("near"), lab.host("far")
        lab.cable(near, "eth0", far, "eth0")
        with at_work(near) as engine:
            engine.by_hand(
                "neigh", "add", "10.0.0.77", "lladdr", "02:00:5e:10:00:77", "dev", "eth0", "nud", "permanent"
            )
            engine.by_hand("neigh", "add", "proxy", "10.0.0.78", "dev", "eth0")
            yield engine


@pytest.fixture
def engine(stage: Engine) -> Iterator[Engine]:
    """Two entries that somebody else made, and what the kernel made by itself: they stay as they are."""
    yield stage
    stage.apply(links={"eth0": {}})
    assert {item["dst"] for item in by_ip(stage, "neighbours")} == {"10.0.0.77"}
    assert {item["dst"] for item in by_ip(stage, "proxy_neighbours")} == {"10.0.0.78"}


def by_ip(engine: Engine, field: str) -> list[Json]:
    """Static ones as ip(8) says them; `state` none where there is none, as proxied ones have."""
    if field == "proxy_neighbours":
        return engine.ip("neigh", "show", "proxy")
    shown = [item for item in engine.ip("neigh", "show", "nud", "all") if {"PERMANENT", "NOARP"} & {*item["state"]}]
    return [item for item in shown if not item["lladdr"].startswith(("33:33", "01:00:5e", "ff:ff", "00:00"))]


def look(engine: Engine, field: str, inet: str) -> dict[str, Value]:
    """The one of this file by netapply's reader, once ip(8) has said the same."""
    family = MODELS[field].family
    mine = engine.seen((family, "eth0", ADDRESS[inet])).attributes
    (theirs,) = [item for item in by_ip(engine, field) if item["dst"] == ADDRESS[inet]]
    said = {
        "mac": theirs.get("lladdr"),
        "state": theirs["state"][0].lower() if "state" in theirs else None,
        "router": True if "router" in theirs else None,
        "extern_learn": True if "extern_learn" in theirs else None,
        "protocol": int(theirs["protocol"]),
    }
    assert mine == {name: said[name] for name in mine}
    assert mine["protocol"] == PROTOCOL
    return mine


def link(field: str, inet: str, **said: Value) -> Json:
    wish = {"to": ADDRESS[inet], **COMPANY[field], **{name: value for name, value in said.items() if value is not None}}
    return {"eth0": {field: [wish]}}


def test_every_row_has_samples() -> None:
    assert set(SAMPLES) == {(field, row.attribute) for field, model in MODELS.items() for row in table_of(model)}


@pytest.mark.parametrize(("field", "name", "inet"), ROWS)
def test_it_is_made_changed_in_place_and_gone(engine: Engine, field: str, name: str, inet: str) -> None:
    samples = SAMPLES[field, name]
    engine.apply(links=link(field, inet, **{name: samples[0]}))
    assert look(engine, field, inet)[name] == samples[0]
    for _, after in pairwise((*samples, samples[0])):
        plan = engine.apply(links=link(field, inet, **{name: after}))
        assert [change.action for change in plan.changes] == [Action.UPDATE]
        assert look(engine, field, inet)[name] == after


@pytest.mark.parametrize("state", ["reachable", "stale", "permanent", "noarp"])
def test_whatever_is_known_of_the_address_is_taken_over(engine: Engine, state: str) -> None:
    engine.by_hand("neigh", "replace", "10.0.0.2", "lladdr", "02:00:5e:10:00:66", "dev", "eth0", "nud", state)
    engine.apply(links=link("neighbours", "inet"))
    mine = engine.seen(("neighbour", "eth0", "10.0.0.2")).attributes
    assert (mine["mac"], mine["state"]) == ("02:00:5e:10:00:02", "permanent")
    engine.by_hand("neigh", "del", "10.0.0.2", "dev", "eth0")


def test_an_address_alone_is_a_proxied_one(engine: Engine) -> None:
    engine.apply(links={"eth0": {"proxy_neighbours": ["10.0.0.2", "2001:db8::2"]}})
    assert [look(engine, "proxy_neighbours", inet)["router"] for inet in ADDRESS] == [None, None]


def test_a_foreign_neighbour_goes_back_to_what_it_was(engine: Engine) -> None:
    engine.apply(links={"eth0": {"neighbours": [{"to": "10.0.0.77", "mac": "02:00:5e:10:00:99"}]}})
    assert [item["lladdr"] for item in by_ip(engine, "neighbours")] == ["02:00:5e:10:00:99"]
    with engine.netapply.session() as session:
        assert ("neighbour", "eth0", "10.0.0.77") not in session.store.read_owned().made
    engine.netapply.rollback().apply()
    assert [item["lladdr"] for item in by_ip(engine, "neighbours")] == ["02:00:5e:10:00:77"]
