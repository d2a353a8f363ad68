"""The rows of one moment: bridges, ports and interfaces, read in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from netapply.kernel.ovs.client import Database
from netapply.kernel.ovs.columns import listed, plain
from netapply.kinds.ovs_places import places

ROOT: Final = "Open_vSwitch"
MEMBERS: Final = {"Bridge": "ports", "Port": "interfaces"}
"""The column that refers to the rows of the next table."""
UNSEEN: Final = ("mirrors", "netflow", "sflow", "ipfix", "flow_tables", "auto_attach")
"""Columns of a bridge that refer to rows which netapply does not read, and so could not make again."""
ALWAYS: Final = {
    "Bridge": ("_uuid", "name", "ports", "external_ids", *UNSEEN),
    "Port": ("_uuid", "name", "interfaces", "external_ids", "qos"),
    "Interface": ("_uuid", "name", "type", "options"),
    "Controller": ("_uuid", "target"),
}


@dataclass(slots=True)
class Tables:
    """The rows of each table: by UUID, each a column's plain value by the column's name."""

    root: str = ""
    rows: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    def members(self, table: str, row: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The ports of a bridge, the interfaces of a port."""
        below = self.rows["Port" if table == "Bridge" else "Interface"]
        return (below[uuid] for uuid in listed(row[MEMBERS[table]]) if uuid in below)


def read_tables(database: Database) -> Tables:
    """All rows; one transaction, so they fit each other."""
    wanted = _columns()
    selects = [{"op": "select", "table": table, "where": [], "columns": names} for table, names in wanted.items()]
    results = database.transact("read Open vSwitch's database", selects)
    tables = Tables()
    for table, result in zip(wanted, results, strict=True):
        rows = ({name: plain(value) for name, value in row.items()} for row in result["rows"])
        tables.rows[table] = {row["_uuid"]: row for row in rows}
    tables.root = next(iter(tables.rows[ROOT]), "")
    return tables


@cache
def _columns() -> dict[str, list[str]]:
    """What to ask for: a row has statistics as well, which are much and never looked at."""
    wanted = {ROOT: {"_uuid"}, **{table: set(names) for table, names in ALWAYS.items()}}
    for _, place, _ in places():
        wanted[place.table].add(place.name)
    return {table: sorted(names) for table, names in wanted.items()}
