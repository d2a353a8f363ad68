"""The operations of one link's change: what must be down goes down, is set, and comes up again. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from netapply.kinds import KIND_OF, link_table
from netapply.model.attribute import UNSET, Disruption, Value
from netapply.model.attribute import Change as How
from netapply.model.link import Link
from netapply.model.resource import Key
from netapply.plan.change import Action, Change, Step
from netapply.plan.plan import Operation, Phase, Verb

Attributes = dict[str, Value]
LAST_ON_BRIDGES: Final = ("vlan_filtering", "mcast_vlan_snooping")
"""Switched on when all ports of a bridge that is at work have their VLANs: nothing is dropped in between."""


def link_operations(change: Change, taken: set[Key], height: int, waits: bool) -> Iterator[Operation]:
    """The operations in any order. `height`: how many links it stands on; `waits`: it comes up later, because
    its parameters are set first."""
    if change.action in (Action.DELETE, Action.REPLACE) and change.key not in taken:
        yield _of(change, Verb.DELETE, Phase.LINK_DELETE, change.before, -height, change.disruption)
    if change.action is Action.DELETE:
        return
    attributes, preferences = _settings(change)
    yield from _renamed(change, attributes.pop("name", None))
    waits = (waits and attributes.get("up") is True) or change.needs in (How.DOWN, How.EMPTY)
    verb = Verb.SET if change.action is Action.UPDATE else Verb.CREATE
    yield from _switched_on_last(change, verb, attributes, height)
    yield from _prepared(change, down=waits)
    if waits:
        attributes.pop("up", None)
        if change.after.get("up") is not None:
            yield _of(change, Verb.SET, Phase.LINK_UP, {"up": change.after["up"]}, height)
    if waits and verb is Verb.CREATE:
        attributes["up"] = False
    for part in _messages(change, verb, attributes):
        yield _of(change, verb, change.phase or Phase.LINK, part, height, change.disruption)
    if preferences:
        yield _of(change, Verb.SET, Phase.PREFERENCE, preferences)


def _renamed(change: Change, name: Value) -> Iterator[Operation]:
    if name is not None and change.action is Action.UPDATE:
        names = {"name": name, "former": change.before["name"]}
        yield _of(change, Verb.SET, Phase.RENAME, names, disruption=change.disruption)


def _of(
    change: Change, verb: Verb, phase: Phase, attributes: Attributes, depth: int = 0,
    disruption: Disruption = Disruption.LIVE,
) -> Operation:  # fmt: skip
    return Operation(verb, change.key, change.kind, phase, attributes, depth, disruption=disruption)


def _settings(change: Change) -> tuple[Attributes, Attributes]:
    """What is set on the link, and what is set once its ports are there."""
    model = _model(change.kind)
    if change.action is Action.UPDATE:
        said = {step.attribute: _sent(change.kind, step) for step in change.steps}
    else:
        wished = ((name, value) for name, value in change.after.items() if value is not None)
        said = {name: value for name, value in wished if model.has(name, change.after) and _is_told(change, name)}
    late = [row.attribute for row in link_table(change.kind) if row.nla.names_port and row.attribute in said]
    return said, {name: said.pop(name) for name in late if model.has(name, change.after)}


def _sent(kind: str, step: Step) -> Value:
    """What an existing link is told; more than the value where the kernel adds to what it has."""
    row = link_table(kind).get(step.attribute)
    return step.after if row is None or row.nla.delta is None else row.nla.delta(step.before, step.after)


def _is_told(change: Change, attribute: str) -> bool:
    """A link that is made again is not told what it has by itself: not every driver would take it."""
    row = link_table(change.kind).get(attribute)
    if row is None or row.nla.usual is UNSET or change.after[attribute] != row.nla.usual:
        return True
    return any(step.attribute == attribute for step in change.steps)


def _model(kind: str) -> type[Link]:
    return KIND_OF.get(kind, Link)


def _switched_on_last(change: Change, verb: Verb, attributes: Attributes, height: int) -> Iterator[Operation]:
    """Takes out of `attributes` what waits until the ports of a bridge that is at work have their VLANs."""
    if verb is Verb.SET and attributes.get("vlan_filtering"):
        last = {name: attributes.pop(name) for name in LAST_ON_BRIDGES if attributes.get(name)}
        yield _of(change, verb, Phase.VLAN_FILTERING, last, height)


def _prepared(change: Change, *, down: bool) -> Iterator[Operation]:
    """Down, and away from a master that must have no ports for a moment."""
    if change.action is not Action.UPDATE or not (down or change.steps_aside):
        return
    if down and change.before["up"]:
        yield _of(change, Verb.SET, Phase.LINK_PREPARE, {"up": False}, disruption=change.disruption)
    if any(step.attribute == "master" and step.before == step.after for step in change.steps):
        yield _of(change, Verb.SET, Phase.LINK_PREPARE, {"master": None}, 1, change.disruption)


def _messages(change: Change, verb: Verb, attributes: Attributes) -> Iterator[Attributes]:
    if verb is Verb.CREATE:
        yield attributes
    elif attributes:
        yield from _model(change.kind).messages(attributes, change.after)
