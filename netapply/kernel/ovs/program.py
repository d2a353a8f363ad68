"""Rows as they shall be → the operations of one transaction (RFC 7047, 5.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from netapply.kernel.ovs.columns import EMPTY
from netapply.kernel.ovs.rows import Row, Rows
from netapply.kernel.ovs.tables import MEMBERS, ROOT, Tables

Json = Any
NEXT_CFG: Final = "next_cfg"
"""Counted up in every transaction; ovs-vswitchd writes cur_cfg when it has carried out as much."""


def program(tables: Tables, rows: Rows) -> list[Json]:
    """The transaction that turns `tables` into `rows`. References go by single members and maps by single keys,
    so that what others change meanwhile stays."""
    operations: list[Json] = []
    for row in rows:
        operations += _insert(row, rows) if not row.uuid else _update(row, tables, rows)
    former = {held["name"]: uuid for uuid, held in tables.rows["Bridge"].items()}
    root = _where(tables.root)
    gone = [["uuid", uuid] for name, uuid in former.items() if name not in rows.bridges]
    come = [row.reference for name, row in rows.bridges.items() if name not in former]
    mutations = [*_changes("bridges", gone, come), [NEXT_CFG, "+=", 1]]
    return [*operations, {"op": "mutate", "table": ROOT, "where": root, "mutations": mutations}]


def read_next_cfg(tables: Tables) -> Json:
    return {"op": "select", "table": ROOT, "where": _where(tables.root), "columns": [NEXT_CFG]}


def _where(uuid: str) -> Json:
    return [["_uuid", "==", ["uuid", uuid]]]


def _insert(row: Row, rows: Rows) -> Iterator[Json]:
    yield from _controllers(row)
    columns = {"name": row.name, **row.columns}
    for name, keys in row.keys.items():
        columns[name] = ["map", [[key, word] for key, word in keys.items() if word is not None]]
    if row.table in MEMBERS:
        columns[MEMBERS[row.table]] = ["set", list(_references(row, row.members, rows))]
    if row.targets:
        columns["controller"] = _labels(row)
    yield {"op": "insert", "table": row.table, "row": columns, "uuid-name": row.label}


def _update(row: Row, tables: Tables, rows: Rows) -> Iterator[Json]:
    yield from _controllers(row)
    columns = dict(row.columns)
    if row.targets is not None:
        columns["controller"] = _labels(row) if row.targets else EMPTY
    if columns:
        yield {"op": "update", "table": row.table, "where": _where(row.uuid), "row": columns}
    mutations = [part for name, keys in row.keys.items() for part in _key_changes(name, keys)]
    if row.table in MEMBERS:
        former = {held["name"]: held["_uuid"] for held in tables.members(row.table, row.held)}
        gone = [["uuid", uuid] for name, uuid in former.items() if name not in row.members]
        come = [name for name in row.members if name not in former]
        mutations += _changes(MEMBERS[row.table], gone, list(_references(row, come, rows)))
    if mutations:
        yield {"op": "mutate", "table": row.table, "where": _where(row.uuid), "mutations": mutations}


def _references(row: Row, names: Iterable[str], rows: Rows) -> Iterator[Json]:
    below = rows.ports if row.table == "Bridge" else rows.interfaces
    return (below[name].reference for name in names if name in below)


def _changes(column: str, gone: list[Json], come: list[Json]) -> Iterator[Json]:
    if gone:
        yield [column, "delete", ["set", gone]]
    if come:
        yield [column, "insert", ["set", come]]


def _key_changes(column: str, keys: dict[str, str | None]) -> Iterator[Json]:
    """An insertion leaves a key alone that is there, so all go first."""
    yield [column, "delete", ["set", list(keys)]]
    words = [[key, word] for key, word in keys.items() if word is not None]
    if words:
        yield [column, "insert", ["map", words]]


def _controllers(row: Row) -> Iterator[Json]:
    for number, target in enumerate(row.targets or ()):
        yield {
            "op": "insert",
            "table": "Controller",
            "row": {"target": target},
            "uuid-name": f"{row.label}_{number}",
        }


def _labels(row: Row) -> Json:
    return ["set", [["named-uuid", f"{row.label}_{number}"] for number in range(len(row.targets or ()))]]
