"""The bond plans: carrier lost on one cable, LACP between two hosts, guests behind a bond."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from scapy.layers.inet import ICMP
from scapy.layers.l2 import Dot1Q

from integration.applying import PLANS, Node, one_node
from netapply.lab import Host as LabHost
from netapply.lab import capture, ping, traffic

SWITCH = """
version: 1
links:
  eth0: {}
  eth1: {}
  switch: {kind: bridge, ports: [eth0, eth1], stp: false, forward_delay: 0s, addresses: [192.168.10.1/24]}
"""
PARTNER = """
version: 1
links:
  eth0: {}
  eth1: {}
  bond0: {kind: bond, ports: [eth0, eth1], mode: 802.3ad, miimon: 100, lacp_rate: fast, addresses: [192.168.10.1/24]}
"""
LONGEST_OUTAGE = 5.0
"""Seconds. A cut is noticed within miimon, 0.1 s; on an emulated CPU everything takes its time."""


def bonding(host: LabHost, name: str = "bond0") -> str:
    return host.run(["cat", f"/proc/net/bonding/{name}"]).stdout


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


@pytest.mark.kernel("bonding")
def test_active_backup_survives_a_cut_cable(tmp_path: Path) -> None:
    with one_node(tmp_path) as (_, node, outside):
        Node(outside, tmp_path).settle(SWITCH)
        node.settle(PLANS / "bond-active-backup.yaml")
        assert "Currently Active Slave: eno1" in bonding(node.machine)
        with traffic.pings(node.machine, "192.168.10.1") as flow:
            outside.set_link("eth0", up=False)
            assert within(LONGEST_OUTAGE, lambda: "Currently Active Slave: eno2" in bonding(node.machine))
            received = flow.received
            assert within(LONGEST_OUTAGE, lambda: flow.received > received + 10), "traffic goes on over eno2"
        assert flow.longest_outage_seconds < LONGEST_OUTAGE
        outside.set_link("eth0", up=True)
        assert within(LONGEST_OUTAGE, lambda: "Currently Active Slave: eno1" in bonding(node.machine)), "the primary"
        assert not node.plan(PLANS / "bond-active-backup.yaml")


@pytest.mark.kernel("bonding")
def test_lacp_negotiates_and_survives_a_cut_cable(tmp_path: Path) -> None:
    with one_node(tmp_path) as (_, node, outside):
        Node(outside, tmp_path).settle(PARTNER)
        node.settle(PLANS / "bond-lacp.yaml")
        partner = outside.mac("bond0")
        assert within(20, lambda: bonding(node.machine).count(f"system mac address: {partner}") == 2), "no LACP partner"
        assert within(20, lambda: bool(ping.icmp(node.machine, "192.168.10.1")))
        with traffic.pings(node.machine, "192.168.10.1") as flow:
            before = flow.received
            assert within(LONGEST_OUTAGE, lambda: flow.received > before + 20)
            outside.set_link("eth0", up=False)
            cut = flow.received
            assert within(3 * LONGEST_OUTAGE, lambda: flow.received > cut + 50), "one link carries all"
        print(f"LACP: {flow.lost} of {flow.sent} lost, longest outage {flow.longest_outage_seconds:.2f} s")
        assert flow.longest_outage_seconds < 3 * LONGEST_OUTAGE
        assert not node.plan(PLANS / "bond-lacp.yaml"), "a cut cable is no drift"


@pytest.mark.kernel("bonding")
def test_guests_reach_the_network_through_the_bond(tmp_path: Path) -> None:
    with one_node(tmp_path) as (lab, node, outside):
        Node(outside, tmp_path).settle(SWITCH)
        node.settle(PLANS / "bond-under-bridge.yaml")
        guest = lab.guest(node.machine, "tap100i0", address="192.168.10.100/24", master="vmbr0")
        assert ping.icmp(guest, "192.168.10.1", timeout=5.0, attempts=25)
        outside.set_link("eth0", up=False)
        assert within(LONGEST_OUTAGE, lambda: bool(ping.icmp(guest, "192.168.10.1", timeout=0.5, attempts=2)))
        assert not node.plan(PLANS / "bond-under-bridge.yaml")


TAGGED = """
version: 1
links:
  eth0: {}
  eth1: {}
  switch: {kind: bridge, ports: [eth0, eth1], stp: false, forward_delay: 0s}
  switch.5: {kind: vlan, link: switch, id: 5, addresses: [192.168.10.1/24]}
"""


@pytest.mark.kernel("bonding", "8021q")
def test_a_vlan_goes_with_the_bond_it_is_on(tmp_path: Path) -> None:
    with one_node(tmp_path) as (_, node, outside):
        Node(outside, tmp_path).settle(TAGGED)
        node.settle(PLANS / "vlan-on-bond.yaml")
        with capture.frames(outside, "eth0", lambda packet: ICMP in packet) as heard:
            assert ping.icmp(node.machine, "192.168.10.1", timeout=5.0, attempts=25)
        assert {packet[Dot1Q].vlan for packet in heard} == {5}
        outside.set_link("eth0", up=False)
        assert within(LONGEST_OUTAGE, lambda: bool(ping.icmp(node.machine, "192.168.10.1", timeout=0.5, attempts=2)))
