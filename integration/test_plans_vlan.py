"""The plans with VLANs and VRFs: packets prove what each promises, and that what is kept apart stays apart."""

from __future__ import annotations

from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import Dot1AD, Dot1Q
from scapy.packet import Packet

from integration.applying import PLANS, one_node
from netapply.lab import Host as LabHost
from netapply.lab import Lab, capture, ping

SECONDS = 5.0


def reaches(host: LabHost, target: str) -> bool:
    """An echo comes back within a few seconds."""
    return bool(ping.icmp(host, target, timeout=SECONDS, attempts=25))


def is_cut_off(host: LabHost, target: str) -> bool:
    return not ping.icmp(host, target, timeout=0.5, attempts=3)


def far_vlan(outside: LabHost, name: str, lower: str, *options: str) -> None:
    """A VLAN device at the far end of the cable, made by hand."""
    outside.run(["ip", "link", "add", "link", lower, "name", name, "up", "type", "vlan", *options])


def tenant(lab: Lab, outside: LabHost, name: str, vid: int) -> LabHost:
    """A machine of its own in one VLAN of the network, always with the same address."""
    host = lab.host(name)
    far_vlan(outside, f"eth0.{vid}", "eth0", "id", str(vid))
    outside.run(["ip", "link", "set", f"eth0.{vid}", "netns", host.netns, "name", "eth0"])
    host.set_link("eth0", up=True)
    host.add_address("10.0.0.254/24", "eth0")
    host.add_route("default", via="10.0.0.1")
    return host


def is_echo(packet: Packet) -> bool:
    return ICMP in packet


@pytest.mark.kernel("8021q")
def test_management_is_in_its_vlan_and_guests_are_not(tmp_path: Path) -> None:
    with one_node(tmp_path) as (lab, node, outside):
        far_vlan(outside, "eth0.5", "eth0", "id", "5")
        outside.add_address("10.10.10.1/24", "eth0.5")
        outside.add_address("192.0.2.1/24", "eth0")
        node.settle(PLANS / "vlan-management.yaml")
        guest = lab.guest(node.machine, "tap100i0", address="192.0.2.100/24", master="vmbr0")
        with capture.frames(outside, "eth0", is_echo) as heard:
            assert reaches(outside, "10.10.10.2"), "the host is in VLAN 5"
        assert {packet[Dot1Q].vlan for packet in heard if Dot1Q in packet} == {5}
        assert all(Dot1Q in packet for packet in heard), "nothing of the host leaves without the tag"
        assert reaches(guest, "192.0.2.1"), "guests are in the network without tags"
        guest.add_address("10.10.10.3/24", "eth0")
        assert is_cut_off(guest, "10.10.10.2"), "and not in that of the management"
        assert not node.plan(PLANS / "vlan-management.yaml")


@pytest.mark.kernel("8021q")
def test_qinq_frames_carry_both_tags(tmp_path: Path) -> None:
    with one_node(tmp_path) as (lab, node, outside):
        far_vlan(outside, "eth0.s", "eth0", "protocol", "802.1ad", "id", "100")
        far_vlan(outside, "eth0.c", "eth0.s", "id", "20")
        outside.add_address("10.20.0.1/24", "eth0.c")
        node.settle(PLANS / "qinq-vlans.yaml")
        guest = lab.guest(node.machine, "tap100i0", address="10.20.0.100/24", master="vmbr20", mtu=1496)
        with capture.frames(outside, "eth0", is_echo) as heard:
            assert reaches(guest, "10.20.0.1")
        packet = heard.wait_for()
        assert packet is not None
        assert (packet[Dot1AD].vlan, packet[Dot1Q].vlan) == (100, 20), packet.summary()
        assert ping.icmp(guest, "10.20.0.1", size=1496 - 28, dont_fragment=True), "1496 bytes fit"


@pytest.mark.kernel("8021q", "vrf")
def test_tenants_with_one_address_never_meet(tmp_path: Path) -> None:
    with one_node(tmp_path) as (lab, node, outside):
        red, blue = tenant(lab, outside, "red", 10), tenant(lab, outside, "blue", 20)
        node.settle(PLANS / "vrf.yaml")
        for host, vid in ((red, 10), (blue, 20)):
            with capture.frames(outside, "eth0", is_echo) as heard:
                assert reaches(host, "10.0.0.1"), f"{host.name} has the host as its router"
            assert {packet[Dot1Q].vlan for packet in heard} == {vid}, "answers go to who asked"
            assert {packet[IP].src for packet in heard} == {"10.0.0.1"}
        node.machine.sysctl("net.ipv4.ip_forward", 1)
        node.machine.add_address("198.51.100.5/24", "eno1")
        outside.add_address("198.51.100.1/24", "eth0")
        outside.add_route("10.0.0.0/24", via="198.51.100.5")
        assert reaches(node.machine, "198.51.100.1")
        node.machine.add_address("10.2.0.1/32", "blue")
        assert reaches(blue, "10.2.0.1"), "what is in the VRF blue, blue reaches"
        assert is_cut_off(red, "10.2.0.1"), "and red does not"
        assert is_cut_off(red, "198.51.100.1"), "nobody is routed to the host's own network"
