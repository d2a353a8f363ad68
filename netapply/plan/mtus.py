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
        again += [each for lift in again for each in _lifted(lift, plan.changes, desired, observed)]
        behind = [operation for operation in plan.operations if operation.phase > Phase.BRIDGE_MTU]
        plan.operations = [*plan.operations[: len(plan.operations) - len(behind)], *again, *behind]


def _set_mtu(name: str, mtu: int | None, change: int) -> Operation:
    return Operation(Verb.SET, ("link", name), "bridge", Phase.BRIDGE_MTU, {"mtu": mtu}, change=change)


def _lifted(lift: Operation, changes: list[Change], desired: Desired, observed: State) -> Iterator[Operation]:
    """What stands on a bridge was dragged down by the same ports: it gets back what it had, or shall have."""
    known = {link.name: link.attributes for link in observed.family("link")}
    known |= {each.key[1]: each.after for each in changes if each.family == "link"}
    stack = [(lift.key[1], 1)]
    while stack:
        lower, depth = stack.pop()
        for name, attributes in known.items():
            wish, kind = desired.link(name), _kind_of(name, changes, observed)
            mtu = (wish.attributes if wish is not None else {}).get("mtu", attributes.get("mtu"))
            if attributes.get("link") == lower and kind in DRAGGED and mtu:
                yield Operation(
                    Verb.SET, ("link", name), kind, Phase.BRIDGE_MTU, {"mtu": mtu}, depth, change=lift.change
                )
                stack.append((name, depth + 1))


def _kind_of(name: str, changes: list[Change], observed: State) -> str:
    seen = observed.link(name)
    return next((each.kind for each in changes if each.key == ("link", name)), seen.kind if seen is not None else "")


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
