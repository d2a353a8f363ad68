"""The contract for policy rules: every row of both families is written, read back equal, changed and gone.

The kernel cannot change a rule, so a change is another rule made and the former one taken away; whatever
else is at the same priority must not notice.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from integration.test_contract_engine import Engine, at_work
from integration.test_contract_samples import derived
from integration.test_observe_routes import FAMILY_OPTION, Facts, rules_by_ip, rules_by_netapply
from netapply.lab import Lab
from netapply.model.attribute import Change, Row, Value, table_of
from netapply.model.route import PROTOCOL
from netapply.model.rule import Rule
from netapply.plan import Action

Json = Any
PRIORITY = 700
BOTH = ("inet", "inet6")

SAMPLES: dict[tuple[str, str], tuple[Value, ...]] = {
    ("inet", "src"): ("10.0.0.0/8", "192.0.2.1/32", "0.0.0.0/0"),
    ("inet6", "src"): ("fd00::/8", "2001:db8::1/128", "::/0"),
    ("inet", "dst"): ("10.0.0.0/8", "192.0.2.1/32", "default"),
    ("inet6", "dst"): ("fd00::/8", "2001:db8::1/128", "default"),
    **{(inet, name): ("lo", "eno1.700", "x" * 15) for inet in BOTH for name in ("iif", "oif")},
    **{(inet, "fwmark"): (1, 2**32 - 1, 0x8000) for inet in BOTH},
    ("inet", "tos"): (4, 28, 0),
    ("inet6", "tos"): (4, 252, 0),
    **{(inet, "table"): (1, 252, 253, 254, 255, 256, 2**32 - 1) for inet in BOTH},
    **{(inet, "ipproto"): ("tcp", 255, 1, "sctp") for inet in BOTH},
    **{(inet, name): ("80", "1-65534", "8000-8010") for inet in BOTH for name in ("sport", "dport")},
    **{(inet, "uidrange"): ("0-99", "1000", f"0-{2**32 - 2}") for inet in BOTH},
    **{(inet, "tun_id"): (1, 2**64 - 1) for inet in BOTH},
    **{(inet, "goto"): (PRIORITY + 1, 2**32 - 1) for inet in BOTH},
    ("inet", "realms"): ("7", "3/4", "65535/65535"),
}
"""Devices need not exist: a rule may name one that comes later."""
MATCHES_EVERYTHING = ("0.0.0.0/0", "::/0", "default")
"""What the kernel does not keep, because it says nothing."""
ALIASES = {"src": "from", "dst": "to", "invert": "not"}
COMPANY: dict[str, dict[str, Json]] = {
    "fwmask": {"fwmark": 5}, "sport": {"ipproto": "tcp"}, "dport": {"ipproto": "udp"},
}  # fmt: skip
NUMBERS = {"tcp": 6, "sctp": 132}
IPV4_ONLY = {"realms"}
NO_LOOKUP = {"table", "goto"}


ROWS = [
    pytest.param(inet, row, id=f"{inet}-{row.attribute}") for inet in BOTH for row in table_of(Rule)
    if inet == "inet" or row.attribute not in IPV4_ONLY
]  # fmt: skip


@pytest.fixture(scope="module")
def stage() -> Iterator[Engine]:
    with Lab() as lab, at_work(lab.host("near")) as engine:
        yield engine


@pytest.fixture
def engine(stage: Engine) -> Iterator[Engine]:
    """A neighbour at the priority of the tests, and the kernel's own rules: they stay as they are."""
    for option in FAMILY_OPTION.values():
        stage.by_hand(option, "rule", "add", "priority", str(PRIORITY), "ipproto", "47", "lookup", "47")
    before = [rules_by_ip(stage, inet) for inet in BOTH]
    yield stage
    stage.apply()
    assert [rules_by_ip(stage, inet) for inet in BOTH] == before
    for option in FAMILY_OPTION.values():
        stage.by_hand(option, "rule", "delete", "priority", str(PRIORITY), "ipproto", "47", "lookup", "47")


def samples_of(inet: str, row: Row) -> tuple[Value, ...]:
    return SAMPLES.get((inet, row.attribute)) or derived(
        Rule.model_json_schema(by_alias=False)["properties"][row.attribute]
    )


def entry(inet: str, row: Row, value: Value) -> Json:
    """A rule of a file: it looks a table up, unless its action is another one."""
    said = {**COMPANY.get(row.attribute, {}), ALIASES.get(row.attribute, row.attribute): value}
    if said.get("action") == "goto":
        said["goto"] = PRIORITY + 9
    looks_up = row.attribute in NO_LOOKUP or said.get("l3mdev") or said.get("action", "lookup") != "lookup"
    return {"priority": PRIORITY, "family": inet, **({} if looks_up else {"table": 1000}), **said}


def look(engine: Engine, inet: str) -> list[Facts]:
    """Our rules by netapply's reader, once iproute2 has said the same of all rules, in the same order."""
    mine = rules_by_netapply(engine, inet)
    assert mine == rules_by_ip(engine, inet)
    return [rule for rule in mine if rule["protocol"] == PROTOCOL]


def kept(row: Row, value: Value) -> Value:
    """What the kernel keeps of a value."""
    if value in NUMBERS:
        return NUMBERS[value]
    return None if value is False or value in MATCHES_EVERYTHING or (row.attribute, value) == ("tos", 0) else value


def test_every_row_has_samples() -> None:
    assert {row.change for row in table_of(Rule)} == {Change.RECREATE}
    for inet in BOTH:
        for row in (row for row in table_of(Rule) if inet == "inet" or row.attribute not in IPV4_ONLY):
            assert len(samples_of(inet, row)) >= 2, f"give {row.attribute} an entry in SAMPLES"


@pytest.mark.parametrize(("inet", "row"), ROWS)
def test_a_rule_is_made_with_it_and_goes_with_it(engine: Engine, inet: str, row: Row) -> None:
    for value in samples_of(inet, row):
        engine.apply(rules=[entry(inet, row, value)])
        (rule,) = look(engine, inet)
        assert rule[row.attribute] == kept(row, value)
        assert rule["priority"] == PRIORITY
        engine.apply()
        assert look(engine, inet) == []


@pytest.mark.parametrize(("inet", "row"), ROWS)
def test_a_changed_rule_is_there_before_the_former_one_goes(engine: Engine, inet: str, row: Row) -> None:
    samples = samples_of(inet, row)
    engine.apply(rules=[entry(inet, row, samples[0])])
    for _, after in pairwise((*samples, samples[0])):
        plan = engine.apply(rules=[entry(inet, row, after)])
        (rule,) = look(engine, inet)
        assert rule[row.attribute] == kept(row, after)
        assert [change.action for change in plan.changes] == [Action.CREATE, Action.DELETE]


@pytest.mark.parametrize("inet", BOTH)
def test_every_row_at_once(engine: Engine, inet: str) -> None:
    """Nothing in one message hides anything else in it; and what is equal is made once only."""
    rule: dict[str, Json] = {"priority": PRIORITY, "family": inet, "table": 300}
    rows = [row for row in table_of(Rule) if row.attribute not in ("table", "action", "goto", "l3mdev")]
    rows = [row for row in rows if inet == "inet" or row.attribute not in IPV4_ONLY]
    for row in rows:
        rule[ALIASES.get(row.attribute, row.attribute)] = samples_of(inet, row)[0]
    engine.apply(rules=[rule])
    (seen,) = look(engine, inet)
    for row in rows:
        assert seen[row.attribute] == kept(row, samples_of(inet, row)[0]), row.attribute
    assert engine.run_ip("rule", "add", "priority", str(PRIORITY + 1), "lookup", "300").returncode == 0
    assert not engine.plan(rules=[rule])
    engine.by_hand("rule", "delete", "priority", str(PRIORITY + 1))


@pytest.mark.parametrize("inet", BOTH)
def test_rules_share_a_priority(engine: Engine, inet: str) -> None:
    """The narrower one first, as they are asked in this order; each can go without the other."""
    source = SAMPLES[inet, "src"][0]
    narrow = {"priority": PRIORITY, "from": source, "fwmark": 7, "table": 301}
    wide = {"priority": PRIORITY, "from": source, "table": 302}
    engine.apply(rules=[narrow, wide])
    assert [rule["table"] for rule in look(engine, inet)] == [301, 302]
    engine.apply(rules=[narrow])
    assert [rule["table"] for rule in look(engine, inet)] == [301]
    engine.apply(rules=[narrow, wide])
    engine.apply(rules=[wide])
    assert [rule["table"] for rule in look(engine, inet)] == [302]
