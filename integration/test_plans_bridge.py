"""The plans with VLANs on bridges: who hears whom, and which tags are on the wire."""

from __future__ import annotations

from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import Dot1AD, Dot1Q

from integration.applying import PLANS, one_node
from netapply.lab import Host as LabHost
from netapply.lab import Lab, capture, ping

pytestmark = pytest.mark.kernel("vlan_filtering", "8021q")


def tagged(host: LabHost, lower: str, vid: int, address: str) -> None:
    """A VLAN device by hand."""
    name = f"{lower}.{vid}"
    host.run(["ip", "link", "add", "link", lower, "name", name, "up", "type", "vlan", "id", str(vid)])
    host.add_address(address, name)


def reaches(host: LabHost, target: str) -> bool:
    return bool(ping.icmp(host, target, timeout=5.0, attempts=25))


def test_vlans_of_a_vlan_aware_bridge_isolate(tmp_path: Path) -> None:
    """The same addresses in VLANs 10 and 20 do not meet; the host answers in VLAN 5 and in no other."""
    with one_node(tmp_path) as (lab, node, outside):
        for vid, address in ((5, "10.10.10.1/24"), (10, "192.0.2.1/24"), (20, "203.0.113.1/24")):
            tagged(outside, "eth0", vid, address)
        node.settle(PLANS / "vlan-aware-bridge.yaml")
        guests = {
            vid: lab.guest(
                node.machine, f"tap{vid}", address=[f"192.0.2.{vid}/24", f"203.0.113.{vid}/24"], master="vmbr0"
            )
            for vid in (10, 20)
        }
        for vid in guests:
            node.machine.run(["bridge", "vlan", "add", "dev", f"tap{vid}", "vid", str(vid), "pvid", "untagged"])
            node.machine.run(["bridge", "vlan", "del", "dev", f"tap{vid}", "vid", "1"])
        assert reaches(outside, "10.10.10.2"), "the host is in VLAN 5"
        assert reaches(guests[10], "192.0.2.1") and reaches(guests[20], "203.0.113.1")
        assert not ping.icmp(guests[10], "192.0.2.20", attempts=2, timeout=0.5), "VLANs isolate"
        assert not ping.icmp(guests[10], "203.0.113.1", attempts=2, timeout=0.5)
        assert not node.plan(PLANS / "vlan-aware-bridge.yaml"), "guests' VLANs are not netapply's business"


def test_both_tags_of_qinq_are_on_the_wire(tmp_path: Path) -> None:
    """A customer's VLAN 20 between two sites, through the provider's VLAN 100."""
    with one_node(tmp_path) as (lab, node, outside):
        _customer(lab, node.machine, outside)
        node.settle(PLANS / "qinq.yaml")
        site, far = lab.hosts["site"], lab.hosts["far"]
        with capture.frames(outside, "eth0", lambda packet: ICMP in packet) as wire:
            assert reaches(site, "192.0.2.2"), "the customer's sites hear each other"
        packet = wire.wait_for(lambda packet: packet[IP].src == "192.0.2.1")
        assert packet is not None
        assert (packet[Dot1AD].vlan, packet[Dot1Q].vlan) == (100, 20)
        assert packet[Dot1AD].payload.name == packet[Dot1Q].name, "the service tag is the outer one"
        assert reaches(far, "192.0.2.1")


def _customer(lab: Lab, machine: LabHost, outside: LabHost) -> None:
    """A site behind eno2 of the node; a far one behind the provider, who takes the service tag off again."""
    site, far = lab.host("site"), lab.host("far")
    machine.run(["ip", "link", "del", "eno2"])
    lab.cable(machine, "eno2", site, "eth0")
    lab.cable(outside, "eth9", far, "eth0")
    outside.run(
        ["ip", "link", "add", "link", "eth0", "name", "s100", "up", "type", "vlan", "proto", "802.1ad", "id", "100"]
    )
    outside.run(["ip", "link", "add", "provider", "up", "type", "bridge", "forward_delay", "0"])
    for port in ("s100", "eth9"):
        outside.attach(port, "provider")
    tagged(site, "eth0", 20, "192.0.2.1/24")
    tagged(far, "eth0", 20, "192.0.2.2/24")
