"""What a group of operations makes of the rows: which there shall be, what they refer to, what is written in them.

Nothing is sent here. A row that nothing refers to any more is deleted by the database itself (RFC 7047, 3.1),
so to delete a bridge or a port is to take it out of what holds it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from netapply.kernel.ovs.columns import FORMS
from netapply.kernel.ovs.tables import MEMBERS, Tables
from netapply.kinds import link_table
from netapply.kinds.ovs_places import reserved
from netapply.model.attribute import Row as Line
from netapply.model.attribute import Table, Value
from netapply.model.family import table_of_family
from netapply.model.ovs_values import MARK, Column, column, is_ovs
from netapply.plan.plan import Operation, Verb

Json = Any
TYPES: Final = {"ovs-bridge": "internal", "ovs-internal": "internal", "ovs-patch": "patch"}
"""The interface's type by kind; a tunnel's is an attribute."""


@dataclass(slots=True)
class Row:
    """One row as it shall be."""

    table: str
    name: str
    uuid: str = ""
    """Empty while the row does not exist."""
    held: dict[str, Any] = field(default_factory=dict)
    """Its columns as they are."""
    columns: dict[str, Json] = field(default_factory=dict)
    """Columns to write."""
    keys: dict[str, dict[str, str | None]] = field(default_factory=dict)
    """Keys of map columns to write; None takes a key away."""
    targets: tuple[str, ...] | None = None
    """Controllers to make for a bridge."""
    members: dict[str, None] = field(default_factory=dict)
    """Names of the ports of a bridge, of the interfaces of a port, in their order."""

    @property
    def reference(self) -> list[str]:
        return ["uuid", self.uuid] if self.uuid else ["named-uuid", self.label]

    @property
    def label(self) -> str:
        """What the transaction calls a row that it makes; an identifier, whatever the name holds."""
        return f"{self.table}_{self.name.encode().hex()}"


class Rows:
    """All bridges, ports and interfaces by name."""

    def __init__(self, tables: Tables) -> None:
        self.bridges: dict[str, Row] = {}
        self.ports: dict[str, Row] = {}
        self.interfaces: dict[str, Row] = {}
        self._owners: dict[str, Row] = {}
        """The bridge or the bond of each port, by the port's name; a bridge's own port has none."""
        for table, found in (("Bridge", self.bridges), ("Port", self.ports), ("Interface", self.interfaces)):
            for uuid, held in tables.rows[table].items():
                row = found[held["name"]] = Row(table, held["name"], uuid, held)
                for member in tables.members(table, held) if table in MEMBERS else ():
                    self._take(row, member["name"])

    def _take(self, row: Row, name: str) -> None:
        row.members[name] = None
        if name != row.name:
            self._owners[name] = row

    def _release(self, name: str) -> None:
        owner = self._owners.pop(name, None)
        if owner is not None:
            del owner.members[name]

    def carry_out(self, operation: Operation) -> None:
        """One operation: on what the database holds of a link, on a port's settings, or on who has which port."""
        name = operation.key[1]
        if operation.key[0] == "ovs_port":
            self._write(table_of_family("ovs_port"), name, operation.attributes, whole=not operation.replace)
        elif operation.verb is Verb.DELETE:
            self._remove(name)
        elif is_ovs(operation.kind):
            self._make(operation, name)
        else:
            self._move(name, operation.attributes["master"])

    def _make(self, operation: Operation, name: str) -> None:
        attributes = operation.attributes
        creating = operation.verb is Verb.CREATE
        if creating and operation.kind == "ovs-bridge":
            self.bridges.setdefault(name, Row("Bridge", name))
            self._port_on(self.bridges[name], name, "internal")
        elif creating and operation.kind == "ovs-bond":
            self.ports.setdefault(name, Row("Port", name))
        elif creating:
            self.ports.setdefault(name, Row("Port", name, members={name: None}))
            self.interfaces.setdefault(name, Row("Interface", name)).columns["type"] = TYPES.get(operation.kind, "")
        if "master" in attributes:
            self._move(name, attributes["master"])
        self._write(link_table(operation.kind), name, attributes, whole=creating)
        if attributes.get("mark"):
            marked = self.bridges if operation.kind == "ovs-bridge" else self.ports
            marked[name].keys.setdefault("external_ids", {})[MARK] = "made"

    def _move(self, name: str, owner: str | None) -> None:
        """A port to a bridge, a device to a bond, or to nothing at all."""
        former = self._owners.get(name)
        if owner is not None and former is not None and former.name == owner:
            return
        self._release(name)
        if owner in self.bridges:
            self._port_on(self.bridges[owner], name, "")
        elif owner in self.ports:
            self.ports.pop(name, None)
            self.interfaces.setdefault(name, Row("Interface", name))
            self._take(self.ports[owner], name)

    def _port_on(self, bridge: Row, name: str, kind: str) -> None:
        if name not in self.ports:
            self.ports[name] = Row("Port", name, members={name: None})
            interface = self.interfaces.setdefault(name, Row("Interface", name))
            if kind:
                interface.columns["type"] = kind
        self._take(bridge, name)

    def _remove(self, name: str) -> None:
        """A bridge with all its ports, or a port."""
        bridge = self.bridges.pop(name, None)
        for port in list(bridge.members) if bridge else [name]:
            self._release(port)
            row = self.ports.pop(port, None)
            for interface in list(row.members) if row else ():
                self._release(interface)
                self.interfaces.pop(interface, None)

    def _write(self, table: Table, name: str, attributes: dict[str, Value], *, whole: bool) -> None:
        """The attributes given; with `whole`, those not given are emptied. What is no port has no settings."""
        for line in table:
            place = column(line.nla.name)
            row = self._row(place.table, name) if place else None
            if place and row and (line.attribute in attributes or whole):
                write(row, place, line, attributes.get(line.attribute))

    def _row(self, table: str, name: str) -> Row | None:
        found = {"Bridge": self.bridges, "Port": self.ports, "Interface": self.interfaces}[table]
        return found.get(name)

    def __iter__(self) -> Iterator[Row]:
        """Every row that the database will hold."""
        for bridge in self.bridges.values():
            yield bridge
            for port in (self.ports[name] for name in bridge.members if name in self.ports):
                yield port
                yield from (self.interfaces[name] for name in port.members if name in self.interfaces)


def write(row: Row, place: Column, line: Line, value: Value) -> None:
    """One attribute into its column; nothing where a new row has that already."""
    form = line.nla.form
    if form == "targets":
        row.targets = tuple(value or ())
    elif form == "map":
        _write_map(row, place, value or ())
    elif place.key:
        row.keys.setdefault(place.name, {})[place.key] = None if value is None else FORMS[form].pack(value)
    elif value is not None or row.uuid:
        value = line.nla.default if value is None else value
        row.columns[place.name] = FORMS[form].pack(value)


def _write_map(row: Row, place: Column, words: tuple[str, ...]) -> None:
    """All keys but those with attributes of their own."""
    own = reserved(place.table, place.name)
    keys = row.keys.setdefault(place.name, {})
    keys |= {key: None for key in row.held.get(place.name, {}) if key not in own}
    keys |= dict(word.split("=", 1) for word in words)
