"""What netapply neither made nor was told about stays as it is."""

from __future__ import annotations

from hypothesis import given

from netapply.model.netfilter import NETFILTER, OWN_CHAIN
from netapply.model.owned import Owned
from netapply.model.resource import Desired, Resource
from netapply.plan import Action, Plan
from netapply.plan.consequences import returns_by_itself
from netapply.plan.words import noun
from tests.law import applied, begin, laws, wish
from tests.law_files import File, files
from tests.law_hosts import Deed, deeds
from tests.law_story import Story

FOLLOWING = ("mac", "mtu", "secondary")
"""Attributes that follow those of other things: a bridge's its ports', a macvlan's its lower device's."""


def is_foreign(item: Resource, owned: Owned, desired: Desired) -> bool:
    """Neither made nor named, nor an address of a link whose list is complete, nor the kernel's own."""
    if item.family in ("sysctl", *NETFILTER) or owned.has(item) or item.key in desired or item.key in owned.set_here:
        return False
    if item.family == "address":
        moves = any(wish.name == item.name for wish in desired.family("address"))
        return not returns_by_itself(item) and item.key[1] not in desired.authoritative and not moves
    return not returns_by_itself(item)


def announced(item: Resource, plan: Plan) -> bool:
    """Whether the plan says that this goes, or that the link whose name it is does."""
    if item.family == "altname":
        return item.key[1] in deleted(plan)
    return any(note.startswith(f"{noun(item.key, item.kind)} goes: ") for note in plan.notes)


def deleted(plan: Plan) -> set[str]:
    return {item.key[1] for item in plan.changes if item.key[0] == "link" and item.action is Action.DELETE}


def foreign_rules(story: Story) -> dict[tuple[str, str, str], list[str]]:
    """Everybody else's NAT rules, in their order."""
    chains = story.kernel.nat.chains.items()
    found = {chain: [rule for rule in rules if '"netapply: ' not in rule] for chain, rules in chains}
    return {chain: rules for chain, rules in found.items() if rules or not chain[2].startswith(OWN_CHAIN)}


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
    for item in (item for item in observed if is_foreign(item, owned, desired)):
        if item.key not in after:
            assert announced(item, plan), item
            continue
        for name, value in item.attributes.items():
            now = after[item.key][1][name]
            let_go = name == "master" and value in deleted(plan) and now is None
            assert let_go or name in FOLLOWING or now == value, (item, name, now)
    assert foreign_rules(story) == chains
