"""How an apply, a rollback or a recovery ended, in one line."""

from __future__ import annotations

from typing import Protocol

from netapply.plan.change import Action
from netapply.render.plan_text import Planned, agreement, plan_of

DONE = {
    Action.CREATE: "added",
    Action.UPDATE: "changed",
    Action.REPLACE: "replaced",
    Action.DELETE: "deleted",
}


class Finished(Protocol):
    """What the Python API returns."""

    @property
    def changes(self) -> int: ...
    @property
    def operations(self) -> int: ...
    @property
    def seconds(self) -> float: ...
    @property
    def plan(self) -> Planned | None: ...
    @property
    def recovered(self) -> bool: ...
    @property
    def void(self) -> bool: ...


def result_text(result: Finished, verb: str = "Applied") -> str:
    """`Applied: 3 added, 1 changed in 0.12 s; verified.`"""
    if result.plan is not None:
        return _applied(result, result.plan, verb)
    if result.void:
        return (
            "Recovered: the interrupted transaction belongs to an earlier boot or a namespace that is gone; "
            "nothing of it is left and it is closed."
        )
    steps = f"{result.operations} {'operation' if result.operations == 1 else 'operations'}"
    took = f"{steps} in {duration(result.seconds)}"
    return f"Recovered: the network is as it was before the interrupted transaction ({took})."


def duration(seconds: float) -> str:
    """A time as a person reads it: `3 ms`, `0.12 s`, `14.2 s`."""
    if seconds < 0.1:
        return f"{max(seconds * 1000, 0.1):.{1 if seconds < 0.01 else 0}f} ms"
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"


def _applied(result: Finished, planned: Planned, verb: str) -> str:
    if not result.changes:
        return f"Nothing to do: {agreement(planned.source)}."
    count = plan_of(planned).count()
    parts = ", ".join(f"{count[action]} {word}" for action, word in DONE.items() if count[action])
    return f"{verb}: {parts} in {duration(result.seconds)}; verified."
