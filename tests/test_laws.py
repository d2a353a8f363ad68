"""Laws of the difference and the plan, on random files and random hosts, with a model for a kernel.

`make soak` tries a hundred times as many examples; in continuous integration they are the same every
time, so that a red run can be repeated.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from netapply.diff import diff
from netapply.errors import ForeignError, MissingError, RolledBackError
from netapply.model.attribute import Disruption
from netapply.model.resource import Desired
from netapply.plan import Plan, make_plan
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
