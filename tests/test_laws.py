"""Laws of the difference and the plan, on random files and random hosts, with a model for a kernel."""

from __future__ import annotations

import json
from random import Random

from hypothesis import assume, given
from hypothesis import strategies as st

from netapply.devices import with_devices
from netapply.diff import diff
from netapply.families import row_of
from netapply.model.attribute import Change, Disruption
from netapply.model.netfilter import NETFILTER
from netapply.model.owned import Owned
from netapply.model.resource import Desired, Key, Resource
from netapply.plan import Action, Operation, Verb
from netapply.show import document
from netapply.sources import loads
from tests.law import applied, assert_same, begin, laws, managed, refusals_aside, wish
from tests.law_files import NOTHING, File, files
from tests.law_hosts import Deed, deeds, machine
from tests.law_story import Story


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
    addresses = [item.name for item in story.kernel.addresses.all.values() if not item.name.startswith("fe80:")]
    assume(len(set(addresses)) == len(addresses))  # a file cannot say that two links have one address
    shown = json.dumps(document(story.observe(Desired())))
    desired = with_devices(loads(shown, "shown.yaml"))
    assert not story.plan(desired)[1].changes


@laws
@given(deeds(5), files(), deeds(5), files())
def test_a_plan_is_the_same_every_time(before: list[Deed], first: File, between: list[Deed], second: File) -> None:
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
        assert len({"nat" if operation.key[0] in NETFILTER else operation.key[0] for operation in group}) == 1
        story.kernel.run(shuffled(group, chance))
    assert diff(desired, story.observe(desired), story.owned) == []


def shuffled(group: list[Operation], chance: Random) -> list[Operation]:
    """In any order, but for what says its order by itself: the second end of a cable, two operations on one
    link, rules of one chain."""
    if group[0].key[0] in NETFILTER:
        return group
    by_key: dict[Key, list[Operation]] = {}
    for item in group:
        by_key.setdefault(item.key, []).append(item)
    keys = chance.sample(list(by_key), len(by_key))
    keys.sort(key=lambda key: by_key[key][0].kind == "veth" and by_key[key][0].verb is Verb.SET)
    return [item for key in keys for item in by_key[key]]


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
