"""A device has one user of its received frames: a bridge or bond, macvlans, or ipvlans. Pure.

The kernel refuses a second one (EBUSY, net/core/dev.c netdev_rx_handler_register); what the file says of both
is refused where the file is read, and what is on the host already here, before anything is touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from netapply.errors import ForeignError
from netapply.model.resource import State
from netapply.plan.change import Action, Change

UPPERS: Final = {"macvlan": "macvlan", "macvtap": "macvlan", "ipvlan": "ipvlan"}
"""Kinds that take their lower device's frames, by the driver that does so."""


def refuse_occupied(changes: list[Change], observed: State) -> None:
    """ForeignError for the first change that the kernel would refuse because the device has a user."""
    takers = [(change, *taken) for change in changes for taken in _taken_by(change)]
    if not takers:
        return
    changed = {change.key[1]: change for change in changes if change.family == "link"}
    users: dict[str, list[tuple[str, str]]] = {}
    for link in observed.family("link"):
        if link.name not in changed:
            for lower, user in _user(link.kind, link.name, link.attributes):
                users.setdefault(lower, []).append((user, f"{link.kind} {link.name}"))
            if link.attributes.get("master"):
                users.setdefault(link.name, []).append(
                    ("master", f"{link.attributes['master']}, of which it is a port,")
                )
    for change, lower, user in takers:
        for other, title in users.get(lower, ()):
            if other != user and not (other == "master" and _is_vrf(observed, lower)):
                raise _refusal(change, lower, title)


def _taken_by(change: Change) -> Iterator[tuple[str, str]]:
    """The device whose frames a link begins to take by this change, and which driver does."""
    if change.family != "link" or change.action is Action.DELETE:
        return
    begins = {step.attribute for step in change.steps}
    if "master" in begins and change.after.get("master"):
        yield change.key[1], "master"
    if change.action is not Action.UPDATE:
        yield from _user(change.kind, change.key[1], change.after)


def _user(kind: str, name: str, attributes: dict[str, object]) -> Iterator[tuple[str, str]]:
    lower = attributes.get("link")
    if kind in UPPERS and isinstance(lower, str):
        yield lower, UPPERS[kind]


def _is_vrf(observed: State, port: str) -> bool:
    link = observed.link(port)
    master = observed.link(link.attributes.get("master") or "") if link is not None else None
    return master is not None and master.kind == "vrf"


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
