"""Forwarding entries and neighbours from bytes: what counts as a resource, and that nothing else is decoded."""

from __future__ import annotations

import struct
import time

import pytest

from netapply.kernel import ndmsg as n
from netapply.kernel.fdb import read_fdb
from netapply.kernel.neighbours import read_neighbours
from netapply.kernel.netlink import Netlink
from netapply.kernel.wire.message import attribute
from netapply.model.resource import Resource

NAMES = {1: "br0", 2: "eno1", 3: "vx0"}
LINKS = {
    "br0": Resource(("link", "br0"), "bridge", {"mac": "02:00:00:00:00:ff"}),
    "eno1": Resource(("link", "eno1"), "", {"mac": "02:00:00:00:00:fe"}),
    "vx0": Resource(("link", "vx0"), "vxlan", {"mac": "02:00:00:00:00:fd", "remote": "192.0.2.1", "dev": None}),
}
STATIC, LEARNED, PERMANENT = n.NUD_NOARP, n.NUD_REACHABLE, n.NUD_PERMANENT
IN_BRIDGE = attribute(n.NDA_MASTER, struct.pack("=I", 1))


class Answers(Netlink):
    """A socket that has been asked already."""

    def __init__(self, answers: list[bytes]) -> None:
        self._answers = answers

    def dump(self, kind: int, body: bytes) -> list[bytes]:
        return self._answers


def entry(index: int, state: int, flags: int, mac: str, more: bytes = b"") -> bytes:
    return n.NDMSG.pack(7, index, state, flags, 0) + attribute(n.NDA_LLADDR, bytes.fromhex(mac.replace(":", ""))) + more


def keys(*answers: bytes) -> list[tuple[str, ...]]:
    return [item.key for item in read_fdb(Answers(list(answers)), NAMES, LINKS)]


def remote(address: bytes) -> bytes:
    return attribute(n.NDA_DST, address)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(entry(2, LEARNED, 0, "02:00:00:00:00:01", IN_BRIDGE), id="learned"),
        pytest.param(entry(2, PERMANENT, 0, "02:00:00:00:00:fe", IN_BRIDGE), id="the port's own address"),
        pytest.param(entry(1, PERMANENT, 0, "02:00:00:00:00:ff", IN_BRIDGE), id="the bridge's own address"),
        pytest.param(entry(2, PERMANENT, n.NTF_SELF, "33:33:00:00:00:01"), id="a group that a device listens to"),
        pytest.param(entry(3, PERMANENT, n.NTF_SELF, "00:00:00:00:00:00", remote(b"\xc0\0\2\1")), id="the own remote"),
        pytest.param(entry(9, STATIC, 0, "02:00:00:00:00:01", IN_BRIDGE), id="of a link that came since"),
        pytest.param(
            entry(2, LEARNED, n.NTF_EXT_LEARNED | n.NTF_OFFLOADED, "02:00:00:00:00:01", IN_BRIDGE), id="hardware"
        ),
    ],
)
def test_what_nobody_made_is_no_resource(answer: bytes) -> None:
    assert keys(answer) == []


def test_what_somebody_made_is_one() -> None:
    vlan = attribute(n.NDA_VLAN, struct.pack("=H", 7))
    assert keys(
        entry(2, STATIC, 0, "02:00:00:00:00:01", IN_BRIDGE),
        entry(2, STATIC, 0, "02:00:00:00:00:01", IN_BRIDGE + vlan),
        entry(2, STATIC, 0, "02:00:00:00:00:02", IN_BRIDGE + vlan),
        entry(1, PERMANENT, 0, "02:00:00:00:00:03", IN_BRIDGE),
        entry(3, PERMANENT, n.NTF_SELF, "00:00:00:00:00:00", remote(b"\xc0\0\2\2")),
    ) == [
        ("fdb", "eno1", "02:00:00:00:00:01", "master"),  # the second one is its copy in VLAN 7
        ("fdb", "eno1", "02:00:00:00:00:02", "vlan 7 master"),
        ("fdb", "br0", "02:00:00:00:00:03", "self"),
        ("fdb", "vx0", "00:00:00:00:00:00", "dst 192.0.2.2 self"),
    ]


def test_a_neighbour_that_the_kernel_made_is_no_resource() -> None:
    def neighbour(state: int, hardware: str) -> bytes:
        head = n.NDMSG.pack(2, 2, state, 0, 0) + attribute(n.NDA_DST, b"\x0a\0\0\2")
        return head + attribute(n.NDA_LLADDR, bytes.fromhex(hardware.replace(":", "")))

    seen = [
        neighbour(LEARNED, "02:00:00:00:00:01"), neighbour(STATIC, "01:00:5e:00:00:16"),
        neighbour(STATIC, "ff:ff:ff:ff:ff:ff"), neighbour(STATIC, "02:00:00:00:00:fe"),
    ]  # fmt: skip
    assert read_neighbours(Answers(seen), NAMES, LINKS) == []
    made = [neighbour(STATIC, "02:00:00:00:00:01"), neighbour(PERMANENT, "02:00:00:00:00:01")]
    assert len(read_neighbours(Answers(made), NAMES, LINKS)) == 2


def test_learned_entries_cost_next_to_nothing() -> None:
    """A look at two bytes: less than a third of what decoding costs. Both are measured, so no clock is too slow."""
    learned = [entry(2, LEARNED, 0, "02:00:00:00:00:01", IN_BRIDGE)] * 20_000
    made = [entry(2, STATIC, 0, "02:00:00:00:00:01", IN_BRIDGE)] * 20_000
    assert _best_of_three(learned) * 3 < _best_of_three(made)


def _best_of_three(answers: list[bytes]) -> float:
    def once() -> float:
        started = time.perf_counter()
        read_fdb(Answers(answers), NAMES, LINKS)
        return time.perf_counter() - started

    return min(once() for _ in range(3))
