"""The plan as a JSON document for programs: versioned, documented in docs/plan-json.md."""

from __future__ import annotations

from typing import Any

from netapply.model.attribute import Value
from netapply.model.resource import Origin
from netapply.model.routing import Nexthop
from netapply.plan.change import Action, Change, Step
from netapply.plan.plan import Operation, Plan
from netapply.render.json_format import (
    ChangeDocument,
    OperationDocument,
    OriginDocument,
    PlanDocument,
    StepDocument,
    SummaryDocument,
)
from netapply.render.plan_text import Planned, plan_of
from netapply.render.words import describe


def plan_json(planned: Planned) -> dict[str, Any]:
    """The document of a plan; plain dicts and lists that json.dumps takes."""
    return dict(_document(planned))


def _document(planned: Planned) -> PlanDocument:
    plan = plan_of(planned)
    return {
        "format": "netapply-plan",
        "version": 1,
        "source": plan.source,
        "changes": [_change(change) for change in plan.changes],
        "operations": _operations(plan),
        "notes": list(plan.notes),
        "summary": _summary(plan),
        "disruption": {
            "worst": str(plan.disruption),
            "links": {name: str(worst) for name, worst in plan.disrupted().items()},
        },
    }


def _change(change: Change) -> ChangeDocument:
    return {
        "action": change.action.word,
        "key": list(change.key),
        "kind": change.kind,
        "title": describe(change).title,
        "reason": change.reason,
        "disruption": str(change.disruption),
        "origin": _origin(change.origin),
        "steps": [_step(step) for step in change.steps],
    }


def _step(step: Step) -> StepDocument:
    return {
        "attribute": step.attribute,
        "before": plain_value(step.before),
        "after": plain_value(step.after),
        "origin": _origin(step.origin),
    }


def _origin(origin: Origin | None) -> OriginDocument | None:
    return None if origin is None else {"file": origin.file, "line": origin.line, "column": origin.column}


def _operations(plan: Plan) -> list[OperationDocument]:
    return [_operation(operation, number) for number, group in enumerate(plan.batches(), 1) for operation in group]


def _operation(operation: Operation, group: int) -> OperationDocument:
    return {
        "group": group,
        "verb": operation.verb.value,
        "key": list(operation.key),
        "kind": operation.kind,
        "attributes": {name: plain_value(value) for name, value in operation.attributes.items()},
        "change": operation.change,
        "disruption": str(operation.disruption),
    }


def _summary(plan: Plan) -> SummaryDocument:
    count = plan.count()
    return {
        "create": count[Action.CREATE],
        "update": count[Action.UPDATE],
        "replace": count[Action.REPLACE],
        "delete": count[Action.DELETE],
        "operations": len(plan.operations),
    }


def plain_value(value: Value) -> Any:
    """A value as JSON has it: nexthops become objects, other tuples become lists."""
    if isinstance(value, Nexthop):
        return {name: item for name, item in value._asdict().items() if name != "encap" or item is not None}
    if isinstance(value, tuple | list):
        return [plain_value(item) for item in value]
    return value
