"""Changes to operations, in an order that works and interrupts least. Pure.

The order is a sort by stage (phase, depth), so it costs n log n; the depth of a link is the height of
the stack below it.
"""

from __future__ import annotations

from collections.abc import Iterator

from netapply.model.attribute import Value
from netapply.model.family import FAMILIES
from netapply.model.netfilter import NETFILTER, backend_of
from netapply.model.resource import Key, State
from netapply.model.routing import SELECTORS
from netapply.model.sysctl import device_of
from netapply.model.vlan_table import FAMILY as VLANS
from netapply.plan.change import Action, Change
from netapply.plan.link_steps import link_operations
from netapply.plan.nexthop_users import place
from netapply.plan.plan import Operation, Phase, Plan, Verb
from netapply.plan.ports import PORT_FAMILIES, worth_sending
from netapply.plan.vlan_steps import operations_of

BELOW = ("link", "dev", "master")
"""Attributes that name a link which must exist first."""


def arrange(changes: list[Change], lost: set[Key], taken: set[Key], observed: State) -> Plan:
    """The plan for these changes. Side effects may take away `lost`; of it, `taken` goes for certain, so
    that no operation is needed for that."""
    heights = Heights(changes, observed)
    held_down = {device_of(change.key[1]) for change in changes if change.family == "sysctl"}
    held_down |= {change.key[1] for change in changes if change.family == "inet6"}
    left = {step.before for change in changes for step in change.steps if step.attribute == "master"}
    operations: list[Operation] = []
    for number, change in enumerate(changes):
        vlans = change.family == VLANS
        for operation in operations_of(change, left) if vlans else _operations(change, taken, heights, held_down):
            operation.change = number
            operation.origin = change.origin
            operations.append(operation)
    for operation in operations:
        # a route that is put back may still be there after all
        operation.replace |= operation.phase is Phase.ROUTE and operation.key in lost
        if operation.key[0] == "nexthop":
            place(operation, changes[operation.change], lost)
    _move_netfilter(operations)
    operations.sort(key=lambda operation: operation.stage)
    return _numbered(changes, operations)


def _move_netfilter(operations: list[Operation]) -> None:
    """Rules that move to another backend are there before they go here; each backend's come in one batch."""
    rules = [operation for operation in operations if operation.key[0] in NETFILTER]
    coming = {backend_of(operation.key) for operation in rules if operation.verb is Verb.CREATE}
    for operation in rules:
        operation.depth = int(bool(coming) and backend_of(operation.key) not in coming)


def _numbered(changes: list[Change], operations: list[Operation]) -> Plan:
    """Changes in the order in which their operations begin; what happens by itself comes last."""
    order = list(dict.fromkeys(operation.change for operation in operations))
    listed = set(order)
    order += [number for number in range(len(changes)) if number not in listed]
    place = {number: position for position, number in enumerate(order)}
    for operation in operations:
        operation.change = place[operation.change]
    return Plan([changes[number] for number in order], operations)


class Heights:
    """How many links each link stands on, as they will be after the changes."""

    def __init__(self, changes: list[Change], observed: State) -> None:
        self._attributes: dict[str, dict[str, Value]] = {
            change.key[1]: change.after or change.before for change in changes if change.family == "link"
        }
        self._observed = observed
        self._known: dict[str, int] = {}

    def of(self, name: str) -> int:
        """Iterative, so that a deep stack needs no deep recursion; a loop ends where it closes."""
        if not self._below(name):
            return 0  # as most of a thousand bridges
        stack, path = [name], set()
        while stack:
            top = stack[-1]
            path.add(top)
            missing = [below for below in self._below(top) if below not in self._known and below not in path]
            if missing:
                stack.append(missing[0])
                continue
            self._known[top] = 1 + max((self._known.get(below, -1) for below in self._below(top)), default=-1)
            stack.pop()
        return self._known[name]

    def _below(self, name: str) -> list[str]:
        seen = self._observed.link(name)
        attributes = self._attributes.get(name) or (seen.attributes if seen else {})
        return [attributes[key] for key in BELOW if attributes.get(key)]


def _operations(change: Change, taken: set[Key], heights: Heights, held_down: set[str | None]) -> Iterator[Operation]:
    if change.family == "link":
        yield from link_operations(change, taken, heights.of(change.key[1]), change.key[1] in held_down)
    elif change.family == "sysctl":
        own = device_of(change.key[1]) is not None
        phase = Phase.LINK_SYSCTL if own else Phase.GLOBAL_SYSCTL
        yield Operation(Verb.SET, change.key, change.kind, phase, change.after)
    else:
        yield from _plain(change, taken)


def _plain(change: Change, taken: set[Key]) -> Iterator[Operation]:
    family = FAMILIES[change.family]
    if change.family in PORT_FAMILIES and change.action is Action.DELETE:
        return  # it ends with the port
    if change.action in (Action.DELETE, Action.REPLACE) and change.key not in taken:
        yield Operation(
            Verb.DELETE, change.key, change.kind, family.delete, change.before, _delete_rank(change),
            disruption=change.disruption, position=change.position,
        )  # fmt: skip
    if change.action is Action.DELETE:
        return
    if change.action is Action.UPDATE and family.stepwise:
        steps = {step.attribute: step.after for step in change.steps}
        yield Operation(Verb.SET, change.key, change.kind, family.create, steps, disruption=change.disruption)
        return
    attributes = {name: value for name, value in change.after.items() if value is not None}
    if change.action is Action.UPDATE and not family.made:
        attributes = {step.attribute: step.after for step in change.steps}
    elif change.family in PORT_FAMILIES:
        attributes = worth_sending(change)
        if not attributes:
            return
    yield Operation(
        Verb.CREATE, change.key, change.kind, family.create, attributes, _rank(change),
        disruption=change.disruption, position=change.position, replace=change.action is Action.UPDATE,
    )  # fmt: skip


def _delete_rank(change: Change) -> int:
    """A rule goes behind its successor's coming; a secondary address before its primary takes it along.

    Of rules, the narrower goes first: deleting a wider one hits the first that has at least its selectors
    (net/core/fib_rules.c, rule_find).
    """
    if change.family == "rule":
        return 1 + len(SELECTORS) - sum(change.before.get(name) is not None for name in SELECTORS)
    if change.family == "nexthop":
        return -int(bool(change.before.get("group")))
    return -int(bool(change.before.get("secondary")))


def _rank(change: Change) -> int:
    """A gateway needs the route to it first; a secondary address its primary; a group its members."""
    if change.family == "nexthop":
        return int(bool(change.after.get("group")))
    if change.family == "route":
        return int(any(hop[0] for hop in change.after.get("nexthops") or ()))
    return int(bool(change.after.get("secondary")))
