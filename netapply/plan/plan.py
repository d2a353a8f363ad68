"""The plan: every change, and the operations that make them, in the order in which they run.

What is printed is what is executed: a `Plan` says everything that its execution does, and nothing is
decided later.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from netapply.model.attribute import Disruption, Value
from netapply.model.phase import Phase
from netapply.model.resource import Key, Origin
from netapply.plan.change import Action, Change


class Verb(StrEnum):
    """What an operation asks of the kernel."""

    CREATE = "create"
    SET = "set"
    DELETE = "delete"


@dataclass(slots=True)
class Operation:
    """One step: a verb, a resource, and the attributes that the kernel is told.

    Operations with the same phase and depth are independent of each other and go out together.
    `change` is the index of the change that asked for it.
    """

    verb: Verb
    key: Key
    kind: str
    phase: Phase
    attributes: dict[str, Value] = field(default_factory=dict)
    depth: int = 0
    change: int = 0
    disruption: Disruption = Disruption.LIVE
    position: int | None = None
    replace: bool = False
    """A route or address that exists is replaced in place (NLM_F_REPLACE)."""
    origin: Origin | None = None
    far: dict[str, Value] = field(default_factory=dict)
    """What the other end is made with, where making one end of a cable makes both."""

    @property
    def stage(self) -> tuple[int, int]:
        return (self.phase, self.depth)


@dataclass(slots=True)
class Plan:
    """Changes, ordered operations, and what a person should know before saying yes."""

    changes: list[Change] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    source: str = ""
    lost: set[Key] = field(default_factory=set)
    """What the changes take away as a side effect, whether it is put back or not."""

    def __bool__(self) -> bool:
        return bool(self.changes)

    def count(self) -> dict[Action, int]:
        """How many resources each action touches."""
        seen = Counter(change.action for change in self.changes)
        return {action: seen[action] for action in Action}

    @property
    def disruption(self) -> Disruption:
        return max((change.disruption for change in self.changes), default=Disruption.LIVE)

    def disrupted(self) -> dict[str, Disruption]:
        """The worst that each link suffers, for links that suffer anything, in plan order."""
        worst: dict[str, Disruption] = {}
        for change in self.changes:
            name = change.link
            if name and change.disruption > worst.get(name, Disruption.LIVE):
                worst[name] = change.disruption
        return worst

    def batches(self) -> list[list[Operation]]:
        """Operations grouped by stage: one group is journalled, and sent, as one."""
        groups: list[list[Operation]] = []
        for operation in self.operations:
            if groups and groups[-1][0].stage == operation.stage:
                groups[-1].append(operation)
            else:
                groups.append([operation])
        return groups


__all__ = ["Operation", "Phase", "Plan", "Verb"]
