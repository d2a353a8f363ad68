"""Attributes of links that the kernel changes when another link changes, and that a way back restores. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from netapply.model.resource import Key, Resource, State
from netapply.plan.change import Action, Change

DRAGGED: Final = ("vlan", "macvlan", "macvtap")
"""Kinds whose links go down with their lower's MTU, and never up again (net/8021q/vlan.c, vlan_device_event)."""


def moved_along(changes: Iterable[Change], observed: State) -> Iterator[tuple[Key, str]]:
    """Ports that a deleted master lets go lose their master; what stands on a link goes down with its MTU."""
    links = [change for change in changes if change.family == "link"]
    deleted = {change.key[1] for change in links if change.action is Action.DELETE}
    lowered = {change.key[1] for change in links if change.action is Action.UPDATE and _lowers(change)}
    if not (deleted or lowered):
        return
    uppers: dict[str, list[Resource]] = {}
    for link in observed.family("link"):
        if link.attributes.get("master") in deleted and link.name not in deleted:
            yield link.key, "master"
        if link.kind in DRAGGED and link.attributes.get("link"):
            uppers.setdefault(link.attributes["link"], []).append(link)
    stack = list(lowered)
    while stack:
        for upper in uppers.pop(stack.pop(), ()):
            yield upper.key, "mtu"
            stack.append(upper.name)


def _lowers(change: Change) -> bool:
    return any(step.attribute == "mtu" and (step.before or 0) > (step.after or 0) for step in change.steps)
