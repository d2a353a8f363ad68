"""A device has one user of its received frames: a bridge or bond, macvlans, or ipvlans. Pure.

The kernel refuses a second one (EBUSY, net/core/dev.c netdev_rx_handler_register); what the file says of both
is refused where the file is read, and what is on the host already here, before anything is touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from netapply.errors import ForeignError
from netapply.model.owned import Owned
from netapply.model.resource import State
from netapply.plan.change import Action, Change

UPPERS: Final = {"macvlan": "macvlan", "macvtap": "macvlan", "ipvlan": "ipvlan"}
"""Kinds that take their lower device's frames, by the driver that does so."""


def refuse_occupied(changes: list[Change], observed: State, owned: Owned) -> None:
    """ForeignError for the first change that the kernel would refuse because the device has a user. A way back
    is never barred."""
    vrfs = {link.name for link in observed.family("link") if link.kind == "vrf"}
    vrfs |= {change.key[1] for change in changes if change.kind == "vrf"}
    takers = [(change, *taken) for change in changes for taken in _taken_by(change, vrfs)]
    if not takers or not owned.marks_count:
        return
    users = _users({change.key[1] for change in changes if change.family == "link"}, observed)
    for change, lower, user in takers:
        for other, title in users.get(lower, ()):
            if other != user:
                raise _refusal(change, lower, title)


def _users(changed: set[str], observed: State) -> dict[str, list[tuple[str, str]]]:
    """By device, who has its frames and stays: the driver, and the link in words."""
    users: dict[str, list[tuple[str, str]]] = {}
    for link in observed.family("link"):
        if link.name in changed:
            continue
        for lower, user in _user(link.kind, link.attributes):
            users.setdefault(lower, []).append((user, f"{link.kind} {link.name}"))
        master = observed.link(link.attributes.get("master") or "")
        if master is not None and master.kind != "vrf":
            users.setdefault(link.name, []).append(("master", f"{master.kind} {master.name}, of which it is a port,"))
    return users


def _taken_by(change: Change, vrfs: set[str]) -> Iterator[tuple[str, str]]:
    """The device whose frames a link begins to take by this change, and which driver does."""
    if change.family != "link" or change.action is Action.DELETE:
        return
    master = change.after.get("master")
    if master and master not in vrfs and any(step.attribute == "master" for step in change.steps):
        yield change.key[1], "master"
    if change.action is not Action.UPDATE:
        yield from _user(change.kind, change.after)


def _user(kind: str, attributes: dict[str, object]) -> Iterator[tuple[str, str]]:
    lower = attributes.get("link")
    if kind in UPPERS and isinstance(lower, str):
        yield lower, UPPERS[kind]


def _refusal(change: Change, lower: str, title: str) -> ForeignError:
    name = change.key[1]
    what = (
        f"make {name} a port of {change.after['master']}" if name == lower else f"put {change.kind} {name} on {lower}"
    )
    where = f"; {change.origin}" if change.origin else ""
    return ForeignError(
        f"cannot {what}: {title} has {lower} already, and the kernel lets only one have it; delete one of them, or "
        f"use another device{where}"
    )
