"""A VLAN that is made again goes on following its parent's MAC address. Pure.

A VLAN has its parent's address until somebody sets one (net/8021q/vlan_dev.c, vlan_dev_inherit_address). To
set the one that it has would pin it, and a later change of the parent's would no longer reach it.
"""

from __future__ import annotations

from collections.abc import Iterable

from netapply.model.owned import Owned
from netapply.model.resource import Desired, State
from netapply.plan.change import Action, Change


def leave_inherited(changes: Iterable[Change], desired: Desired, observed: State, owned: Owned) -> None:
    """Take the parent's MAC address out of what a new VLAN is told, unless the file asks for it."""
    for change in changes:
        made = change.action in (Action.CREATE, Action.REPLACE) and change.kind == "vlan" and change.family == "link"
        if not made or not change.after.get("mac"):
            continue
        wish = desired.get(change.key)
        named = owned.marks_count and wish is not None and "mac" in wish.attributes
        parent = observed.link(change.before.get("link") or change.after["link"])
        if not named and (parent is None or parent.attributes["mac"] == change.after["mac"]):
            del change.after["mac"]
