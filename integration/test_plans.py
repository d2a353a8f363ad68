"""Every plan in plans/ is applied in a namespace, and packets prove what its first lines promise."""

from __future__ import annotations

from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.l2 import ARP
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet

from integration.applying import PLANS, Node, every_plan, one_node
from integration.snapshot import difference, settled, snapshot, steady
from integration.wireguard_site import with_keys
from netapply.lab import Host as LabHost
from netapply.lab import Lab, capture, ping


@pytest.mark.parametrize("plan", every_plan())
def test_plan_applies_twice_and_rolls_back(plan: Path, tmp_path: Path) -> None:
    with one_node(tmp_path) as (_, node, _outside):
        before = steady(node.netns)
        node.settle(with_keys(plan, tmp_path))
        assert snapshot(node.netns) != before, "the plan changed nothing"
        node.host.rollback().apply()
        after = settled(node.netns, before)
        assert after == before, difference(before, after)


@pytest.mark.parametrize("plan", sorted(PLANS.glob("*.yaml")), ids=lambda path: path.stem)
def test_plan_says_what_it_is_for(plan: Path) -> None:
    first, second, *_ = plan.read_text().splitlines()
    assert first.startswith("# ") and ":" in first and second.startswith("# ")


def reaches(host: LabHost, target: str) -> bool:
    """An echo comes back within a few seconds: a port may need one until its carrier is noticed."""
    return bool(ping.icmp(host, target, timeout=5.0, attempts=25))


def test_bridge_passes_frames_between_guests(tmp_path: Path) -> None:
    with one_node(tmp_path) as (lab, node, outside):
        outside.add_address("192.168.10.1/24", "eth0")
        node.settle(PLANS / "bridge.yaml")
        one = lab.guest(node.machine, "tap100i0", address="192.168.10.100/24", master="vmbr0")
        two = lab.guest(node.machine, "tap101i0", address="192.168.10.101/24", master="vmbr0")
        for target in ("192.168.10.101", "192.168.10.2", "192.168.10.1"):
            assert reaches(one, target), f"a guest does not reach {target}"
        assert ping.arp(one, "eth0", "192.168.10.101")
        with capture.frames(outside, "eth0", lambda packet: ARP in packet) as heard:
            assert reaches(two, "192.168.10.1")
        assert {packet.src for packet in heard} == {two.mac("eth0")}, "the network sees the guest's own MAC"
        assert not node.plan(PLANS / "bridge.yaml"), "guests' taps are not netapply's business"


def test_routed_guests_are_answered_for_by_proxy_arp(tmp_path: Path) -> None:
    with one_node(tmp_path) as (lab, node, outside):
        outside.add_address("198.51.100.1/29", "eth0")
        outside.add_route("203.0.113.16/28", interface="eth0")
        node.settle(PLANS / "routed.yaml")
        guest = lab.guest(node.machine, "tap100i0", address="203.0.113.18/28", gateway="203.0.113.17", master="vmbr0")
        answer = ping.arp(outside, "eth0", "203.0.113.18")
        assert answer and answer.mac == node.machine.mac("eno1"), "the host answers for its guest"
        with capture.frames(outside, "eth0", lambda packet: ICMP in packet) as heard:
            assert reaches(guest, "198.51.100.1")
        echo = heard.wait_for()
        assert echo is not None and echo[IP].src == "203.0.113.18", "routed, not translated"
        assert echo.src == node.machine.mac("eno1"), "one MAC address for all"


def test_masquerade_rewrites_the_source(tmp_path: Path) -> None:
    with one_node(tmp_path) as (lab, node, outside):
        outside.add_address("198.51.100.1/24", "eth0")
        node.settle(PLANS / "masquerade.yaml")
        guest = lab.guest(node.machine, "tap100i0", address="10.10.10.5/24", gateway="10.10.10.1", master="vmbr0")
        with capture.frames(outside, "eth0", lambda packet: ICMP in packet) as heard:
            assert reaches(guest, "198.51.100.1"), "the answer finds its way back to the guest"
        sources = {packet[IP].src for packet in heard}
        assert sources == {"198.51.100.5"}, "outside, every packet comes from the host's address"


def test_port_forward_reaches_the_guest(tmp_path: Path) -> None:
    with one_node(tmp_path) as (lab, node, outside):
        outside.add_address("198.51.100.1/24", "eth0")
        node.settle(PLANS / "port-forward.yaml")
        guest = lab.guest(node.machine, "tap100i0", address="10.10.10.5/24", gateway="10.10.10.1", master="vmbr0")
        with guest.listen_tcp(80, banner="guest") as server:
            answer = outside.ask_tcp("198.51.100.5", 8080)
        assert answer.banner == "guest"
        assert server.peers == ["198.51.100.1"], "the guest sees who calls"
        assert ping.tcp(outside, "198.51.100.5", 8081) == "refused", "no other port is forwarded"


def test_vxlan_pair_carries_frames_in_udp(tmp_path: Path) -> None:
    with Lab() as lab:
        nodes = [Node(lab.host(name), tmp_path) for name in ("node1", "node2")]
        lab.cable(nodes[0].machine, "eno1", nodes[1].machine, "eno1")
        for node, plan in zip(nodes, ("vxlan-pair.yaml", "vxlan-pair-b.yaml"), strict=True):
            node.settle(PLANS / plan)
        guests = [
            lab.guest(node.machine, "tap100i0", address=f"10.0.3.{100 + number}/24", master="myvnet1", mtu=1450)
            for number, node in enumerate(nodes)
        ]
        with capture.frames(nodes[1].machine, "eno1", _is_vxlan) as outer:
            assert reaches(guests[0], "10.0.3.101")
        packet = outer.wait_for(lambda packet: ICMP in packet)
        assert packet is not None and packet[VXLAN].vni == 100000
        assert (packet[IP].src, packet[UDP].dport) == ("192.168.0.1", 4789)
        assert ping.icmp(guests[0], "10.0.3.101", size=1450 - 28, dont_fragment=True), "1450 bytes fit"
        assert not ping.icmp(guests[0], "10.0.3.101", size=1500 - 28, dont_fragment=True), "1500 do not"


def _is_vxlan(packet: Packet) -> bool:
    return VXLAN in packet


def test_disable_ipv6_silences_ipv6(tmp_path: Path) -> None:
    with one_node(tmp_path) as (_, node, outside):
        outside.add_address("fd00:10::1/64", "eth0")
        node.machine.add_address("fd00:10::2/64", "eno1")
        assert ping.icmpv6(outside, "fd00:10::2")
        node.settle(PLANS / "disable-ipv6.yaml")
        assert not ping.icmpv6(outside, "fd00:10::2", attempts=2, timeout=0.5)
        node.host.rollback().apply()
        assert ping.icmpv6(outside, "fd00:10::2", timeout=3.0), "rollback brings the address back"
