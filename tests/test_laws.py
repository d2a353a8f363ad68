"""Laws of the difference and the plan, on random files and random hosts, with a model for a kernel.

`make soak` tries a hundred times as many examples; in continuous integration they are the same every
time, so that a red run can be repeated.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import cast

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from netapply.devices import with_devices
from netapply.diff import diff
from netapply.errors import ForeignError, MissingError, RolledBackError
from netapply.execute.image import before_image
from netapply.execute.journal import Journal, Record
from netapply.execute.transaction import restore
from netapply.families import row_of
from netapply.kernel.netlink import Netlink
from netapply.model.attribute import Change, Disruption
from netapply.model.owned import Owned
from netapply.model.resource import Desired, Key, Resource
from netapply.plan import Action, Operation, Plan, Verb
from netapply.plan.consequences import returns_by_itself
from netapply.show import document
from netapply.sources import loads
from tests.law_files import NOTHING, File, files, read
from tests.law_hosts import Deed, carry_out, deeds, machine
from tests.law_story import Story, on_the_model
from tests.model_kernel import Snapshot

EXAMPLES = 100
laws = settings(
    max_examples=EXAMPLES * (100 if os.environ.get("NETAPPLY_SOAK") else 1),
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def wish(file: File) -> Desired:
    desired = read(file)
    assume(desired is not None)
    assert desired is not None
    return desired


def begin(*history: list[Deed] | File) -> Story:
    """A host on which others did things and files were applied, in this order."""
    story = Story(machine())
    for part in history:
        if isinstance(part, list):
            carry_out(story.kernel, part)
        else:
            applied(story, wish(part))
    return story


@contextmanager
def refusals_aside() -> Iterator[None]:
    """A host for which the file is refused is of no interest here."""
    try:
        yield
    except (ForeignError, MissingError) as refusal:
        event(f"refused: {type(refusal).__name__}")
        assume(False)


def applied(story: Story, desired: Desired) -> Plan:
    plan = Plan()
    with refusals_aside():
        plan = story.apply(desired)
    return plan


def assert_same(after: Snapshot, before: Snapshot) -> None:
    """Compare piece by piece, so that a failure names the piece."""
    differing = {key: (before.get(key), after.get(key)) for key in before | after if before.get(key) != after.get(key)}
    assert not differing, differing


@laws
@given(deeds(5), files(), deeds(5), files())
def test_a_plan_that_is_carried_out_leaves_nothing_to_do(
    before: list[Deed], first: File, between: list[Deed], second: File
) -> None:
    story = begin(before, first, between)
    desired = wish(second)
    owned = story.owned
    applied(story, desired)
    assert diff(desired, story.observe(desired), owned) == []
    assert not story.plan(desired)[1]


@laws
@given(deeds(5), files(), deeds(5), files(), st.integers(0, 99), st.sampled_from(["nothing", "part", "all"]))
def test_a_fault_at_any_operation_leaves_everything_as_it_was(
    before: list[Deed], first: File, between: list[Deed], second: File, number: int, done: str
) -> None:
    story = begin(before, first, between)
    desired = wish(second)
    as_it_was = story.kernel.snapshot()
    with on_the_model(), refusals_aside():
        transaction = story.transaction(desired)
        assume(transaction.plan.operations)
        story.kernel.fail_at(number % len(transaction.plan.operations), done)
        with pytest.raises(RolledBackError, match="a fault"):
            transaction.run()
    assert_same(story.kernel.snapshot(), as_it_was)


@laws
@given(deeds(5), files(), deeds(5), files(), st.integers(0, 99))
def test_a_kill_at_any_moment_is_recovered_from_the_journal(
    before: list[Deed], first: File, between: list[Deed], second: File, number: int
) -> None:
    story = begin(before, first, between)
    desired = wish(second)
    as_it_was = story.kernel.snapshot()
    with refusals_aside():
        observed, plan = story.plan(desired)
        assume(plan.operations)
        with TemporaryDirectory() as directory:
            journal = Journal(Path(directory))
            journal.begin(Record("boot", 1, "a.yaml", before_image(plan, observed), story.owned))
            for group in cut(plan.batches(), number % len(plan.operations)):
                journal.mark(1)
                story.kernel.run(group)
            record = Journal(Path(directory)).read_open()
            journal.drop()
    assert record is not None
    keys = (*record.image.before, *record.image.made)
    with on_the_model():
        restore(cast(Netlink, story.kernel), record.image, [key[1] for key in keys if key[0] == "sysctl"])
    assert_same(story.kernel.snapshot(), as_it_was)


def cut(groups: list[list[Operation]], number: int) -> Iterator[list[Operation]]:
    """The first operations; the NAT rules of one run come all together or not at all."""
    for group in groups:
        if number <= 0:
            return
        yield group if group[0].key[0] == "nat" else group[:number]
        number -= len(group)


@laws
@given(deeds(5), files(), deeds(5), files())
def test_what_is_not_netapplys_stays_as_it_is(
    before: list[Deed], first: File, between: list[Deed], second: File
) -> None:
    story = begin(before, first, between)
    desired = wish(second)
    observed = story.kernel.observe(story.kernel.parameters.values)
    chains = foreign_rules(story)
    owned = story.owned
    plan = applied(story, desired)
    after = story.kernel.snapshot()
    expected = {item.key: ("", item.attributes) for item in observed if is_foreign(item, owned, desired)}
    for key in list(expected):
        if key not in after and announced(key, plan):
            del expected[key]
    deleted = {change.key[1] for change in plan.changes if change.key[0] == "link" and change.action is Action.DELETE}
    for key, (_, attributes) in expected.items():
        assert key in after, key
        for name, value in attributes.items():
            let_go = name == "master" and value in deleted and after[key][1][name] is None
            assert let_go or name in FOLLOWING or after[key][1][name] == value, (key, name)
    assert foreign_rules(story) == chains


FOLLOWING = ("mac", "mtu", "secondary")
"""Attributes that follow those of other things: a bridge's its ports', a macvlan's its lower device's."""


def is_foreign(item: Resource, owned: Owned, desired: Desired) -> bool:
    """Neither made nor named, nor an address of a link whose list is complete, nor the kernel's own."""
    if item.family in ("sysctl", "nat") or owned.has(item) or item.key in desired or item.key in owned.set_here:
        return False
    if item.family == "address":
        moves = any(wish.name == item.name for wish in desired.family("address"))
        return not returns_by_itself(item) and item.key[1] not in desired.authoritative and not moves
    return not returns_by_itself(item)


def announced(key: Key, plan: Plan) -> bool:
    """Whether the plan says that this goes, or that the link below it does."""
    links = {change.key[1] for change in plan.changes if change.key[0] == "link" and change.action is Action.DELETE}
    return any(f"{key[2]} on {key[1]} goes" in note or f"route to {key[3:4][0] if key[3:4] else ''} goes" in note for note in plan.notes) or (
        key[0] == "altname" and key[1] in links
    )


def foreign_rules(story: Story) -> dict[tuple[str, str, str], list[str]]:
    """Everybody else's NAT rules, in their order."""
    chains = story.kernel.nat.chains.items()
    return {chain: [rule for rule in rules if '"netapply: ' not in rule] for chain, rules in chains}


@laws
@given(files(), files())
def test_a_then_b_then_a_is_a(first: File, second: File) -> None:
    # what `default` gave to a link stays there once the link has an address (net/ipv4/devinet.c)
    assume("net.ipv4.conf.default.proxy_arp" not in first["sysctl"] | second["sysctl"])
    story = Story(machine())
    desired = wish(first)
    applied(story, desired)
    once = managed(story)
    applied(story, wish(second))
    applied(story, wish(first))
    assert_same(managed(story), once)


def managed(story: Story) -> Snapshot:
    """Everything but what the kernel chooses: the MAC and MTU of a link that is made again, and which of
    several addresses of a subnet is the first."""
    chosen = {"mac", "mtu", "secondary"}
    return {
        key: (kind, {name: attributes[name] for name in attributes.keys() - chosen - ({"src"} & set(key[6:] and ("src",)))})
        for key, (kind, attributes) in story.kernel.snapshot().items()
        if not any(part.startswith("fe80:") for part in key)
    }


@laws
@given(files(), files())
def test_an_empty_file_leaves_what_was_there_before_netapply(first: File, second: File) -> None:
    assume("net.ipv4.conf.default.proxy_arp" not in first["sysctl"] | second["sysctl"])
    story = Story(machine())
    as_it_was = managed(story)
    applied(story, wish(first))
    applied(story, wish(second))
    applied(story, wish(NOTHING))
    assert_same(managed(story), as_it_was)
    assert story.owned == Owned()


@laws
@given(deeds(8), files())
def test_a_state_does_not_differ_from_itself(before: list[Deed], file: File) -> None:
    story = begin(before, file)
    observed = story.kernel.observe(story.kernel.parameters.values)
    everything = {link.name for link in observed.family("link")}
    itself = Desired(dict(observed.resources), authoritative=everything)
    assert diff(itself, observed, Owned()) == []
    assert diff(itself, observed, story.owned) == []


@laws
@given(deeds(8), files())
def test_the_shown_state_is_a_file_that_changes_nothing(before: list[Deed], file: File) -> None:
    story = begin(before, file)
    shown = json.dumps(document(story.observe(Desired())))
    desired = with_devices(loads(shown, "shown.yaml"))
    assert not story.plan(desired)[1].changes


@laws
@given(deeds(5), files(), deeds(5), files())
def test_a_plan_is_the_same_every_time(
    before: list[Deed], first: File, between: list[Deed], second: File
) -> None:
    story = begin(before, first, between)
    with refusals_aside():
        _, plan = story.plan(wish(second))
        _, again = story.plan(wish(second))
    assert plan == again
    assert [operation.stage for operation in plan.operations] == sorted(item.stage for item in plan.operations)
    assert {item.change for item in plan.operations} <= set(range(len(plan.changes)))


@laws
@given(deeds(5), files(), deeds(5), files(), st.randoms(use_true_random=False))
def test_operations_of_a_batch_are_independent(
    before: list[Deed], first: File, between: list[Deed], second: File, chance: Random
) -> None:
    story = begin(before, first, between)
    desired = wish(second)
    with refusals_aside():
        _, plan = story.plan(desired)
    for group in plan.batches():
        assert len({operation.key[0] for operation in group}) == 1
        story.kernel.run(shuffled(group, chance))
    assert diff(desired, story.observe(desired), story.owned) == []


def shuffled(group: list[Operation], chance: Random) -> list[Operation]:
    """In any order, but for what says its order by itself: the second end of a cable, rules of one chain."""
    if group[0].key[0] == "nat":
        return group
    second_ends = [item for item in group if item.kind == "veth" and item.verb is Verb.SET]
    rest = [item for item in group if item not in second_ends]
    return chance.sample(rest, len(rest)) + second_ends


@laws
@given(deeds(5), files(), deeds(5), files())
def test_a_plan_is_called_live_only_if_every_change_is(
    before: list[Deed], first: File, between: list[Deed], second: File
) -> None:
    story = begin(before, first, between)
    with refusals_aside():
        observed, plan = story.plan(wish(second))
    for change in plan.changes:
        rows = [row_of(Resource(change.key, change.kind), step.attribute) for step in change.steps]
        ways = {row.nla.change for row in rows if row is not None}
        if change.action is Action.UPDATE and change.key in observed and ways <= {Change.LIVE}:
            assert change.disruption is Disruption.LIVE, change
        if change.action is Action.REPLACE and change.key[0] == "link":
            assert change.disruption is Disruption.RECREATE, change
    assert plan.disruption == max((change.disruption for change in plan.changes), default=Disruption.LIVE)
