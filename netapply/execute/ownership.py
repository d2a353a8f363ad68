"""What netapply owns once a plan is carried out. Pure."""

from __future__ import annotations

from netapply.families import default_of
from netapply.model.attribute import UNSET
from netapply.model.family import FAMILIES
from netapply.model.owned import Owned
from netapply.model.resource import Desired, Resource, State
from netapply.model.vlan_table import initial
from netapply.movers import moved_by
from netapply.plan.change import Action, Change
from netapply.plan.plan import Plan


def owned_after(owned: Owned, plan: Plan, desired: Desired, before: State, after: State) -> Owned:
    """The ownership after the plan: what it made, and what it set on things that it did not make."""
    made = set(owned.made)
    made |= {
        change.key for change in plan.changes
        if _is_made(change, before) and FAMILIES[change.key[0]].made and change.action is not Action.DELETE
    }  # fmt: skip
    result = Owned({key for key in made if key in after})
    for key, found in owned.set_here.items():
        if key in after and key in desired:
            named = desired.resources[key].attributes
            result.set_here[key] = {name: value for name, value in found.items() if name in named}
    for change in plan.changes:
        if change.key in desired:
            _remember(result, change, desired.resources[change.key], before.get(change.key))
    _follow_movers(result, plan, [link.name for link in after.family("link")])
    for key, found in result.set_here.items():
        if key[0] == "link" and found.get("name") == key[1]:
            del found["name"]  # it has its first name again
    result.set_here = {key: found for key, found in result.set_here.items() if found}
    return result


def _is_made(change: Change, before: State) -> bool:
    """Whether the change brings a thing that was not there: a qdisc of another kind is another one."""
    seen = before.get(change.key)
    return seen is None or (change.key[0] == "qdisc" and seen.kind != change.kind)


def _follow_movers(owned: Owned, plan: Plan, links: list[str]) -> None:
    """Where a global parameter overwrites one that netapply holds against it, that is what it goes back to."""
    for change in plan.changes:
        if change.key[0] == "sysctl" and "/default/" not in change.key[1]:
            for key, value in moved_by(change.key[1], str(change.after["value"]), links):
                if key in owned.set_here:
                    owned.set_here[key]["value"] = value


def _remember(owned: Owned, change: Change, wish: Resource, seen: Resource | None) -> None:
    """Keep what each named attribute goes back to once the file no longer names it.

    On things that netapply did not make that is the value found; on its own ones it is what they are
    made with where nothing is said.
    """
    ours = change.key in owned.made
    if not ours and not _only_set(change, seen):
        return
    found = owned.set_here.setdefault(change.key, {})
    named = (step for step in change.steps if step.attribute in wish.attributes and step.before != step.after)
    for name, before in [(step.attribute, step.before) for step in named]:
        goal = default_of(wish, name) if ours or seen is None else before
        if goal is UNSET and seen is not None:
            goal = seen.attributes.get(name)
        elif goal is UNSET and "default_pvid" in wish.facts:
            goal = initial(wish.facts["default_pvid"])[name]
        if goal is not UNSET:
            found.setdefault(name, goal)


def _only_set(change: Change, seen: Resource | None) -> bool:
    """Whether the change sets something on what netapply did not make: a found link, a parameter, a port."""
    family = FAMILIES[change.key[0]]
    if change.key[0] in ("link", "sysctl"):
        return seen is not None and bool(change.before)
    return not family.made and not family.marked
