"""A VLAN that is down comes up when its parent does (net/8021q/vlan.c, vlan_device_event). Pure."""

from __future__ import annotations

from collections.abc import Mapping

from netapply.model.attribute import Disruption
from netapply.model.phase import Phase
from netapply.model.resource import Desired, Key, State
from netapply.plan.change import Action, Change, Step


def keep_down(raised: Mapping[Key, bool], desired: Desired, observed: State, by_key: dict[Key, Change]) -> None:
    """Set down again what the file wants down, and what was down although its parent was up."""
    for key, parent_was_up in raised.items():
        wish, change = desired.get(key), by_key.get(key)
        said = wish.attributes.get("up") if wish is not None else None
        if said or (said is None and not parent_was_up) or (change is not None and change.action is not Action.UPDATE):
            continue
        step = Step("up", True, False, wish.where("up") if wish is not None else None)
        if change is None:
            vlan = observed.resources[key]
            by_key[key] = Change(
                Action.UPDATE, key, vlan.kind, vlan.attributes, vlan.attributes, (step,), step.origin,
                Disruption.LIVE, f"put back: {vlan.attributes['link']} takes it up", phase=Phase.LINK_UP,
            )  # fmt: skip
        elif not any(each.attribute == "up" for each in change.steps):
            change.steps = (*change.steps, step)
