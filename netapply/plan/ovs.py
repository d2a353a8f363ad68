"""What goes through Open vSwitch's database, and when: its own bridges and ports, and who has which port. Pure.

A link of Open vSwitch is one resource to the reader, and two things to make: its rows in the database, from which
ovs-vswitchd makes the device, and the device's settings over netlink (up, alias). A device that is only a port
of such a bridge, or of a bond in it, has its `master` there and everything else in the kernel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from netapply.errors import ForeignError, RefusedError
from netapply.kinds import KIND_OF, link_table
from netapply.model.attribute import Value
from netapply.model.ovs_values import column, is_ovs
from netapply.model.owned import Owned
from netapply.model.phase import Phase
from netapply.model.resource import Desired, Resource, State
from netapply.plan.change import Action, Change
from netapply.plan.ovs_ports import after, is_port_after
from netapply.plan.plan import Operation, Plan, Verb
from netapply.plan.words import noun

OWNERS = ("ovs-bridge", "ovs-bond")
"""Kinds that have ports."""
OVS_PHASES = (Phase.OVS_DELETE, Phase.OVS, Phase.OVS_PORT)
"""Phases whose operations are one transaction each."""


def through_ovsdb(plan: Plan, desired: Desired, observed: State, owned: Owned) -> None:
    """Split the plan's operations; nothing to do where neither the plan nor the host has to do with it.

    Raises ForeignError where something would go that could not be put back.
    """
    kinds = {change.kind for change in plan.changes} | {link.kind for link in observed.family("link")}
    if "ovs_port" in kinds or any(is_ovs(kind) for kind in kinds):
        split = _Split(plan, desired, observed)
        if owned.marks_count:  # a way back is never barred
            _refuse_unseen(plan, observed)
            split.refuse_strangers()
        plan.operations = sorted(split.operations(), key=lambda operation: operation.stage)


def _refuse_unseen(plan: Plan, observed: State) -> None:
    """A mirror or a queue that hangs on a port or a bridge goes with it, and netapply does not read those."""
    for change in plan.changes:
        seen = observed.get(change.key)
        unseen = seen.facts.get("unseen") if seen is not None and change.action is not Action.UPDATE else None
        if unseen:
            raise ForeignError(
                f"cannot delete {noun(change.key, change.kind)}: it has {unseen}, which netapply does not read and "
                f"could not put back; remove that first (ovs-vsctl clear)"
            )


class _Split:
    def __init__(self, plan: Plan, desired: Desired, observed: State) -> None:
        self._plan, self._desired, self._observed = plan, desired, observed
        self._before = {link.name: link.kind for link in observed.family("link")}
        self._after = dict(self._before)
        for change in plan.changes:
            if change.family == "link" and change.action is not Action.UPDATE:
                self._after[change.key[1]] = "" if change.action is Action.DELETE else change.kind

    def refuse_strangers(self) -> None:
        """What is no port of Open vSwitch has no settings as such a port."""
        by_key = {change.key: change for change in self._plan.changes}
        for change in self._plan.changes:
            creating = change.family == "ovs_port" and change.action is Action.CREATE
            if creating and not is_port_after(change.key[1], by_key, self._observed):
                master = after(change.key[1], by_key, self._observed)[1]
                what = f"a port of {master}, which is no bridge of Open vSwitch" if master else "a port of nothing"
                where = f"; {change.origin}" if change.origin else ""
                raise RefusedError(
                    f"cannot use {noun(change.key, change.kind)}: it is {what}; name one as its master{where}"
                )

    def operations(self) -> Iterator[Operation]:
        for operation in self._plan.operations:
            if operation.key[0] == "link":
                yield from self._link(operation)
            else:
                yield self._with_device(operation) if operation.key[0] == "ovs_port" else operation
        for number, change in enumerate(self._plan.changes):
            if self._leaves(change):
                yield self._release(change.key[1], change.kind, number)

    def _link(self, operation: Operation) -> Iterator[Operation]:
        seen = self._observed.get(operation.key)
        kind = seen.kind if operation.verb is Verb.DELETE and seen is not None else operation.kind
        if not is_ovs(kind):
            yield from self._device(operation, seen)
        elif operation.verb is Verb.DELETE:
            yield replace(operation, kind=kind, phase=Phase.OVS_DELETE, depth=0)
        else:
            yield from self._own(operation)

    def _own(self, operation: Operation) -> Iterator[Operation]:
        """A link of Open vSwitch: first its rows, then what its device is set to."""
        rows = {row.attribute for row in link_table(operation.kind) if column(row.nla.name)} | {"master"}
        inside = {name: value for name, value in operation.attributes.items() if name in rows}
        outside = {name: value for name, value in operation.attributes.items() if name not in rows}
        phase = Phase.OVS_PORT if operation.kind == "ovs-bond" else Phase.OVS
        if operation.verb is Verb.CREATE and self._is_marked(operation):
            inside["mark"] = True
        if inside or operation.verb is Verb.CREATE:
            yield replace(operation, phase=phase, depth=0, attributes=inside)
        mac = self._former_mac(operation) if operation.verb is Verb.CREATE else None
        if mac:
            yield replace(operation, verb=Verb.SET, kind="", attributes={"mac": mac})
        if outside and KIND_OF[operation.kind].device:
            yield replace(operation, verb=Verb.SET, attributes=outside)

    def _is_marked(self, operation: Operation) -> bool:
        """What a file makes is netapply's; what is put back has the mark that it had."""
        wish, seen = self._desired.get(operation.key), self._observed.get(operation.key)
        known = wish if wish is not None and "marked" in wish.facts else seen if wish is None else None
        return known is None or bool(known.facts.get("marked"))

    def _former_mac(self, operation: Operation) -> Value:
        """Open vSwitch chooses a MAC address anew for a port that it makes again; neighbours know the former."""
        known = self._desired.get(operation.key) or self._observed.get(operation.key)
        chosen = operation.kind == "ovs-internal" and not operation.attributes.get("mac")
        return known.facts.get("mac") if known is not None and chosen else None

    def _device(self, operation: Operation, seen: Resource | None) -> Iterator[Operation]:
        """Another device, whose master may be Open vSwitch's: the former one lets go first."""
        attributes, name = operation.attributes, operation.key[1]
        if operation.verb is Verb.DELETE or "master" not in attributes:
            yield operation
            return
        goal, former = attributes["master"], _master(seen)
        rest = {key: value for key, value in attributes.items() if key != "master"}
        released, attached = self._before.get(former, "") in OWNERS, self._after.get(goal, "") in OWNERS
        creating = operation.verb is Verb.CREATE
        if released and not attached:
            yield self._release(name, operation.kind, operation.change)
        if attached:
            yield self._attach(operation, goal)
            goal = None
        stays = former and not released and not creating
        kernel = rest if goal is None and not stays else {**rest, "master": goal}
        if kernel or creating:
            yield replace(operation, attributes=kernel)

    def _attach(self, operation: Operation, owner: Value) -> Operation:
        return replace(
            operation, verb=Verb.SET, phase=Phase.OVS_PORT, depth=0, attributes={"master": owner}, position=None
        )

    def _release(self, name: str, kind: str, change: int) -> Operation:
        asked = self._plan.changes[change]
        return Operation(
            Verb.SET, ("link", name), kind, Phase.OVS_DELETE, {"master": None}, change=change,
            disruption=asked.disruption, origin=asked.origin,
        )  # fmt: skip

    def _leaves(self, change: Change) -> bool:
        """Whether a device goes for good that is a port: its rows would stay, and name nothing."""
        if change.family != "link" or change.action is not Action.DELETE or is_ovs(change.kind):
            return False
        return self._before.get(change.before.get("master") or "", "") in OWNERS

    def _with_device(self, operation: Operation) -> Operation:
        """A port that Open vSwitch makes gets its VLANs in the same transaction; a bond comes with its ports."""
        kind = self._after.get(operation.key[1], "")
        if is_ovs(kind) and kind != "ovs-bond":
            return replace(operation, phase=Phase.OVS)
        return operation


def _master(link: Resource | None) -> str:
    return (link.attributes.get("master") or "") if link is not None else ""
