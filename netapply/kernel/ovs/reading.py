"""Rows of the database as resources: what the kernel says of devices, made whole by what only Open vSwitch knows.

The kernel calls every device of Open vSwitch `openvswitch` (`tun` with a datapath in user space) and has one
master for all of its ports, `ovs-system`. Here each gets its kind and its bridge.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from netapply.errors import MissingError
from netapply.kernel.ovs import presence
from netapply.kernel.ovs.client import Database
from netapply.kernel.ovs.columns import FORMS, listed, words_of
from netapply.kernel.ovs.tables import UNSEEN, Tables, read_tables
from netapply.kinds import link_table
from netapply.kinds.ovs_places import reserved
from netapply.model.attribute import Table, Value
from netapply.model.family import table_of_family
from netapply.model.ovs_values import MARK, Column, column
from netapply.model.resource import Resource

Rows = dict[str, dict[str, Any]]
TUNNELS: Final = ("vxlan", "gre", "geneve")
KERNEL_SAYS: Final = ("mtu", "mac")
"""What is asked of Open vSwitch in the database, and seen in the kernel."""


def complete(links: list[Resource]) -> tuple[list[Resource], str]:
    """What else there is, the links themselves being set right; and why there is no answer, if there is none."""
    try:
        with Database() as database:
            if not presence.serves_here(database.server):
                return [], str(presence.absent(presence.ELSEWHERE))
            return Reading(read_tables(database), links).resources, ""
    except MissingError as error:
        return [], str(error)


class Reading:
    """One look at the rows, beside the links that the kernel has."""

    def __init__(self, tables: Tables, links: Iterable[Resource]) -> None:
        self._tables = tables
        self._links = {link.name: link for link in links if link.family == "link"}
        self.resources: list[Resource] = []
        for bridge in tables.rows["Bridge"].values():
            self._read_bridge(bridge)

    def _read_bridge(self, bridge: dict[str, Any]) -> None:
        for port in self._tables.members("Bridge", bridge):
            interfaces = list(self._tables.members("Port", port))
            rows = {"Bridge": bridge, "Port": port, "Interface": interfaces[0]} if interfaces else {}
            if len(interfaces) != 1 or interfaces[0]["name"] != port["name"]:
                self._read_bond(bridge, port, interfaces)
            elif port["name"] == bridge["name"]:
                self._device(port["name"], "ovs-bridge", None, rows, bridge)
            else:
                self._read_port(port["name"], bridge["name"], rows)

    def _read_port(self, name: str, bridge: str, rows: Rows) -> None:
        kind = rows["Interface"]["type"]
        if kind == "internal":
            self._device(name, "ovs-internal", bridge, rows, rows["Port"])
        elif kind == "patch" or kind in TUNNELS:
            self._only_here(name, "ovs-patch" if kind == "patch" else "ovs-tunnel", bridge, rows)
        elif name in self._links:
            self._links[name].attributes["master"] = bridge
            self._add_settings(name, rows)

    def _read_bond(self, bridge: dict[str, Any], port: dict[str, Any], interfaces: list[dict[str, Any]]) -> None:
        self._only_here(port["name"], "ovs-bond", bridge["name"], {"Bridge": bridge, "Port": port})
        for interface in interfaces:
            if interface["name"] in self._links:
                self._links[interface["name"]].attributes["master"] = port["name"]

    def _device(self, name: str, kind: str, bridge: str | None, rows: Rows, marked: dict[str, Any]) -> None:
        """A device of the kernel that Open vSwitch made, or was told to make and has not."""
        link = self._links.get(name)
        if link is None:
            link = Resource(("link", name), kind, {**dict.fromkeys(link_table(kind).rows), "up": False})
            self._links[name] = link
            self.resources.append(link)
        seen = {attribute: link.attributes[attribute] for attribute in KERNEL_SAYS}
        link.kind = kind
        generic = {name: link.attributes.get(name) for name in link_table(kind).rows}  # nothing of a tun's
        link.attributes = generic | attributes(link_table(kind), rows, self._tables)
        for attribute, value in seen.items():
            if link.attributes[attribute] is not None:
                link.attributes[attribute] = value
        link.attributes["master"] = bridge
        link.facts["mac"] = seen["mac"]
        self._mark(link, marked)
        self._add_settings(name, rows)

    def _only_here(self, name: str, kind: str, bridge: str, rows: Rows) -> None:
        """A port without a device in the kernel. A kernel's bond of that name is another thing, and hidden by it."""
        table = link_table(kind)
        values: dict[str, Value] = {**dict.fromkeys(table.rows), **attributes(table, rows, self._tables)}
        link = Resource(("link", name), kind, {**values, "up": True, "master": bridge}, {"only_ovs": True})
        self._mark(link, rows["Port"])
        self._links[name] = link
        self.resources.append(link)
        self._add_settings(name, rows)

    def _mark(self, link: Resource, row: dict[str, Any]) -> None:
        link.facts["marked"] = MARK in row["external_ids"]
        unseen = [name for name in (*UNSEEN, "qos") if row.get(name)]
        if unseen:
            link.facts["unseen"] = ", ".join(unseen)

    def _add_settings(self, name: str, rows: Rows) -> None:
        settings = attributes(table_of_family("ovs_port"), rows, self._tables)
        self.resources.append(Resource(("ovs_port", name), "ovs_port", settings))


def attributes(table: Table, rows: Rows, tables: Tables) -> dict[str, Value]:
    """The attributes of a table that the database holds, from the rows that one link has there."""
    found: dict[str, Value] = {}
    for row in table:
        place = column(row.nla.name)
        if place is not None:
            found[row.attribute] = _value(place, row.nla.form, rows.get(place.table), tables)
    return found


def _value(place: Column, form: str, row: dict[str, Any] | None, tables: Tables) -> Value:
    if row is None:
        return () if form == "map" else None
    held = row[place.name]
    if form == "map":
        return words_of(held, reserved(place.table, place.name))
    if place.key:
        return FORMS[form].unpack(held[place.key]) if place.key in held else None
    if form == "targets":
        held = [tables.rows["Controller"][uuid]["target"] for uuid in listed(held)]
    return FORMS[form].unpack(held)
