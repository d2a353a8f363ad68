"""The contract for queueing disciplines: every row of every kind is written, read back, changed, and gone.

The second witness is `tc -j -d qdisc` and `tc class`. A kind that this kernel lacks runs in a full one.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest

from integration.applying import failing_at
from integration.test_contract_engine import Engine, at_work
from integration.test_contract_samples import derived
from netapply.errors import ForeignError, RolledBackError
from netapply.lab import Host as LabHost
from netapply.lab import Lab, ping
from netapply.model.attribute import UNSET, Change, Row, Value
from netapply.model.qdisc import kinds, qdisc_table
from netapply.plan import Action

Json = Any
LEAST: dict[str, Json] = {"tbf": {"rate": 8_000_000, "burst": 10240, "limit": 20480}}
SAMPLES: dict[tuple[str, str], tuple[Value, ...]] = {
    ("fq", "limit"): (1, 5000, 2**32 - 1),
    ("fq", "flow_limit"): (1, 2**32 - 1),
    ("fq", "quantum"): (1514, 1, 2**20 - 1),
    ("fq", "initial_quantum"): (15140, 1),
    ("fq_codel", "limit"): (1, 600, 2**32 - 1),
    ("fq_codel", "target"): (2, 5000, 20_000, 4999),
    ("fq_codel", "interval"): (2, 100_000, 99_999),
    ("fq_codel", "quantum"): (300, 1514, 256),
    ("fq_codel", "memory_limit"): (1 << 20, 1, 2**31),
    ("cake", "bandwidth"): (100_000_000, 8, None, 10_000_000_000),
    ("cake", "rtt"): (1, 20_000, 1_000_000),
    ("cake", "overhead"): (44, -64, 256, 0),
    ("tbf", "rate"): (1_000_000, 50_000_000_000, 8_000_000),
    ("tbf", "burst"): (2000, 1 << 20),
    ("tbf", "limit"): (3000, 1 << 30),
    ("netem", "limit"): (1, 2**32 - 1),
    ("netem", "delay"): (10_000, 640, 0),
    ("netem", "jitter"): (1000, 100, 0),
    **{("netem", name): (1.0, 100.0, 0.1, 0.0) for name in ("loss", "duplicate", "corrupt")},
    ("netem", "rate"): (1_000_000, 50_000_000_000, None),
}
ROWS = [
    pytest.param(kind, row, id=f"{kind}-{row.attribute}", marks=[pytest.mark.kernel(f"sch_{kind}")])
    for kind in kinds() if kind != "htb" for row in qdisc_table(kind)
]  # fmt: skip
WITH_DEFAULT = [
    pytest.param(*each.values, id=each.id, marks=each.marks)
    for each in ROWS if isinstance(each.values[1], Row) and each.values[1].nla.default is not UNSET
]  # fmt: skip
PLAIN = [pytest.param("pfifo_fast", marks=[pytest.mark.kernel("sch_pfifo_fast")]), "noqueue"]


def _bytes(text: str) -> int:
    """tc's `10Kb/1`: bytes, and a cell of one."""
    size = text.partition("/")[0]
    for word, factor in (("Mb", 1 << 20), ("Kb", 1 << 10), ("b", 1)):
        if size.endswith(word):
            return round(float(size.removesuffix(word)) * factor)
    raise ValueError(text)


def _share(name: str, inner: str) -> Callable[[Json], Value]:
    return lambda options: round(options.get(name, {}).get(inner, 0) * 100, 3)


def _delay(inner: str) -> Callable[[Json], Value]:
    return lambda options: round(options.get("delay", {}).get(inner, 0) * 10**6)


def _bandwidth(options: Json) -> Value:
    return None if options["bandwidth"] == "unlimited" else options["bandwidth"] * 8


ACK = {"disabled": "no", "enabled": "yes", "aggressive": "aggressive"}
SHOWN: dict[tuple[str, str], Callable[[Json], Value]] = {
    ("fq", "pacing"): lambda options: options.get("pacing", True),
    ("cake", "bandwidth"): _bandwidth,
    ("cake", "ack_filter"): lambda options: ACK[options["ack-filter"]],
    ("cake", "overhead"): lambda options: options.get("overhead", 0),
    ("tbf", "rate"): lambda options: options["rate"] * 8,
    ("tbf", "burst"): lambda options: _bytes(options["burst"]),
    ("netem", "delay"): _delay("delay"),
    ("netem", "jitter"): _delay("jitter"),
    ("netem", "loss"): _share("loss-random", "loss"),
    ("netem", "duplicate"): _share("duplicate", "duplicate"),
    ("netem", "corrupt"): _share("corrupt", "corrupt"),
    ("netem", "rate"): lambda options: options["rate"]["rate"] * 8 if "rate" in options else None,
}
"""Where tc(8) says it otherwise than under our word."""
UNSEEN = {("tbf", "limit"), ("netem", "jitter")}
"""What tc computes from others before it says it, or says only beside another."""


@pytest.fixture(scope="module")
def stage() -> Iterator[Engine]:
    with Lab() as lab:
        near, far = lab.host("near"), lab.host("far")
        lab.cable(near, "eth0", far, "eth0")
        with at_work(near) as engine:
            yield engine


@pytest.fixture
def engine(stage: Engine) -> Iterator[Engine]:
    yield stage
    stage.apply(links={"eth0": {}})
    assert by_tc(stage)["handle"] == "0:", "the default is back"


def tc(engine: Engine, *arguments: str) -> str:
    command = ["tc", "-n", engine.host.netns, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout


def by_tc(engine: Engine) -> Json:
    """The root as tc(8) says it."""
    (root,) = (each for each in json.loads(tc(engine, "-j", "-d", "qdisc", "show", "dev", "eth0")) if "root" in each)
    return root


def samples_of(kind: str, row: Row) -> tuple[Value, ...]:
    schema = kinds()[kind].model_json_schema()["properties"][row.attribute]
    return SAMPLES.get((kind, row.attribute)) or derived(schema)


def link(kind: str, **said: Value) -> Json:
    options = {name: value for name, value in {**LEAST.get(kind, {}), **said}.items() if value is not None}
    return {"eth0": {"qdisc": {"kind": kind, **options}}}


def look(engine: Engine, kind: str, row: Row) -> Value:
    """The row's value by netapply's reader, once tc(8) has said the same."""
    seen = engine.seen(("qdisc", "eth0"))
    assert (seen.kind, seen.facts["whole"]) == (kind, True)
    value, theirs = seen.attributes[row.attribute], by_tc(engine)
    assert theirs["kind"] == kind
    if (kind, row.attribute) not in UNSEEN:
        shown = SHOWN.get((kind, row.attribute), lambda options: options.get(row.attribute, False))
        assert shown(theirs["options"]) == value
    return value


def test_every_row_has_samples() -> None:
    for kind in kinds():
        for row in qdisc_table(kind) if kind != "htb" else ():
            assert len(set(samples_of(kind, row))) >= 2, (kind, row.attribute)


@pytest.mark.parametrize(("kind", "row"), ROWS)
def test_it_is_made_with_it_and_changes_as_the_row_says(engine: Engine, kind: str, row: Row) -> None:
    samples = samples_of(kind, row)
    engine.apply(links=link(kind, **{row.attribute: samples[0]}))
    assert look(engine, kind, row) == samples[0]
    for _, after in pairwise((*samples, samples[0])):
        plan = engine.apply(links=link(kind, **{row.attribute: after}))
        assert look(engine, kind, row) == after
        (change,) = plan.changes
        assert change.action is (Action.REPLACE if row.change is Change.RECREATE else Action.UPDATE)


@pytest.mark.parametrize(("kind", "row"), WITH_DEFAULT)
def test_it_returns_to_the_default(engine: Engine, kind: str, row: Row) -> None:
    engine.apply(links=link(kind))
    assert look(engine, kind, row) == row.nla.default
    for value in samples_of(kind, row):
        engine.apply(links=link(kind, **{row.attribute: value}))
        engine.apply(links=link(kind))
        assert look(engine, kind, row) == row.nla.default


@pytest.mark.parametrize("kind", PLAIN)
def test_a_kind_without_options(engine: Engine, kind: str) -> None:
    engine.apply(links=link(kind))
    assert by_tc(engine)["kind"] == kind
    engine.apply(links=link("tbf"))
    assert by_tc(engine)["kind"] == "tbf"


TREE: list[Json] = [
    {"id": "1:1", "rate": "100mbit"},
    {"id": "1:10", "parent": "1:1", "rate": "10mbit", "ceil": "50mbit", "burst": "20k", "cburst": "30k", "prio": 3},
    {"id": "1:ff", "parent": "1:1", "rate": "40gbit"},
]  # fmt: skip
SHAPER: Json = {"kind": "tbf", "rate": "1mbit", "burst": "10k", "latency": "50ms"}


def tree(classes: list[Json], **said: Json) -> Json:
    return {"eth0": {"qdisc": {"kind": "htb", "classes": classes, **said}}}


def classes_by_tc(engine: Engine) -> dict[str, Json]:
    """Class → parent, rate and ceil in bit/s, priority and leaf, from tc's text: its JSON has no classes."""
    found = {}
    for line in tc(engine, "-d", "class", "show", "dev", "eth0").splitlines():
        words = line.split()
        if words[1] == "htb":
            facts = dict(pairwise(words))
            found[words[2]] = (facts.get("parent"), facts["rate"], facts["ceil"], facts.get("prio"), facts.get("leaf"))
    return found


def by_leaf(engine: Engine) -> dict[str, str]:
    """Kind of the qdisc below each class."""
    shown = json.loads(tc(engine, "-j", "qdisc", "show", "dev", "eth0"))
    return {each["parent"]: each["kind"] for each in shown if "parent" in each}


def test_a_tree_of_classes_grows_changes_and_goes(engine: Engine) -> None:
    engine.apply(links=tree(TREE[:1]))
    assert classes_by_tc(engine) == {"1:1": (None, "100Mbit", "100Mbit", "0", None)}
    plan = engine.apply(links=tree(TREE))
    assert [change.action for change in plan.changes] == [Action.UPDATE]
    assert classes_by_tc(engine)["1:10"] == ("1:1", "10Mbit", "50Mbit", "3", None)
    assert classes_by_tc(engine)["1:ff"][1:3] == ("40Gbit", "40Gbit")
    plan = engine.apply(links=tree([TREE[0], {**TREE[1], "rate": "20mbit", "leaf": SHAPER}, TREE[2]]))
    assert [change.action for change in plan.changes] == [Action.UPDATE]
    assert classes_by_tc(engine)["1:10"][:4] == ("1:1", "20Mbit", "50Mbit", "3")
    assert by_leaf(engine) == {"1:10": "tbf"}
    plan = engine.apply(links=tree(TREE[:2], default="10"))
    assert [change.action for change in plan.changes] == [Action.REPLACE]
    assert by_tc(engine)["options"]["default"] == "0x10"
    assert classes_by_tc(engine).keys() == {"1:1", "1:10"}


@pytest.mark.kernel("sch_fq_codel", "sch_htb")
def test_a_leaf_changes_in_place_but_for_its_queues(engine: Engine) -> None:
    for leaf, action in (({}, Action.CREATE), ({"limit": 99}, Action.UPDATE), ({"flows": 64}, Action.REPLACE)):
        plan = engine.apply(links=tree([{**TREE[0], "leaf": {"kind": "fq_codel", **leaf}}]))
        assert [change.action for change in plan.changes] == [action]
        leaves = [each for each in json.loads(tc(engine, "-j", "qdisc", "show", "dev", "eth0")) if "parent" in each]
        assert {**leaves[0]["options"], **leaf} == leaves[0]["options"]


@pytest.mark.kernel("sch_fq")
def test_an_option_without_a_word_is_not_forgotten(engine: Engine) -> None:
    tc(engine, "qdisc", "add", "dev", "eth0", "root", "fq", "maxrate", "1mbit")
    assert engine.seen(("qdisc", "eth0")).facts["whole"] is False
    tc(engine, "qdisc", "delete", "dev", "eth0", "root")


def test_what_is_shown_is_what_is_there(engine: Engine) -> None:
    engine.apply(links=tree([TREE[0], {**TREE[1], "leaf": SHAPER}, TREE[2]], default="ff"))
    shown = engine.netapply.show()
    assert len(shown["links"]["eth0"]["qdisc"]["classes"]) == 3
    assert not engine.plan(links=shown["links"])


FOREIGN_TBF = ("tbf", "rate", "3mbit", "burst", "9k", "limit", "30k")


def test_a_foreign_qdisc_comes_back_exactly(engine: Engine) -> None:
    tc(engine, "qdisc", "add", "dev", "eth0", "root", "handle", "77:", *FOREIGN_TBF)
    before = by_tc(engine)
    with failing_at(1), pytest.raises(RolledBackError):
        engine.plan(links=tree(TREE)).apply()
    assert by_tc(engine) == before
    engine.apply(links=tree(TREE))
    engine.netapply.rollback().apply()
    assert by_tc(engine) == before
    tc(engine, "qdisc", "delete", "dev", "eth0", "root")


def test_it_comes_back_with_a_link_that_is_made_again(engine: Engine) -> None:
    links: Json = {"vx": {"kind": "vxlan", "vni": 7, "qdisc": SHAPER}}
    engine.apply(links=links)
    engine.apply(links={"vx": {**links["vx"], "port": 8472}})
    assert '"tbf"' in tc(engine, "-j", "qdisc", "show", "dev", "vx")


@pytest.mark.kernel("sch_prio")
def test_one_that_cannot_be_read_is_left_alone(engine: Engine) -> None:
    tc(engine, "qdisc", "add", "dev", "eth0", "root", "prio")
    with pytest.raises(ForeignError, match="tc qdisc delete dev eth0 root"):
        engine.plan(links=tree(TREE))
    assert by_tc(engine)["kind"] == "prio"
    tc(engine, "qdisc", "delete", "dev", "eth0", "root")


def test_somebody_elses_tree_is_left_alone(engine: Engine) -> None:
    """Filters lead into it, which nobody here would put back."""
    tc(engine, "qdisc", "add", "dev", "eth0", "root", "handle", "1:", "htb")
    tc(engine, "class", "add", "dev", "eth0", "parent", "1:", "classid", "1:5", "htb", "rate", "1mbit")
    with pytest.raises(ForeignError, match="tc qdisc delete dev eth0 root"):
        engine.plan(links=link("tbf"))
    tc(engine, "qdisc", "delete", "dev", "eth0", "root")


def test_a_shaper_shapes() -> None:
    """An echo of 1000 bytes at 80 kbit/s, two of them at once: each further one waits for a tenth of a second."""
    with Lab() as lab:
        near, far = lab.host("near"), lab.host("far")
        lab.cable(near, "eth0", far, "eth0")
        near.add_address("10.0.0.1/24", "eth0")
        far.add_address("10.0.0.2/24", "eth0")
        with at_work(near) as engine:
            assert min(echo_seconds(near) for _ in range(10)) < 0.05
            engine.apply(links={"eth0": {"qdisc": {"kind": "tbf", "rate": "80kbit", "burst": 2000, "limit": "1mb"}}})
            assert sum(echo_seconds(near) for _ in range(10)) > 0.5


def echo_seconds(near: LabHost) -> float:
    started = time.monotonic()
    assert ping.icmp(near, "10.0.0.2", size=958, timeout=5.0)
    return time.monotonic() - started
