"""The contract with Open vSwitch: every attribute row is set, changed and read back; ovs-vsctl bears witness.

The tests are made from the tables themselves. A datapath in user space serves: the database is the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from integration.applying import Node
from integration.open_vswitch import OpenVSwitch, running
from integration.test_contract_samples import derived
from netapply.kinds import CLASSES, KIND_OF, link_table
from netapply.lab import Lab
from netapply.model.attribute import Row, Value, table_of
from netapply.model.ovs_port import OvsPort
from netapply.model.ovs_values import column, expanded, is_ovs
from netapply.plan import Action

Json = Any
PORT = "ovs_port"
SAMPLES: dict[tuple[str, str], tuple[Value, ...]] = {
    ("ovs-bridge", "mtu"): (1400, 1300, None),
    ("ovs-bridge", "mac"): ("02:00:5e:10:00:01", "02:00:5e:10:00:02", None),
    ("ovs-bridge", "datapath_type"): ("netdev",),
    ("ovs-bridge", "controller"): (("tcp:127.0.0.1:6653",), ("ptcp:6654:127.0.0.1", "tcp:127.0.0.1:6655"), ()),
    ("ovs-bridge", "protocols"): (("OpenFlow10", "OpenFlow13"), ("OpenFlow13",), ()),
    ("ovs-bridge", "rstp_priority"): (0, 61440, 4096, None),
    ("ovs-bridge", "flood_vlans"): (("2-10", "4094"), ("7",), ()),
    ("ovs-bridge", "datapath_id"): ("00000000000000a1", "00000000000000a2", None),
    ("ovs-internal", "mtu"): (1400, 1300, None),
    ("ovs-internal", "mac"): ("02:00:5e:10:00:01", "02:00:5e:10:00:02", None),
    ("ovs-bond", "lacp_system_id"): ("02:00:5e:10:00:01", "02:00:5e:10:00:02", None),
    ("ovs-bond", "primary"): ("one", "two", None),
    ("ovs-bond", "rebalance_interval"): (0, 1000, 3_600_000, None),
    ("ovs-patch", "patch_peer"): ("far", "farther"),
    ("ovs-tunnel", "remote"): ("192.0.2.9", "2001:db8::9", "flow"),
    ("ovs-tunnel", "local"): ("192.0.2.1", "192.0.2.2", None),
    ("ovs-tunnel", "options"): (("csum=true", "tos=inherit"), ("ttl=7",), ()),
    (PORT, "trunks"): (("2-10", "20"), ("0-4094",), ("7",), ()),
    (PORT, "cvlans"): (("2-10", "20"), ("7",), ()),
}
"""What a field's type does not tell."""
MAPS = (("a=1", "b=two words"), ("b=3",), ())
COMPANY: dict[tuple[str, str], dict[str, Json]] = {
    ("ovs-bond", "miimon"): {"detect_mode": "miimon"},
    (PORT, "cvlans"): {"vlan_mode": "dot1q-tunnel", "tag": 5},
    (PORT, "qinq_ethtype"): {"vlan_mode": "dot1q-tunnel", "tag": 5},
    (PORT, "ingress_policing_burst"): {"ingress_policing_rate": 1000},
}
"""What else must be said before an attribute may be."""
REQUIRED: dict[str, dict[str, Json]] = {
    "ovs-bridge": {"datapath_type": "netdev"},
    "ovs-internal": {"master": "vmbr0"},
    "ovs-bond": {"master": "vmbr0", "ports": ["one", "two"]},
    "ovs-patch": {"master": "vmbr0", "patch_peer": "far"},
    "ovs-tunnel": {"master": "vmbr0", "type": "geneve", "remote": "192.0.2.7"},
}
"""The least that a file must say of a link."""


def by_database(kind: str) -> list[Row]:
    return [row for row in link_table(kind) if column(row.nla.name)]


ROWS = [
    *((kind, row) for kind in CLASSES if is_ovs(kind) for row in by_database(kind)),
    *((PORT, row) for row in table_of(OvsPort)),
]
EVERY_ROW = [pytest.param(kind, row, id=f"{kind}-{row.attribute}") for kind, row in ROWS]


def samples_of(kind: str, row: Row) -> tuple[Value, ...]:
    """Values from the field's own type, its default among them."""
    if (kind, row.attribute) in SAMPLES:
        return SAMPLES[kind, row.attribute]
    if row.nla.form == "map":
        return MAPS
    model = OvsPort if kind == PORT else KIND_OF[kind]
    found = derived(model.model_json_schema(by_alias=False)["properties"][row.attribute])
    default = row.nla.default if row.nla.default not in found else found[0]
    return (*found, *([default] if kind != "ovs-tunnel" or row.attribute != "type" else []))


class Switch:
    """A namespace with Open vSwitch, netapply, and devices to be ports."""

    def __init__(self, node: Node, ovs: OpenVSwitch) -> None:
        self.node, self.ovs = node, ovs

    def file(self, kind: str, row: Row, *value: Value) -> str:
        """A file with one link, or one port, that says the least and perhaps the row."""
        said: dict[str, Json] = dict(COMPANY.get((kind, row.attribute), {}))
        for one in value:
            said |= self.said(kind, row, one)
        links: dict[str, Json] = {"vmbr0": {"kind": "ovs-bridge", "datapath_type": "netdev"}, "one": {}, "two": {}}
        if kind == PORT:
            links["one"] = {"master": "vmbr0", **({PORT: said} if said else {})}
        else:
            links["probe"] = {"kind": kind, **REQUIRED[kind], **said}
        if kind == "ovs-patch":
            far = said.get("patch_peer", "far")
            links[far] = {"kind": kind, "master": "vmbr0", "patch_peer": "probe"}
        return json.dumps({"version": 1, "links": links})

    def said(self, kind: str, row: Row, value: Value) -> dict[str, Json]:
        """The row, and what a value of it needs beside it."""
        company: dict[str, Json] = {}
        if kind == PORT and row.attribute == "vlan_mode" and value not in (None, "trunk"):
            company = {"tag": 5}
        if kind == "ovs-bond" and row.attribute == "mode" and value == "balance-tcp":
            company = {"lacp": "active"}
        return {**company, row.attribute: value}

    def look(self, kind: str, row: Row) -> Value:
        """The row's value by netapply's reader, once ovs-vsctl has said the same."""
        name = "one" if kind == PORT else "probe"
        family = PORT if kind == PORT else "link"
        with self.node.host.session() as session:
            from netapply.kernel.observe import observe

            seen = observe(session.netlink).get((family, name))
        assert seen is not None
        value = seen.attributes[row.attribute]
        place = column(row.nla.name)
        assert place is not None
        held = self.ovs.row(place.table, name)[place.name]
        if row.nla.form == "targets":
            held = sorted(each["target"] for each in self.ovs.rows("Controller"))
        assert witnessed(row, held) == value
        return value


def witnessed(row: Row, held: Json) -> Value:
    """What ovs-vsctl prints as the file would say it: written anew here, on purpose."""
    place, form = column(row.nla.name), row.nla.form
    assert place is not None
    if form == "map":
        keys = {column(each.nla.name) for _, each in ROWS}
        own = {each.key for each in keys if each and (each.table, each.name) == (place.table, place.name) and each.key}
        return tuple(f"{key}={item}" for key, item in sorted(held.items()) if key not in {*own, "netapply"})
    if place.key:
        text = held.get(place.key)
        words = {"flag": {"true": True, "false": False}, "unflag": {"true": False, "false": True}}.get(form)
        return text if text is None else words[text] if words else int(text) if form == "number" else text
    if form == "vlans":
        numbers = held if isinstance(held, list) else [held]
        return tuple(ranges(sorted(numbers)))
    if form in ("set", "targets"):
        return tuple(sorted(held if isinstance(held, list) else [held]))
    return None if held in ([], "") else held


def ranges(numbers: list[int]) -> Iterator[str]:
    first = None
    for number in numbers:
        first = number if first is None else first
        if number + 1 not in numbers:
            yield str(first) if first == number else f"{first}-{number}"
            first = None


@pytest.fixture(scope="module")
def switch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Switch]:
    directory = tmp_path_factory.mktemp("contract")
    with Lab() as lab:
        machine, far = lab.host("near"), lab.host("far")
        for end in ("one", "two"):
            lab.cable(machine, end, far, end)
        with running(machine.netns, Path(directory, "ovs")) as ovs:
            yield Switch(Node(machine, directory), ovs)


@pytest.fixture(autouse=True)
def clean(switch: Switch) -> Iterator[None]:
    """What a test makes is gone without a trace afterwards."""
    yield
    switch.node.settle("version: 1")
    assert switch.ovs.dump() == {"Bridge": [], "Port": [], "Interface": [], "Controller": []}


@pytest.mark.parametrize(("kind", "row"), EVERY_ROW)
def test_it_is_made_with_it(switch: Switch, kind: str, row: Row) -> None:
    value = next(value for value in samples_of(kind, row) if value != row.nla.default)
    switch.node.settle(switch.file(kind, row, value))
    assert switch.look(kind, row) == value


@pytest.mark.parametrize(("kind", "row"), EVERY_ROW)
def test_it_changes_in_place(switch: Switch, kind: str, row: Row) -> None:
    """From each sample to the next and back to the first: nothing here ever makes a link anew."""
    samples = samples_of(kind, row)
    switch.node.settle(switch.file(kind, row, samples[0]))
    for before, after in pairwise((*samples, samples[0])):
        plan = switch.node.plan(switch.file(kind, row, after))
        plan.apply()
        assert before == after or {change.action for change in plan.changes} <= {Action.UPDATE, *by_patch(kind)}
        assert switch.look(kind, row) == after
        assert not switch.node.plan(switch.file(kind, row, after))


def by_patch(kind: str) -> set[Action]:
    """Another end is another link."""
    return {Action.CREATE, Action.DELETE} if kind == "ovs-patch" else set()


@pytest.mark.parametrize(("kind", "row"), [each for each in EVERY_ROW if each.values[0] != "ovs-patch"])
def test_what_is_taken_out_of_the_file_goes_back(switch: Switch, kind: str, row: Row) -> None:
    if row.attribute in REQUIRED.get(kind, {}):
        return switch.node.settle(switch.file(kind, row))  # a file must say it
    switch.node.settle(switch.file(kind, row))
    untouched = switch.look(kind, row)
    assert untouched == row.nla.default
    value = next(value for value in samples_of(kind, row) if value != row.nla.default)
    switch.node.settle(switch.file(kind, row, value))
    switch.node.settle(switch.file(kind, row))
    return None if switch.look(kind, row) == untouched else pytest.fail("it stays")


@pytest.mark.parametrize(("kind", "row"), EVERY_ROW)
def test_every_row_has_samples(kind: str, row: Row) -> None:
    values = samples_of(kind, row)
    assert len(set(values)) >= 2 or (kind, row.attribute) == ("ovs-bridge", "datapath_type")
    place = column(row.nla.name)
    assert place is not None and (row.nla.form != "vlans" or expanded(("2-3", "7")) == [2, 3, 7])
