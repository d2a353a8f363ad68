"""A change: one resource that is to be created, updated, replaced or deleted."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from netapply.model.attribute import Change as How
from netapply.model.attribute import Disruption, Value
from netapply.model.family import link_of
from netapply.model.phase import Phase
from netapply.model.resource import Key, Origin


class Action(StrEnum):
    """What happens to a resource; the value is its glyph in a printed plan."""

    CREATE = "+"
    UPDATE = "~"
    REPLACE = "±"
    DELETE = "-"

    @property
    def word(self) -> str:
        return self.name.lower()


class Step(NamedTuple):
    """One attribute from what the kernel says to what it shall say."""

    attribute: str
    before: Value
    after: Value
    origin: Origin | None = None


@dataclass(slots=True)
class Change:
    """One resource's way from before to after.

    `before` and `after` hold all attributes (empty where the resource does not exist), `steps` the
    ones that differ. `reason` says why a resource changes that the file does not name: its former
    self was netapply's, or another change takes it away and it is put back.
    """

    action: Action
    key: Key
    kind: str
    before: dict[str, Value] = field(default_factory=dict)
    after: dict[str, Value] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    origin: Origin | None = None
    disruption: Disruption = Disruption.LIVE
    reason: str = ""
    needs: How = How.LIVE
    """The most that one of its steps asks of an existing link: to be down, or without ports, for a moment."""
    position: int | None = None
    """Where in an ordered list (a chain, counted from 1 among all rules) the resource is at last, or was if it
    goes; None: at the end."""
    phase: Phase | None = None
    """When a link is set, where that is not in the turn of links."""
    steps_aside: bool = False
    """A port that leaves its master for a moment, because that changes only without ports."""

    @property
    def family(self) -> str:
        return self.key[0]

    @property
    def link(self) -> str:
        """The link that the change is about; empty for what belongs to none."""
        return link_of(self.key)
