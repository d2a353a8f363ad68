"""A bridge keeps the MTU that the file names, whatever its ports bring. Pure.

Until somebody sets it on the bridge that exists, a bridge's MTU follows its smallest port; one given
in the message that makes the bridge does not count, nor does one that it has already (Linux 6.18;
net/bridge/br_if.c, br_mtu_auto_adjust; net/core/dev.c, netif_set_mtu_ext).
"""

from __future__ import annotations

from collections.abc import Iterator

from netapply.model.resource import Desired, State
from netapply.plan.along import DRAGGED
from netapply.plan.change import Action, Change
from netapply.plan.plan import Operation, Phase, Plan, Verb


def keep_mtus(plan: Plan, desired: Desired, observed: State) -> None:
    """Set the MTU once more, behind the last port, of every bridge that its ports would lead elsewhere."""
    moving: dict[str, int] = {}
    for number, change in enumerate(plan.changes):
        if change.family == "link":
            for name in (change.before.get("master"), change.after.get("master")):
                if name is not None and _wish(desired, name) is not None:
                    moving.setdefault(name, number)
    if moving:
        leading = _leading(plan.changes, observed)
        again = [
            _set_mtu(name, _wish(desired, name), number)
            for name, number in moving.items()
            if leading.get(name, {1500}) != {_wish(desired, name)}
        ]
        again += _lifted(again, plan.changes, desired, observed)
        behind = [operation for operation in plan.operations if operation.phase > Phase.BRIDGE_MTU]
        plan.operations = [*plan.operations[: len(plan.operations) - len(behind)], *again, *behind]


def _set_mtu(name: str, mtu: int | None, change: int) -> Operation:
    return Operation(Verb.SET, ("link", name), "bridge", Phase.BRIDGE_MTU, {"mtu": mtu}, change=change)


def _lifted(again: list[Operation], changes: list[Change], desired: Desired, observed: State) -> list[Operation]:
    """What stands on the bridges was dragged down by the same ports: it gets back what it had, or shall have."""
    uppers: dict[str, list[Operation]] = {}
    for lower, operation in _dragged(changes, desired, observed) if again else ():
        uppers.setdefault(lower, []).append(operation)
    lifted: list[Operation] = []
    stack = list(again)
    while stack:
        below = stack.pop()
        for operation in uppers.pop(below.key[1], ()):
            operation.depth, operation.change = below.depth + 1, below.change
            operation.attributes["mtu"] = min(operation.attributes["mtu"], below.attributes["mtu"])
            lifted.append(operation)
            stack.append(operation)
    return lifted


def _dragged(changes: list[Change], desired: Desired, observed: State) -> Iterator[tuple[str, Operation]]:
    """Each link that goes down with its lower's MTU: the lower, and what sets its own."""
    changed = {change.key: change for change in changes if change.family == "link" and change.kind in DRAGGED}
    seen = ((link.key, link.kind, link.attributes) for link in observed.family("link") if link.kind in DRAGGED)
    after = ((change.key, change.kind, change.after) for change in changed.values() if change.after)
    for key, kind, attributes in [*(each for each in seen if each[0] not in changed), *after]:
        wish = desired.get(key)
        mtu = (wish.attributes if wish is not None else {}).get("mtu", attributes.get("mtu"))
        if mtu:
            yield attributes["link"] or "", Operation(Verb.SET, key, kind, Phase.BRIDGE_MTU, {"mtu": mtu})


def _wish(desired: Desired, name: str) -> int | None:
    link = desired.link(name)
    return link.attributes.get("mtu") if link is not None and link.kind == "bridge" else None


def _leading(changes: list[Change], observed: State) -> dict[str, set[int | None]]:
    """The MTUs of each bridge's ports, as they will be; None where the kernel chooses."""
    found: dict[str, set[int | None]] = {}
    for master, mtu in _ports(changes, observed):
        found.setdefault(master, set()).add(mtu)
    return found


def _ports(changes: list[Change], observed: State) -> Iterator[tuple[str, int | None]]:
    changed = {change.key: change for change in changes if change.family == "link"}
    for change in changed.values():
        if change.action is not Action.DELETE and change.after.get("master"):
            yield change.after["master"], change.after.get("mtu")
    for link in observed.family("link"):
        if link.key not in changed and link.attributes.get("master"):
            yield link.attributes["master"], link.attributes["mtu"]
