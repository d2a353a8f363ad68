"""What becomes of ports when they or their master change: who must be down, who is put back. Pure.

A bond takes only ports that are down, and closes those that it lets go (drivers/net/bonding/bond_main.c,
bond_enslave, __bond_release_one); some of its settings change only while it has no ports at all. A master
that is made again takes all its ports back, foreign ones too.
"""

from __future__ import annotations

from typing import Final

from netapply.kinds import KIND_OF, link_table
from netapply.model.attribute import UNSET, Disruption, Value
from netapply.model.attribute import Change as How
from netapply.model.resource import Key, Resource, State
from netapply.plan.change import Action, Change, Step

CLOSING: Final = frozenset({"bond"})
"""Kinds of masters whose ports must be down to join, and are down when they have left."""


def attach(by_key: dict[Key, Change], observed: State) -> None:
    """Add the changes of ports that other changes disturb; mark those that must be down for a moment."""
    disturbed = {
        change.key[1]: change for change in by_key.values()
        if change.family == "link" and change.key in observed and _lets_go(change)
    }  # fmt: skip
    for link in observed.family("link") if disturbed else ():
        master = disturbed.get(link.attributes.get("master") or "")
        if master is not None and master.action is not Action.DELETE:
            _put_back(link, "master", f"{master.key[1]} {_why(master)}", by_key)
            by_key[link.key].steps_aside = master.action is Action.UPDATE
            _keep_what_ports_gave(master)
        elif master is not None and master.kind in CLOSING:
            _put_back(link, "up", f"{master.key[1]} is deleted, and takes its ports down", by_key)
    for change in by_key.values():
        if change.family == "link" and change.action is not Action.DELETE and _passes_bond(change, by_key, observed):
            least = change.needs if change.action is Action.UPDATE else How.LIVE
            change.needs = max(least, How.DOWN, key=list(How).index)
            change.disruption = max(change.disruption, Disruption.FLAP)


def _lets_go(master: Change) -> bool:
    return master.action is not Action.UPDATE or master.needs is How.EMPTY


def _why(master: Change) -> str:
    return "changes only without ports" if master.action is Action.UPDATE else "is made again"


def _keep_what_ports_gave(master: Change) -> None:
    """Without ports a bond takes a MAC address at random, and forgets which port it prefers."""
    moving = {step.attribute for step in master.steps}
    ports = [row.attribute for row in link_table(master.kind) if row.nla.names_port and row.nla.default is not UNSET]
    for name in ("mac", *ports) if master.action is Action.UPDATE and master.kind in CLOSING else ():
        value = master.after.get(name)
        if value is not None and name not in moving and KIND_OF[master.kind].has(name, master.after):
            master.steps = (*master.steps, Step(name, value, value))


def _put_back(link: Resource, attribute: str, reason: str, by_key: dict[Key, Change]) -> None:
    """The attribute once more, as it is, unless the link's own change says something about it."""
    value = link.attributes[attribute]
    step = Step(attribute, value, value)
    change = by_key.get(link.key)
    if change is None:
        by_key[link.key] = Change(
            Action.UPDATE, link.key, link.kind, link.attributes, link.attributes, (step,), None,
            Disruption.FLAP, f"put back: {reason}",
        )  # fmt: skip
    elif change.action is Action.UPDATE and not any(item.attribute == attribute for item in change.steps):
        change.steps = (*change.steps, step)


def _passes_bond(change: Change, by_key: dict[Key, Change], observed: State) -> bool:
    """Whether the link joins a bond, or leaves one and stays."""
    if change.action is not Action.UPDATE:
        return _closes(change.after.get("master"), by_key, observed)
    if not any(step.attribute == "master" for step in change.steps):
        return False
    return any(_closes(state.get("master"), by_key, observed) for state in (change.before, change.after))


def _closes(master: Value, by_key: dict[Key, Change], observed: State) -> bool:
    change, seen = by_key.get(("link", master or "")), observed.link(master or "")
    return any(item is not None and item.kind in CLOSING for item in (change, seen))
