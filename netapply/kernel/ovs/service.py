"""A group of operations carried out: one transaction, then the wait until ovs-vswitchd has done what it says."""

from __future__ import annotations

import errno
import time
from typing import Any, Final

from netapply.errors import KernelError, MissingError
from netapply.kernel.ovs import presence
from netapply.kernel.ovs.client import Database
from netapply.kernel.ovs.program import program, read_next_cfg
from netapply.kernel.ovs.rows import Rows
from netapply.kernel.ovs.tables import ROOT, Tables, read_tables
from netapply.plan.plan import Operation, Verb
from netapply.plan.words import describe

LONGEST_WAIT: Final = 10.0
"""Seconds that ovs-vswitchd may take; it takes milliseconds, on an emulated CPU a second."""
PAUSE: Final = 0.002
"""Seconds before the first look again; each further pause is longer by half."""


def require() -> None:
    """MissingError where either of Open vSwitch's two daemons does not run."""
    with Database() as database:
        if not presence.serves_here(database.server):
            raise presence.absent(presence.ELSEWHERE)
    if not presence.switch_runs():
        path = presence.run_directory() / "ovs-vswitchd.pid"
        raise MissingError(f"cannot use Open vSwitch: ovs-vswitchd does not run ({path}); {presence.START}")


def carry_out(group: list[Operation]) -> None:
    """All operations as one transaction; KernelError for the first that Open vSwitch could not do."""
    what = describe(group[0])
    with Database() as database:
        tables = read_tables(database)
        if not tables.root:
            raise KernelError(what, errno.ENODATA, "Open vSwitch's database is empty; run `ovs-vsctl init`")
        rows = Rows(tables)
        for operation in group:
            rows.carry_out(operation)
        *_, answer = database.transact(what, [*program(tables, rows), read_next_cfg(tables)])
        _wait(database, tables, what, int(answer["rows"][0]["next_cfg"]))
        _refuse_errors(database, group)


def _wait(database: Database, tables: Tables, what: str, wanted: int) -> None:
    """Until the switch has come as far as the configuration that was just written."""
    select = {"op": "select", "table": ROOT, "where": [["_uuid", "==", ["uuid", tables.root]]], "columns": ["cur_cfg"]}
    limit, pause = time.monotonic() + LONGEST_WAIT, PAUSE
    while int(database.transact(what, [select])[0]["rows"][0]["cur_cfg"]) < wanted:
        if time.monotonic() > limit:
            reason = f"ovs-vswitchd has not done it after {LONGEST_WAIT:.0f} s; look at its log, {presence.START}"
            raise KernelError(what, errno.ETIMEDOUT, reason)
        time.sleep(pause)
        pause *= 1.5


def _refuse_errors(database: Database, group: list[Operation]) -> None:
    """What the switch says of a device that it cannot use stands in the interface's own row."""
    select = {"op": "select", "table": "Interface", "where": [], "columns": ["name", "error"]}
    found: list[dict[str, Any]] = database.transact("read Open vSwitch's database", [select])[0]["rows"]
    errors = {row["name"]: "; ".join(row["error"].split("\n")) for row in found if isinstance(row["error"], str)}
    for operation in group:
        reason = errors.get(operation.key[1])
        leaves = operation.verb is Verb.DELETE or operation.attributes.get("master", "") is None
        if reason and not leaves:
            where = str(operation.origin) if operation.origin else ""
            raise KernelError(describe(operation), errno.ENODEV, f"Open vSwitch says: {reason}", where)
