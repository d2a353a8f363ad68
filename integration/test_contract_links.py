"""The contract: every attribute row of every kind is set, changed and read back on a real kernel.

The tests are made from the tables themselves (netapply.kinds). What netapply reads back is compared with
what iproute2 shows, and what a row claims about itself (how it may change, its default) is put to the
kernel as well.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache, wraps
from itertools import pairwise, permutations
from typing import Any

import pytest

from integration.fullkernel.features import lacking
from integration.test_contract_engine import Engine, at_work
from integration.test_contract_samples import (
    LEAST,
    PORT_OF_VRF,
    UNSEEN,
    features,
    rows,
    said,
    said_by_the_model,
    samples_of,
    shown,
)
from netapply.errors import RolledBackError
from netapply.families import change_of
from netapply.kinds import Veth, link_table
from netapply.lab import Lab
from netapply.model.attribute import UNSET, Change, Disruption, Row, Value
from netapply.model.link import Link
from netapply.plan import Action

Json = Any
PROBE = "probe"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as lab:
        yield lab


@pytest.fixture(scope="module")
def stages(lab: Lab) -> Iterator[Callable[[type[Link]], Engine]]:
    """One namespace a kind, made when the first row of the kind comes up: deleting one takes its time."""
    with ExitStack() as engines:

        @cache
        def stage(kind: type[Link]) -> Engine:
            name = kind.kind or "physical"
            near, far = lab.host(name), lab.host(f"{name}-far")
            for end in ("lower", "other", *(() if kind.created else (PROBE,))):
                lab.cable(near, end, far, end)
            return engines.enter_context(at_work(near))

        yield stage


@pytest.fixture
def engine(stages: Callable[[type[Link]], Engine], kind: type[Link], row: Row) -> Iterator[Engine]:
    """A namespace with what the samples name; what the test makes is gone without trace afterwards."""
    engine = stages(kind)
    if row.attribute == "master" and "red" not in engine.host.interfaces():
        make_masters(engine, kind)
    present = engine.host.interfaces()
    yield engine
    engine.apply(links={})
    assert engine.host.interfaces() == present


def make_masters(engine: Engine, kind: type[Link]) -> None:
    """Two bridges that are not netapply's; VRFs for what can be a port of nothing else."""
    for number, master in enumerate(("red", "blue")):
        vrf = kind.kind in PORT_OF_VRF or not kind.ethernet
        sort = ("vrf", "table", f"{number + 7}") if vrf else ("bridge",)
        engine.by_hand("link", "add", master, "up", "type", *sort)


def entry(kind: type[Link], row: Row, *value: Value) -> dict[str, Json]:
    """A file's links: a device of this kind that says the least, and perhaps the row."""
    items = said(kind, row.attribute, *value)
    return {PROBE: {"kind": kind.kind, **items} if kind.created else items}


def look(engine: Engine, kind: type[Link], row: Row) -> Value:
    """The row's value by netapply's reader, once iproute2 has said the same."""
    value = engine.link(PROBE).attributes[row.attribute]
    if (kind.kind, row.attribute) not in UNSEEN:
        assert shown(kind.kind, row.attribute, engine.ip_link(PROBE)) == value
    return value


def unless_too_young(test: Callable[[Engine, type[Link], Row], None]) -> Callable[[Engine, type[Link], Row], None]:
    """The test; where the running kernel is older than the attribute, that this is said and nothing is changed."""

    @wraps(test)
    def wrapper(engine: Engine, kind: type[Link], row: Row) -> None:
        if not row.nla.since or release() >= tuple(map(int, row.nla.since.split("."))):
            test(engine, kind, row)
            return
        value = next(value for value in samples_of(kind, row.attribute) if value != row.nla.default)
        with pytest.raises(RolledBackError, match=f"{row.attribute} .*Linux {row.nla.since}"):
            engine.apply(links=entry(kind, row, value))

    return wrapper


def release() -> tuple[int, int]:
    major, minor, *_ = platform.release().split(".")
    return int(major), int(minor)


def round_trip(kind: type[Link], row: Row) -> list[tuple[Value, Value]]:
    """From each sample to the next, and from the last back to the first."""
    samples = samples_of(kind, row.attribute)
    return list(pairwise((*samples, samples[0])))


@pytest.mark.parametrize(("kind", "row"), rows())
@unless_too_young
def test_a_device_is_made_with_it(engine: Engine, kind: type[Link], row: Row) -> None:
    """Set at creation, where netapply creates, to what the kernel would not have chosen."""
    value = next(value for value in samples_of(kind, row.attribute) if value != row.nla.default)
    engine.apply(links=entry(kind, row, value))
    assert look(engine, kind, row) == value


@pytest.mark.parametrize(("kind", "row"), rows())
@unless_too_young
def test_a_device_changes_as_the_row_says(engine: Engine, kind: type[Link], row: Row) -> None:
    """In place, with the same ifindex; or made again where the row says that nothing else helps."""
    engine.apply(links=entry(kind, row, samples_of(kind, row.attribute)[0]))
    for before, after in round_trip(kind, row):
        former, how = engine.ip_link(PROBE), row.change_between(before, after)
        plan = engine.apply(links=entry(kind, row, after))
        (change,) = (change for change in plan.changes if change.key == ("link", PROBE))
        latter = engine.ip_link(PROBE)
        assert look(engine, kind, row) == after
        assert change.action is (Action.REPLACE if how is Change.RECREATE else Action.UPDATE)
        assert (latter["ifindex"] == former["ifindex"]) is (how is not Change.RECREATE)
        if change.disruption is Disruption.LIVE:
            assert carrier_changes(latter) == carrier_changes(former) or row.attribute == "up"


def carrier_changes(link: Json) -> int:
    return int(link["stats64"]["tx"]["carrier_changes"])


@pytest.mark.parametrize(("kind", "row"), rows())
@unless_too_young
def test_a_device_is_made_again_only_where_the_kernel_leaves_no_choice(
    engine: Engine, kind: type[Link], row: Row
) -> None:
    """Straight to the kernel: what counts as immutable is, and what does not is not, for every pair."""
    for before, after in permutations(samples_of(kind, row.attribute), 2):
        engine.apply(links=entry(kind, row, before))
        seen = engine.link(PROBE)
        how = change_of(seen, row.attribute, before, after)
        told = after if row.nla.delta is None else row.nla.delta(before, after)
        if how in (Change.DOWN, Change.EMPTY):
            refuses_for_now(engine, kind, row, after)
            assert look(engine, kind, row) == before
        refusal = ask_in_place(engine, kind, row, told)
        immutable = how is Change.RECREATE
        assert look(engine, kind, row) == (before if immutable else after), refusal
        assert immutable or refusal is None
        assert engine.link(PROBE).facts["ifindex"] == seen.facts["ifindex"]


def refuses_for_now(engine: Engine, kind: type[Link], row: Row, after: Value) -> None:
    """What needs a device that is down, or one without ports, is refused while it is up, or has one."""
    if row.change is Change.EMPTY:
        engine.by_hand("link", "set", "lower", "down")
        engine.by_hand("link", "set", "lower", "master", PROBE)
    assert ask_in_place(engine, kind, row, after) is not None
    engine.by_hand("link", "set", PROBE, "down")
    if row.change is Change.EMPTY:
        engine.by_hand("link", "set", "lower", "nomaster", "up")


def ask_in_place(engine: Engine, kind: type[Link], row: Row, value: Value) -> object:
    """Ask the kernel for a change without regard to what the row says; its refusal, or None."""
    if kind is Veth and row.attribute == "peer":  # netapply has no such message: the other end is a link
        return engine.run_ip("link", "set", PROBE, "type", "veth", "peer", "name", value).stderr or None
    after = {**engine.link(PROBE).attributes, row.attribute: value}
    for settings in kind.messages({row.attribute: value}, after):
        refusal = engine.set_in_place(PROBE, kind.kind, **settings)
        if refusal is not None:
            return refusal
    return None


def first_rows() -> list[Any]:
    """One row of each kind, for what is looked at once a kind; and one for which a bridge needs its VLANs."""
    return rows(lambda kind, row: row.attribute in (next(iter(link_table(kind.kind))).attribute, "vlan_default_pvid"))


def is_default_here(kind: type[Link], row: Row) -> bool:
    """Whether this kernel has the row at all; `first_rows` sends a bridge to one that has its VLANs, too."""
    names = [name for mark in features(kind, row) for name in mark.args]
    return has_default(kind, row) and not lacking(names)


def has_default(kind: type[Link], row: Row) -> bool:
    """Whether a file can leave it to the kernel."""
    return row.nla.default is not UNSET and row.attribute not in LEAST.get(kind.kind, {})


@pytest.mark.parametrize(("kind", "row"), first_rows())
def test_an_untouched_device_shows_every_default(engine: Engine, kind: type[Link], row: Row) -> None:
    engine.apply(links=entry(kind, row))
    wanted = {each.attribute: each.nla.default for each in link_table(kind.kind) if is_default_here(kind, each)}
    by_netapply, by_ip = engine.link(PROBE).attributes, engine.ip_link(PROBE)
    assert {name: by_netapply[name] for name in wanted} == wanted
    seen = {name: value for name, value in wanted.items() if (kind.kind, name) not in UNSEEN}
    assert {name: shown(kind.kind, name, by_ip) for name in seen} == seen
    unasked = {name: said_by_the_model(kind, name) for name in wanted}
    assert {name: value for name, value in unasked.items() if value not in (None, wanted[name])} == {}


@pytest.mark.parametrize(("kind", "row"), rows(has_default))
@unless_too_young
def test_a_device_returns_to_the_default(engine: Engine, kind: type[Link], row: Row) -> None:
    """Where the file no longer names what an earlier apply set, whatever way the kernel leaves for it."""
    for value in samples_of(kind, row.attribute):
        engine.apply(links=entry(kind, row, value))
        engine.apply(links=entry(kind, row))
        assert look(engine, kind, row) == row.nla.default
