"""Laws of the difference and the plan, on random files and random hosts, with a model for a kernel.

`make soak` tries a hundred times as many examples; in continuous integration they are the same every
time, so that a red run can be repeated.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from netapply.diff import diff
from netapply.errors import ForeignError, MissingError, RolledBackError
from netapply.execute.image import before_image
from netapply.execute.journal import Journal, Record
from netapply.execute.transaction import restore
from netapply.kernel.netlink import Netlink
from netapply.model.owned import Owned
from netapply.model.resource import Desired, Key, Resource
from netapply.plan import Action, Operation, Plan, make_plan
from netapply.plan.consequences import returns_by_itself
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
        if not (key[0] in ("address", "route") and "fe80:" in key[2])
    }
