"""How an apply or a rollback ended, as a JSON document for programs (docs/plan-json.md)."""

from __future__ import annotations

from typing import Any

from netapply.render.plan_json import plan_json
from netapply.render.plan_text import Planned
from netapply.render.result_text import Finished


def result_json(outcome: str, message: str, plan: Planned | None, result: Finished | None = None) -> dict[str, Any]:
    """The document; `result` is None where nothing was changed, or nothing was kept."""
    return {
        "format": "netapply-result",
        "version": 1,
        "outcome": outcome,
        "message": message,
        "changes": result.changes if result else 0,
        "operations": result.operations if result else 0,
        "seconds": round(result.seconds, 6) if result else 0.0,
        "plan": plan_json(plan) if plan is not None else None,
    }
