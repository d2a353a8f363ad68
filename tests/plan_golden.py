"""How a case of tests/cases/plan is read and its plan written down.

`observed.json` says of each resource only what is not usual; `python -m tests.plan_golden` writes every
plan.txt anew, for a person to read the difference.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from netapply.devices import with_devices
from netapply.errors import NetapplyError
from netapply.execute.notation import frozen, owned_from_json
from netapply.families import table_for
from netapply.kernel.observe import Observed
from netapply.model.attribute import UNSET
from netapply.model.resource import Resource
from netapply.model.routing import Nexthop
from netapply.plan import Operation, Plan, Step, make_plan
from netapply.plan.words import describe, noun
from netapply.sources import load

CASES = Path(__file__).parent / "cases" / "plan"
USUAL: dict[str, dict[str, Any]] = {
    "link": {"up": True, "mtu": 1500, "txqueuelen": 1000},
    "address": {"scope": "global"},
    "route": {"type": "unicast", "scope": "global", "protocol": "static", "nexthops": ()},
    "rule": {"action": "lookup", "protocol": 0},
}


def observed(case: Path) -> Observed:
    """The state, every resource filled up with what is usual."""
    state = Observed()
    for data in json.loads((case / "observed.json").read_text(encoding="utf-8")):
        resource = Resource(tuple(data["key"]), data.get("kind", data["key"][0]), facts=data.get("facts", {}))
        rows = {row.attribute: None if row.nla.default is UNSET else row.nla.default for row in table_for(resource)}
        said = {name: frozen(value) for name, value in data.get("attributes", {}).items()}
        resource.attributes = rows | USUAL.get(resource.family, {}) | said
        state.add(resource)
    return state


def plan_of(case: Path) -> str:
    """The plan, or the refusal, as plan.txt holds it."""
    desired = with_devices(load([case / "desired.yaml"]))
    owned = owned_from_json(json.loads((case / "owned.json").read_text(encoding="utf-8")))
    try:
        return written(make_plan(desired, observed(case), owned)).replace(f"{case}/", "")
    except NetapplyError as error:
        return f"refused: {error}\n".replace(f"{case}/", "")


def written(plan: Plan) -> str:
    return "\n".join([*_changes(plan), "", *_operations(plan.batches()), *(f"note: {note}" for note in plan.notes), ""])


def _changes(plan: Plan) -> Iterator[str]:
    for change in plan.changes:
        reason = f" ({change.reason})" if change.reason else ""
        steps = ", ".join(_step(step) for step in change.steps) if change.before and change.after else ""
        what = f"{noun(change.key, change.kind)}: {steps}" if steps else noun(change.key, change.kind)
        yield f"{change.action} {what}{reason} {change.disruption}"


def _step(step: Step) -> str:
    return f"{step.attribute} {_value(step, step.before)} → {_value(step, step.after)}"


def _value(step: Step, value: Any) -> str:
    return " + ".join(str(Nexthop(*hop)) for hop in value) if step.attribute == "nexthops" else str(value)


def _operations(groups: list[list[Operation]]) -> Iterator[str]:
    for number, group in enumerate(groups, 1):
        for operation in group:
            yield f"{number}. {operation.phase.name.lower()}: {describe(operation)}"


if __name__ == "__main__":
    for folder in sorted(CASES.iterdir()):
        (folder / "plan.txt").write_text(plan_of(folder), encoding="utf-8")
