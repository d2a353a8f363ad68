"""Operations → one transaction of the database: what is written, and what is left alone."""

from __future__ import annotations

from typing import Any

from netapply.kernel.ovs.program import program
from netapply.kernel.ovs.rows import Rows
from netapply.kernel.ovs.tables import Tables
from netapply.model.attribute import Value
from netapply.model.phase import Phase
from netapply.plan.plan import Operation, Verb

Json = Any


def tables() -> Tables:
    """A bridge with its own port, a guest's, and a bond of two."""
    names: dict[str, tuple[str, ...]] = {
        "Interface": ("vmbr0", "tap0", "eno1", "eno2"), "Port": ("vmbr0", "tap0", "bond0"), "Bridge": ("vmbr0",),
    }  # fmt: skip
    found = Tables("root", {table: {} for table in ("Open_vSwitch", "Controller", *names)})
    for table, each in names.items():
        for name in each:
            row: dict[str, Json] = {
                "_uuid": f"{table[0]}-{name}",
                "name": name,
                "external_ids": {},
                "other_config": {"theirs": "1"},
            }
            found.rows[table][row["_uuid"]] = row
    for name in ("vmbr0", "tap0"):
        found.rows["Port"][f"P-{name}"]["interfaces"] = f"I-{name}"
    found.rows["Port"]["P-bond0"]["interfaces"] = ["I-eno1", "I-eno2"]
    found.rows["Bridge"]["B-vmbr0"]["ports"] = ["P-vmbr0", "P-tap0", "P-bond0"]
    return found


def operation(verb: Verb, kind: str, name: str, family: str = "link", **attributes: Value) -> Operation:
    return Operation(verb, (family, name), kind, Phase.OVS, attributes)


def transaction(*operations: Operation) -> list[Json]:
    """What is sent, without the counter at its end."""
    rows = Rows(tables())
    for each in operations:
        rows.carry_out(each)
    *sent, last = program(tables(), rows)
    assert last["mutations"][-1] == ["next_cfg", "+=", 1]
    return [*sent, *([last] if len(last["mutations"]) > 1 else [])]


def test_a_port_comes_by_reference_and_nothing_else_is_touched() -> None:
    interface, port, bridge = transaction(operation(Verb.SET, "", "eno3", master="vmbr0"))
    by_table = {each["table"]: each for each in (interface, port, bridge)}
    assert by_table["Interface"]["row"] == {"name": "eno3"}
    assert by_table["Port"]["row"]["interfaces"] == ["set", [["named-uuid", by_table["Interface"]["uuid-name"]]]]
    assert by_table["Bridge"]["mutations"] == [
        ["ports", "insert", ["set", [["named-uuid", by_table["Port"]["uuid-name"]]]]]
    ]


def test_a_port_has_its_vlan_in_the_same_transaction() -> None:
    sent = transaction(
        operation(Verb.SET, "", "eno3", master="vmbr0"),
        operation(Verb.CREATE, "ovs_port", "eno3", "ovs_port", tag=7),
    )
    (port,) = (each["row"] for each in sent if each["table"] == "Port")
    assert port["tag"] == 7


def test_a_port_that_leaves_is_only_taken_out() -> None:
    (bridge,) = transaction(operation(Verb.SET, "", "tap0", master=None))
    assert bridge["mutations"] == [["ports", "delete", ["set", [["uuid", "P-tap0"]]]]]


def test_a_device_that_leaves_a_bond_for_the_bridge_keeps_its_row() -> None:
    sent = transaction(operation(Verb.SET, "", "eno2", master="vmbr0"))
    bond = next(each for each in sent if each.get("where") == [["_uuid", "==", ["uuid", "P-bond0"]]])
    made = next(each for each in sent if each["op"] == "insert")
    assert bond["mutations"] == [["interfaces", "delete", ["set", [["uuid", "I-eno2"]]]]]
    assert made["row"]["interfaces"] == ["set", [["uuid", "I-eno2"]]]


def test_a_word_of_a_map_changes_alone() -> None:
    (bridge,) = transaction(operation(Verb.SET, "ovs-bridge", "vmbr0", ageing_time=60))
    assert bridge["mutations"] == [
        ["other_config", "delete", ["set", ["mac-aging-time"]]],
        ["other_config", "insert", ["map", [["mac-aging-time", "60"]]]],
    ]


def test_a_map_that_is_named_is_complete() -> None:
    (bridge,) = transaction(operation(Verb.SET, "ovs-bridge", "vmbr0", other_config=("a=b=c",)))
    assert bridge["mutations"] == [
        ["other_config", "delete", ["set", ["theirs", "a"]]], ["other_config", "insert", ["map", [["a", "b=c"]]]],
    ]  # fmt: skip


def test_a_bridge_that_goes_takes_only_itself_out_of_the_root() -> None:
    (root,) = transaction(operation(Verb.DELETE, "ovs-bridge", "vmbr0"))
    assert root["table"] == "Open_vSwitch"
    assert root["mutations"][0] == ["bridges", "delete", ["set", [["uuid", "B-vmbr0"]]]]


def test_what_netapply_makes_is_marked_and_what_it_sets_is_not() -> None:
    sent = transaction(operation(Verb.CREATE, "ovs-internal", "mgmt", master="vmbr0", mark=True))
    (port,) = (each["row"] for each in sent if each["table"] == "Port")
    assert port["external_ids"] == ["map", [["netapply", "made"]]]
    assert "netapply" not in str(transaction(operation(Verb.SET, "ovs-bridge", "vmbr0", fail_mode="secure")))


def test_names_need_not_be_identifiers() -> None:
    sent = transaction(operation(Verb.SET, "", "eth0.5-ü", master="vmbr0"))
    labels = [each["uuid-name"] for each in sent if each["op"] == "insert"]
    assert len(labels) == 2 and all(label.isidentifier() and label.isascii() for label in labels)


def test_settings_of_what_is_no_port_are_not_written() -> None:
    assert transaction(operation(Verb.CREATE, "ovs_port", "nobody", "ovs_port", tag=7)) == []
