"""The contract for nexthop objects: every row is written, replaced in place or made again, and gone.

iproute2 says the same of every object at every step, so what one change drags along is seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from integration.test_contract_engine import Engine, at_work
from integration.test_observe_routes import encap_of
from netapply.errors import ForeignError, MissingError
from netapply.families import default_of
from netapply.kernel.nexthops import PROTOCOL_WORDS
from netapply.lab import Lab
from netapply.model.attribute import UNSET, Change, Row, Value, table_of
from netapply.model.nexthop import NexthopObject
from netapply.model.nexthop_words import member_text, nexthop_key
from netapply.model.resource import Resource
from netapply.plan import Action

Json = Any
Facts = dict[str, Value]
BASES: dict[str, Json] = {
    "way": {"id": 20, "via": "192.0.2.9", "dev": "eno1"},
    "group": {"id": 20, "group": [7, 8]},
    "resilient": {"id": 20, "group": [7, 8], "type": "resilient", "buckets": 8},
    "bare": {"id": 20, "family": "inet", "dev": "eno1"},
    "fdb": {"id": 20, "via": "192.0.2.9"},
}
"""Sorts of objects; every row is tried on one that can have it."""
MEMBERS = [{"id": 7, "via": "192.0.2.9", "dev": "eno1"}, {"id": 8, "via": "198.51.100.9", "dev": "eno2"},
           {"id": 9, "family": "inet6", "dev": "eno2"}]  # fmt: skip
SAMPLES: dict[str, tuple[str, tuple[Value, ...]]] = {
    "family": ("bare", ("inet", "inet6")),
    "via": ("way", ("192.0.2.9", "192.0.2.10", "2001:db8::9")),
    "dev": ("bare", ("eno1", "eno2")),
    "onlink": ("way", (True, None)),
    "encap": (
        "way",
        ("ip id 20 dst 10.0.0.1", "ip id 20 dst 10.0.0.2 ttl 64 key", "ip id 20 dst 10.0.0.2 tos 16 csum", None),
    ),  # iproute2 calls the tunnel's number `id`, too, and so it must be the object's
    "blackhole": ("bare", (True, None)),
    "fdb": ("fdb", (True,)),
    "group": ("group", ([7, 8], [7], [{"id": 7, "weight": 3}, 8], [{"id": 8, "weight": 256}, 7, 9])),
    "type": ("group", ("hash-threshold", "resilient")),
    "buckets": ("resilient", (8, 1, 1024)),
    # iproute2 shows six digits of a time.
    "idle_timer": ("resilient", (1, 120, 4290000)),
    "unbalanced_timer": ("resilient", (5, 0, 4290000)),
    "protocol": ("way", ("static", "boot", "netapply")),
}
TABLE = list(table_of(NexthopObject))
ROWS = [pytest.param(row, id=row.attribute) for row in TABLE]
WITH_CHOICE = [pytest.param(row, id=row.attribute) for row in TABLE if len(SAMPLES[row.attribute][1]) > 1]
REMADE = [param for row, param in zip(TABLE, ROWS, strict=True) if row.change is Change.RECREATE]


@pytest.fixture(scope="module")
def stage() -> Iterator[Engine]:
    with Lab() as lab:
        near, far = lab.host("near"), lab.host("far")
        for number, addresses in enumerate((("192.0.2.1/24", "2001:db8::1/64"), ("198.51.100.1/24",)), 1):
            lab.cable(near, f"eno{number}", far, f"eth{number}")
            for address in addresses:
                near.add_address(address, f"eno{number}")
        with at_work(near) as engine:
            yield engine


@pytest.fixture
def engine(stage: Engine) -> Iterator[Engine]:
    stage.by_hand("nexthop", "add", "id", "77", "blackhole", "protocol", "zebra")
    before = by_ip(stage)
    yield stage
    stage.apply()
    assert by_ip(stage) == before, "a foreign object has changed"
    stage.by_hand("nexthop", "flush")


def by_ip(engine: Engine) -> dict[int, Facts]:
    return dict(map(_facts, engine.ip("-N", "nexthop")))


def _facts(shown: Json) -> tuple[int, Facts]:
    grouped, resilient = "group" in shown, shown.get("resilient_args", {})
    facts: Facts = {
        "via": shown.get("gateway"), "dev": shown.get("dev"), "encap": encap_of(shown),
        "onlink": True if "onlink" in shown["flags"] else None,
        "blackhole": True if "blackhole" in shown else None, "fdb": True if "fdb" in shown else None,
        "group": tuple(member_text(item["id"], item.get("weight", 1)) for item in
                       sorted(shown.get("group", ()), key=lambda item: int(item["id"]))),
        "type": shown.get("type", "hash-threshold") if grouped else None,
        "buckets": resilient.get("buckets"),
        "idle_timer": resilient.get("idle_timer"), "unbalanced_timer": resilient.get("unbalanced_timer"),
        "protocol": int(shown["protocol"]),
    }  # fmt: skip
    return shown["id"], facts


def by_netapply(engine: Engine) -> dict[int, Facts]:
    """The same by netapply's reader. The family iproute2 never says."""
    return {
        int(item.name): {name: _number(name, value) for name, value in item.attributes.items() if name != "family"}
        for item in engine.observed().family("nexthop")
    }


def _number(name: str, value: Value) -> Value:
    numbers = {word: number for number, word in PROTOCOL_WORDS.items()}
    return numbers.get(value, value) if name == "protocol" else value


def look(engine: Engine) -> Facts:
    """Object 20 by netapply's reader, once iproute2 has said the same of all objects."""
    mine = by_netapply(engine)
    theirs = by_ip(engine)
    assert {number: {**facts, "protocol": int(facts["protocol"])} for number, facts in mine.items()} == theirs
    return engine.seen(nexthop_key(20)).attributes


def wish(row: Row, value: Value) -> list[Json]:
    name = row.attribute
    entry = {**BASES[SAMPLES[name][0]]}
    if value is not None:
        entry[name] = value
    if name == "blackhole" and value:
        del entry["dev"]
    if name == "type" and value == "resilient":
        entry["buckets"] = 8
    return [*MEMBERS, entry]


def kept(row: Row, value: Value) -> Value:
    if row.attribute == "group":
        pairs = [(item, 1) if isinstance(item, int) else (item["id"], item["weight"]) for item in value]
        return tuple(member_text(number, weight) for number, weight in sorted(pairs))
    return value


def test_every_row_has_samples() -> None:
    assert SAMPLES.keys() == table_of(NexthopObject).rows.keys()


@pytest.mark.parametrize("row", ROWS)
def test_an_object_is_made_with_it_and_goes_with_it(engine: Engine, row: Row) -> None:
    for value in SAMPLES[row.attribute][1]:
        engine.apply(nexthops=wish(row, value))
        assert look(engine)[row.attribute] == kept(row, value)
        engine.apply()
        assert by_netapply(engine).keys() == {77}


@pytest.mark.parametrize("row", WITH_CHOICE)
def test_an_object_changes_as_its_row_says(engine: Engine, row: Row) -> None:
    """In place, with the route over it untouched; or made again, and the route put back."""
    samples = SAMPLES[row.attribute][1]
    routes = [{"to": "203.0.113.0/24", "nexthop": 20}] if row.attribute != "family" else []
    engine.apply(nexthops=wish(row, samples[0]), routes=routes)
    for value in (*samples[1:], samples[0]):
        plan = engine.apply(nexthops=wish(row, value), routes=routes)
        assert look(engine)[row.attribute] == kept(row, value)
        action = Action.REPLACE if row.change is Change.RECREATE else Action.UPDATE
        assert [change.action for change in plan.changes if change.key == nexthop_key(20)] == [action]
        assert [change.family for change in plan.changes].count("route") == len(routes) * (action is Action.REPLACE)
        assert len(engine.ip("route", "show", "203.0.113.0/24")) == len(routes)


@pytest.mark.parametrize("row", REMADE)
def test_the_kernel_would_not_change_it_in_place(engine: Engine, row: Row) -> None:
    for before, after in pairwise(SAMPLES[row.attribute][1]):
        engine.apply(nexthops=wish(row, before))
        (*_, entry) = wish(row, after)
        done = engine.run_ip(*f"nexthop replace id 20 group 7/8 {_words(entry)}".split())
        assert done.returncode != 0 or look(engine)[row.attribute] != after
        engine.apply()


def _words(entry: Json) -> str:
    return f"type {entry['type']} buckets {entry['buckets']}" if entry.get("type") == "resilient" else ""


def test_a_way_does_not_become_a_group_in_place(engine: Engine) -> None:
    routes = [{"to": "203.0.113.0/24", "nexthop": 20}]
    engine.apply(nexthops=[*MEMBERS, BASES["way"]], routes=routes)
    for sort in ("group", "way"):
        plan = engine.apply(nexthops=[*MEMBERS, BASES[sort]], routes=routes)
        assert [change.action for change in plan.changes if change.key == nexthop_key(20)] == [Action.REPLACE]
    assert engine.run_ip("nexthop", "replace", "id", "20", "group", "7/8").returncode != 0


@pytest.mark.parametrize("row", ROWS)
def test_an_object_returns_to_the_default(engine: Engine, row: Row) -> None:
    default = default_of(Resource(nexthop_key(20), "nexthop"), row.attribute)
    if default is UNSET or row.attribute in BASES[SAMPLES[row.attribute][0]] or row.attribute == "fdb":
        assert row.attribute in ("family", "type", *BASES[SAMPLES[row.attribute][0]], "fdb")
        return
    for value in SAMPLES[row.attribute][1]:
        engine.apply(nexthops=wish(row, value))
        engine.apply(nexthops=wish(row, None))
        assert look(engine)[row.attribute] == (None if row.attribute in ("via", "dev") else default)


def test_members_come_before_their_group_and_go_after_it(engine: Engine) -> None:
    group = {"id": 5, "group": [7, 8]}
    plan = engine.apply(nexthops=[group, *MEMBERS], routes=[{"to": "203.0.113.0/24", "nexthop": 5}])
    made = [operation.key[1] for operation in plan.operations if operation.key[0] == "nexthop"]
    assert made.index("5") == len(made) - 1
    plan = engine.apply()
    gone = [operation.key[:2] for operation in plan.operations]
    assert gone[0][0] == "route"
    assert gone[1] == nexthop_key(5)


def test_a_route_moves_to_another_way_before_the_former_goes(engine: Engine) -> None:
    """Neither the route nor the group is ever without a way."""
    route = {"to": "203.0.113.0/24"}
    engine.apply(nexthops=[*MEMBERS, {"id": 20, "group": [7]}], routes=[{**route, "nexthop": 20}])
    plan = engine.apply(nexthops=[MEMBERS[1], {"id": 20, "group": [8]}], routes=[{**route, "nexthop": 20}])
    assert [change.family for change in plan.changes].count("route") == 0
    plan = engine.apply(routes=[{**route, "via": "192.0.2.9"}])
    assert next((change.family, change.action) for change in plan.changes) == ("route", Action.UPDATE)
    (shown,) = engine.ip("route", "show", "203.0.113.0/24")
    assert shown["gateway"] == "192.0.2.9" and "nhid" not in shown


@pytest.mark.parametrize("to", ["203.0.113.0/24", "2001:db8:9::/48"])
def test_a_route_changes_between_its_own_way_and_an_object(engine: Engine, to: str) -> None:
    inet6 = ":" in to
    vias = ("2001:db8::9", "2001:db8::a") if inet6 else ("192.0.2.9", "192.0.2.10")
    objects = [{"id": 20, "via": vias[0], "dev": "eno1"}, {"id": 21, "via": vias[1], "dev": "eno1"},
               {"id": 22, "group": [20, 21]}]  # fmt: skip
    ways: list[Json] = [
        {"via": vias[0]}, {"nexthop": 20}, {"nexthop": 22}, {"nexthops": [{"via": each} for each in vias]},
        {"nexthop": 21}, {"type": "blackhole"}, {"nexthop": 22}, {"via": vias[1]},
    ]  # fmt: skip
    for way in ways:
        engine.apply(nexthops=objects, routes=[{"to": to, **way}])
        (route,) = (item for item in engine.observed().family("route") if item.key[3] == to)
        assert route.attributes["nexthop"] == way.get("nexthop")
        shown = [entry for entry in engine.ip("-6" if inet6 else "-4", "route", "show") if entry["dst"] == to]
        assert [entry.get("nhid") for entry in shown] == [way.get("nexthop")]


def test_a_daemons_object_is_left_alone(engine: Engine) -> None:
    with pytest.raises(ForeignError, match="choose another id"):
        engine.plan(nexthops=[{"id": 77, "via": "192.0.2.9", "dev": "eno1"}])


def test_a_route_over_an_object_that_nobody_has_is_refused(engine: Engine) -> None:
    with pytest.raises(MissingError, match="neither the file nor the host has a nexthop 4711"):
        engine.plan(routes=[{"to": "203.0.113.0/24", "nexthop": 4711}])
    engine.apply(nexthops=MEMBERS, routes=[{"to": "203.0.113.0/24", "nexthop": 7}])
    with pytest.raises(MissingError, match="is no longer in the file"):
        engine.plan(nexthops=MEMBERS[1:], routes=[{"to": "203.0.113.0/24", "nexthop": 7}])


def test_a_foreign_object_may_be_used(engine: Engine) -> None:
    engine.apply(routes=[{"to": "203.0.113.0/24", "nexthop": 77}])
    (shown,) = engine.ip("route", "show", "203.0.113.0/24")
    assert shown["nhid"] == 77
