"""How it ended, in one line."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from netapply.plan import Action, Change, Plan
from netapply.render.result_text import result_text


@dataclass(frozen=True)
class Ended:
    changes: int = 0
    operations: int = 0
    seconds: float = 0.1234
    plan: Plan | None = None
    recovered: bool = False
    void: bool = False


def plan_with(*actions: Action) -> Plan:
    return Plan(
        [Change(action, ("link", f"eth{number}"), "") for number, action in enumerate(actions)],
        source="a.yaml",
    )


@pytest.mark.parametrize(
    ("result", "line"),
    [
        (
            Ended(3, 5, plan=plan_with(Action.CREATE, Action.CREATE, Action.UPDATE)),
            "Applied: 2 added, 1 changed in 0.12 s; verified.",
        ),
        (
            Ended(2, 4, plan=plan_with(Action.DELETE, Action.REPLACE)),
            "Applied: 1 replaced, 1 deleted in 0.12 s; verified.",
        ),
        (Ended(plan=plan_with()), "Nothing to do: the network matches a.yaml."),
        (
            Ended(operations=1, recovered=True),
            "Recovered: the network is as it was before the interrupted transaction (1 operation in 0.12 s).",
        ),
        (
            Ended(recovered=True, void=True),
            "Recovered: the interrupted transaction belongs to an earlier boot or a namespace that is gone; "
            "nothing of it is left and it is closed.",
        ),
    ],
)
def test_one_line(result: Ended, line: str) -> None:
    assert result_text(result) == line


def test_a_rollback_has_its_own_verb() -> None:
    result = Ended(1, 1, plan=plan_with(Action.DELETE))
    assert result_text(result, "Rolled back") == "Rolled back: 1 deleted in 0.12 s; verified."
