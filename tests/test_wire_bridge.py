"""Port settings and VLAN tables as messages, decoded by pyroute2's own classes; and read as they were written."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg

from netapply.kernel.bridge_ports import encode_port, read_port
from netapply.kernel.bridge_vlans import encode_table, read_tables
from netapply.kernel.links import IFINFOMSG, Links
from netapply.kernel.wire import message as m
from netapply.model.attribute import Value
from netapply.model.resource import Resource
from netapply.model.vlan_ranges import union
from netapply.model.vlan_table import initial, table
from netapply.plan.plan import Operation, Phase, Verb
from netapply.plan.vlan_steps import steps
from tests.test_wire_links import decode, only

INDEXES = {"eno1": 2, "eno2": 3, "vmbr0": 4}
SELF, MASTER = 2, 1
Entries = list[tuple[int, int]]


def port_messages(**attributes: Value) -> list[bytearray]:
    key = ("bridge_port", "eno1")
    return encode_port(Operation(Verb.CREATE, key, "bridge_port", Phase.PORT, attributes), INDEXES)


def test_port_settings_are_one_message_to_the_port() -> None:
    (message,) = (decode(ifinfmsg, data) for data in port_messages(hairpin=True, cost=77, backup_port="eno2"))
    assert (message["header"]["type"], message["index"], message["family"]) == (m.RTM_NEWLINK, 2, 0)
    info = only(message, "IFLA_LINKINFO")
    assert only(info, "IFLA_INFO_SLAVE_KIND") == "bridge"
    data = only(info, "IFLA_INFO_SLAVE_DATA")
    assert {item[0]: item[1] for item in data["attrs"]} == {
        "IFLA_BRPORT_MODE": 1, "IFLA_BRPORT_COST": 77, "IFLA_BRPORT_BACKUP_PORT": 3,
    }  # fmt: skip


def test_a_reference_is_cleared_by_no_index() -> None:
    (message,) = (decode(ifinfmsg, data) for data in port_messages(backup_port=None))
    assert only(only(only(message, "IFLA_LINKINFO"), "IFLA_INFO_SLAVE_DATA"), "IFLA_BRPORT_BACKUP_PORT") == 0


def test_what_an_older_kernel_does_not_send_reads_as_the_default() -> None:
    seen = read_port("eno1", m.attribute(5, b"\1") + m.attribute(3, struct.pack("=I", 4)))
    assert (seen.attributes["guard"], seen.attributes["cost"]) == (True, 4)
    assert (seen.attributes["mab"], seen.attributes["learning"], seen.attributes["backup_port"]) == (False, True, None)


def table_messages(kind: str, **attributes: Value) -> list[bytearray]:
    key = ("bridge_vlans", "vmbr0" if kind == "self" else "eno1")
    return encode_table(Operation(Verb.SET, key, kind, Phase.PORT, attributes), INDEXES)


def entries(data: bytearray) -> tuple[int, int, list[tuple[int, bytes]]]:
    """Type, BRIDGE_FLAGS and the other attributes of a message (linux/if_bridge.h)."""
    kind = struct.unpack_from("=H", data, 4)[0]
    assert data[16] == 7, "AF_BRIDGE"
    ((_, spec),) = m.attributes(bytes(data), 32, len(data))
    (number, flags), *rest = m.attributes(spec, 0, len(spec))
    assert number == 0
    return kind, struct.unpack("=H", flags)[0], rest


def infos(rest: list[tuple[int, bytes]]) -> Entries:
    assert {number for number, _ in rest} == {2}
    return [struct.unpack("=HH", payload) for _, payload in rest]


@pytest.mark.parametrize(("kind", "flags"), [("self", SELF), ("port", MASTER)])
def test_ranges_have_a_beginning_and_an_end(kind: str, flags: int) -> None:
    added, removed = table_messages(kind, add=("10 pvid untagged", "20-30", "40 untagged"), remove=("1", "100-200"))
    assert entries(added)[:2] == (19, flags)
    assert infos(entries(added)[2]) == [(2 | 4, 10), (8, 20), (16, 30), (4, 40)]
    assert entries(removed)[:2] == (m.RTM_DELLINK, flags)
    assert infos(entries(removed)[2]) == [(0, 1), (8, 100), (16, 200)]


def test_tunnel_ids_are_nested_pairs() -> None:
    away, here = table_messages("port", untunnel=("5",), tunnel=("100-110:1000100-1000110",))
    assert entries(away)[0] == m.RTM_DELLINK
    found = [dict(m.attributes(payload, 0, len(payload))) for _, payload in entries(here)[2]]
    assert [struct.unpack("=I", each[1])[0] for each in found] == [1000100, 1000110]
    assert [struct.unpack("=HH", each[2] + each[3]) for each in found] == [(100, 8), (110, 16)]


def test_the_longest_table_fits_into_messages() -> None:
    """Every second VLAN: 2047 entries, and an attribute of at most 64 KiB."""
    every_second = tuple(map(str, range(2, 4095, 2)))
    messages = table_messages("port", tunnel=tuple(f"{vid}:{vid}" for vid in every_second), add=every_second)
    assert sum(len(entries(data)[2]) for data in messages) == 2 * len(every_second)
    assert all(len(data) < 1 << 16 for data in messages)


class Answer:
    """A socket whose dump is the messages that were sent: what is added is what there is."""

    def __init__(self, messages: list[bytearray]) -> None:
        bodies = [bytes(data)[16:] for data in messages]
        spec = b"".join(body[IFINFOMSG.size + 4 + 8 :] for body in bodies)
        header = IFINFOMSG.pack(7, 0, INDEXES["eno1"], 0, 0)
        self._answer = header + (m.attribute(26, spec) if spec else b"")

    def dump(self, kind: int, body: bytes) -> list[bytes]:
        assert (kind, body[0]) == (m.RTM_GETLINK, 7)
        return [self._answer]


def links() -> Links:
    bridge = Resource(("link", "vmbr0"), "bridge", {"master": None, "vlan_default_pvid": 1})
    port = Resource(("link", "eno1"), "", {"master": "vmbr0"})
    return Links([bridge, port], dict(INDEXES), {index: name for name, index in INDEXES.items()})


@given(
    st.sets(st.integers(1, 4094), max_size=20), st.sampled_from((0, 1, 99)), st.sets(st.integers(1, 4094), max_size=5)
)
def test_a_table_is_read_as_it_was_written(vids: set[int], pvid: int, untagged: set[int]) -> None:
    wish = table(union(map(str, vids)), pvid, union(map(str, untagged)), ("5-6:1005-1006",))
    wished: dict[str, Any] = {name: texts for name, texts in steps(None, wish).items() if name != "remove"}
    (seen,) = read_tables(Answer(table_messages("port", **wished)), links())  # type: ignore[arg-type]
    assert (seen.key, seen.kind, seen.attributes) == (("bridge_vlans", "eno1"), "port", wish)


def test_what_a_nic_says_of_its_own_switch_is_no_table() -> None:
    class Nic(Answer):
        def __init__(self) -> None:
            self._answer = IFINFOMSG.pack(7, 0, 2, 0, 0) + m.attribute(26, m.attribute(0, struct.pack("=H", SELF)))

    assert read_tables(Nic(), links()) == []  # type: ignore[arg-type]


def test_a_port_without_vlans_has_an_empty_table() -> None:
    (seen,) = read_tables(Answer([]), links())  # type: ignore[arg-type]
    assert seen.attributes == {"vids": (), "pvid": 0, "untagged": (), "tunnel": ()} != initial(1)
