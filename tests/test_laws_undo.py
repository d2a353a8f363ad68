"""Whatever goes wrong, and whenever: everything is as it was before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from netapply.errors import RolledBackError
from netapply.execute.image import before_image
from netapply.execute.journal import Journal, Record
from netapply.execute.transaction import restore
from netapply.kernel.netlink import Netlink
from netapply.model.netfilter import NETFILTER
from netapply.plan import Operation
from tests.law import assert_same, begin, laws, refusals_aside, wish
from tests.law_files import File, files
from tests.law_hosts import Deed, deeds
from tests.law_story import on_the_model


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
        yield group if group[0].key[0] in NETFILTER else group[:number]
        number -= len(group)
