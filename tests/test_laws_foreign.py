"""What netapply neither made nor was told about stays as it is."""

from __future__ import annotations

from hypothesis import given

from netapply.model.owned import Owned
from netapply.model.resource import Desired, Key, Resource
from netapply.plan import Action, Plan
from netapply.plan.consequences import returns_by_itself
from tests.law import applied, begin, laws, wish
from tests.law_files import File, files
from tests.law_hosts import Deed, deeds
from tests.law_story import Story


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
