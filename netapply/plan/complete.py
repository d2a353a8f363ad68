"""Changes made whole: what their side effects take away is put back, or the plan is refused. Pure."""

from __future__ import annotations

from typing import NamedTuple

from netapply.diff import creation
from netapply.errors import ForeignError
from netapply.kinds import KIND_OF
from netapply.model.attribute import Disruption
from netapply.model.family import FAMILIES, link_of
from netapply.model.owned import Owned
from netapply.model.resource import Desired, Key, Resource, State
from netapply.plan.attachments import attach
from netapply.plan.change import Action, Change, Step
from netapply.plan.consequences import Consequences
from netapply.plan.ground import Ground
from netapply.plan.inherited import leave_inherited
from netapply.plan.isolation import closed_ports
from netapply.plan.occupied import refuse_occupied
from netapply.plan.ports import again, ends_with_port, settle_ports, worth_keeping
from netapply.plan.raised import keep_down
from netapply.plan.vlan_tables import filtering_notes, keep_foreign_tables


class Completed(NamedTuple):
    """All changes; the keys that side effects may take away; what a person should know."""

    changes: list[Change]
    lost: set[Key]
    taken: set[Key]
    """Of these, the ones that need no operation to go."""
    notes: list[str]


def complete(changes: list[Change], desired: Desired, observed: State, owned: Owned) -> Completed:
    """The changes with everything that their side effects ask for.

    Raises ForeignError where a link that netapply does not own would be lost for good.
    """
    refuse_occupied(changes, observed, owned)
    closed, left = closed_ports(changes, desired, observed, owned)
    changes += closed
    by_key = {change.key: change for change in changes}
    attach(by_key, observed)
    changes = list(by_key.values())
    consequences = Consequences(changes, observed)
    gone = _gone_links(changes, consequences)
    ground = Ground(changes, observed, consequences.for_good)
    for item, reason in consequences.restorable():
        if ends_with_port(item):
            item = worth_keeping(item, desired)
            if not item.attributes and item.key not in by_key:
                continue
        if item.family != "sysctl" or item.key in desired:
            if item.family == "route" and item.key not in by_key and not _links(item) & gone:
                ground.require(item, reason, owned, desired)
            _put_back(item, reason, by_key, gone, owned, consequences)
    _settle_moved(consequences.moved, desired, by_key)
    attach(by_key, observed)
    keep_foreign_tables(by_key, desired, observed)
    settle_ports(by_key, desired, observed)
    for change in by_key.values():
        if change.action in (Action.CREATE, Action.REPLACE) and change.after.get("master") in gone:
            del change.after["master"]  # carried over from its former self
    keep_down(consequences.raised, desired, observed, by_key)
    leave_inherited(by_key.values(), desired, observed, owned)
    notes = [*left, *consequences.farewells()]
    notes = [*consequences.farewells(), *filtering_notes(by_key, desired, observed)]
    return Completed(list(by_key.values()), set(consequences.lost), consequences.taken, notes)


def _gone_links(changes: list[Change], consequences: Consequences) -> set[str]:
    """Names of links that will not exist afterwards: deleted, or standing on a deleted one and left there."""
    gone = {change.key[1] for change in changes if change.family == "link" and change.action is Action.DELETE}
    staying = {change.key for change in changes if change.action is not Action.DELETE}
    grown = True
    while grown:
        size = len(gone)
        for key in consequences.lost:
            link = consequences.observed.resources[key]
            if (
                key[0] == "link"
                and key not in staying
                and gone & {link.attributes.get(name) for name in ("link", "dev", "peer")}
            ):
                gone.add(key[1])
        grown = len(gone) > size
    return gone


def _put_back(
    item: Resource, reason: str, by_key: dict[Key, Change], gone: set[str], owned: Owned, consequences: Consequences
) -> None:
    change = by_key.get(item.key)
    if change is not None:
        again(change, item)
        _make_again(change, item)
        return
    if item.family == "link":
        _refuse_loss(item, reason, gone, owned)
        if item.name in gone:
            return
    elif _links(item) & gone:
        consequences.for_good |= set() if item.family == "altname" else {item.key}
        return
    restored = creation(Resource(item.key, item.kind, item.attributes, item.facts), f"put back: {reason}")
    if ends_with_port(item):
        restored.steps = tuple(step._replace(before=step.after) for step in restored.steps)
    restored.disruption = max(FAMILIES[item.family].again, Disruption.FLAP)
    if item.family in ("address", "link") and item.key not in consequences.taken:
        # it may survive (a tunnel certainly does, leading nowhere), so it is deleted first
        restored.action, restored.before, restored.steps = Action.REPLACE, item.attributes, ()
    by_key[item.key] = restored


def _make_again(change: Change, item: Resource) -> None:
    """An update of something that will be lost is a creation with all its attributes.

    A route and a nexthop object are replaced in place, which also makes one that is not there.
    """
    if change.action is Action.UPDATE and item.family not in ("route", "nexthop"):
        change.action = Action.REPLACE if item.family == "link" else Action.CREATE
        change.disruption = max(change.disruption, FAMILIES[item.family].again, Disruption.FLAP)


def _refuse_loss(item: Resource, reason: str, gone: set[str], owned: Owned) -> None:
    known = item.kind in KIND_OF and KIND_OF[item.kind].created
    if owned.has(item) or (known and item.name not in gone):
        return
    raise ForeignError(
        f"cannot go on: {reason}, and {item.kind or 'physical'} link {item.name}, which netapply did not make, would "
        f"be deleted with it; move {item.name} away first, or name it in the file"
    )


def _links(item: Resource) -> set[str]:
    if item.family == "route":
        return {hop[1] for hop in item.attributes.get("nexthops") or () if hop[1]}
    if item.family == "nexthop":
        return {item.attributes.get("dev") or ""} - {""}
    return {link_of(item.key)} - {""} if item.family != "link" else set()


def _settle_moved(moved: list[tuple[Key, Key, str]], desired: Desired, by_key: dict[Key, Change]) -> None:
    """A wish for one interface stands against a global parameter that overwrites it.

    A change that a global one brings about anyway needs no operation of its own.
    """
    for mover, key, value in moved:
        if mover not in by_key:
            continue
        change, wish = by_key.get(key), desired.get(key)
        if change is not None:
            certain = "/default/" not in mover[1]  # which leaves alone what somebody has set
            if certain and change.action is Action.UPDATE and change.after["value"] == value:
                del by_key[key]
        elif wish is not None and wish.attributes["value"] != value:
            by_key[key] = _against(wish, value)


def _against(wish: Resource, value: str) -> Change:
    goal = wish.attributes["value"]
    step = Step("value", value, goal, wish.origin)
    return Change(Action.UPDATE, wish.key, "sysctl", {"value": value}, {"value": goal}, (step,), wish.origin)
