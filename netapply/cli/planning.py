"""Making a plan, for every command that begins with one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from netapply.cli.call import Call

if TYPE_CHECKING:
    from netapply.api import Host, Plan


def make_plan(call: Call, ask: Callable[[Host], Plan]) -> Plan:
    """The plan, with a line in the log that says how long it took."""
    started = time.perf_counter()
    host = call.host()
    loaded = time.perf_counter()
    plan = ask(host)
    call.log.debug(
        "planned",
        source=plan.source,
        changes=len(plan.changes),
        operations=len(plan.operations),
        import_ms=round((loaded - started) * 1000, 1),
        plan_ms=round((time.perf_counter() - loaded) * 1000, 1),
    )
    return plan
