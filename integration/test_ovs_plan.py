"""plans/ovs-bridge.yaml with packets, on the kernel's own datapath: VLANs isolate, and tags are on the wire."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from scapy.layers.l2 import ARP, Dot1Q

from integration.applying import PLANS, Node, failing_at, one_node
from integration.open_vswitch import OpenVSwitch, running
from integration.snapshot import difference, settled, steady
from netapply.errors import RolledBackError
from netapply.lab import Host as LabHost
from netapply.lab import Lab, capture, ping

pytestmark = pytest.mark.kernel("openvswitch", "8021q")
PLAN = PLANS / "ovs-bridge.yaml"


@dataclass
class Site:
    lab: Lab
    node: Node
    outside: LabHost
    ovs: OpenVSwitch
    guests: tuple[LabHost, LabHost]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A node, two guests of one subnet, and outside it a host with a device in each VLAN."""
    with one_node(tmp_path) as (lab, node, outside), running(node.netns, tmp_path / "ovs", "system") as ovs:
        one = lab.guest(node.machine, "tap100i0", address="10.1.0.100/24")
        two = lab.guest(node.machine, "tap101i0", address="10.1.0.101/24")
        for vlan, address in ((10, "10.1.0.1/24"), (20, "10.1.0.2/32"), (99, "192.168.99.1/24")):
            outside.run(f"ip link add link eth0 name eth0.{vlan} up type vlan id {vlan}".split())
            outside.add_address(address, f"eth0.{vlan}")
        outside.add_route("10.1.0.101/32", interface="eth0.20")
        yield Site(lab, node, outside, ovs, (one, two))


def reaches(host: LabHost, target: str) -> bool:
    return bool(ping.icmp(host, target, timeout=10.0, attempts=25))


def test_guests_see_their_vlan_and_no_other(site: Site) -> None:
    site.node.settle(PLAN)
    one, two = site.guests
    assert reaches(one, "10.1.0.1"), "the guest of VLAN 10 reaches what is outside in VLAN 10"
    assert reaches(two, "10.1.0.2")
    assert not ping.icmp(one, "10.1.0.101", attempts=2, timeout=1.0), "another VLAN is another network"
    assert reaches(site.outside, "192.168.99.2"), "the host itself is in VLAN 99"


def test_tags_are_on_the_trunk_and_not_at_the_guest(site: Site) -> None:
    site.node.settle(PLAN)
    one, _ = site.guests
    with (
        capture.frames(site.outside, "eth0", lambda packet: ARP in packet) as outer,
        capture.frames(one, "eth0", lambda packet: ARP in packet) as inner,
    ):
        assert ping.arp(one, "eth0", "10.1.0.1")
    asked = outer.wait_for(lambda packet: packet[ARP].op == 1 and packet[ARP].pdst == "10.1.0.1")
    assert asked is not None and asked[Dot1Q].vlan == 10
    assert len(inner) and not any(Dot1Q in packet for packet in inner)


def test_a_change_of_vlan_moves_the_guest(site: Site) -> None:
    site.node.settle(PLAN)
    one, _ = site.guests
    site.node.settle(PLAN.read_text().replace("{tag: 20}", "{tag: 10}"))
    assert reaches(one, "10.1.0.101"), "now they share a VLAN"


def test_it_rolls_back_to_nothing(site: Site) -> None:
    before = steady(site.node.netns), site.ovs.dump()
    site.node.settle(PLAN)
    site.node.host.rollback().apply()
    after = settled(site.node.netns, before[0])
    assert after == before[0], difference(before[0], after)
    assert site.ovs.dump() == before[1]


def test_every_operation_can_fail(site: Site) -> None:
    before = steady(site.node.netns), site.ovs.dump()
    count = len(site.node.plan(PLAN).operations)
    for number in range(count):
        with failing_at(number) as fault, pytest.raises(RolledBackError):
            site.node.apply(PLAN)
        assert fault.fired
        after = settled(site.node.netns, before[0])
        assert after == before[0], f"at {number}\n{difference(before[0], after)}"
        assert site.ovs.dump() == before[1], f"at {number}"
    assert count >= 8


def test_a_running_guest_loses_no_packet_to_what_is_live(site: Site) -> None:
    """Another port's VLAN and the bridge's ageing time change under a conversation."""
    site.node.settle(PLAN)
    one, _ = site.guests
    assert reaches(one, "10.1.0.1")
    changed = (
        PLAN.read_text().replace("{tag: 20}", "{tag: 30}").replace("    ports:", "    ageing_time: 60s\n    ports:")
    )
    plan = site.node.plan(changed)
    assert str(plan.pure.disruption) == "live"
    with pinging(one.netns, "10.1.0.1") as said:
        plan.apply()
    assert " 0% packet loss" in said[0], said[0]


@contextmanager
def pinging(netns: str, target: str) -> Iterator[list[str]]:
    """A hundred echoes a second, from before the block until after it; what ping(8) says at its end."""
    command = ["ip", "netns", "exec", netns, "ping", "-q", "-i", "0.01", "-w", "60", target]
    said: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            time.sleep(0.5)
            yield said
            time.sleep(0.5)
        finally:
            process.send_signal(signal.SIGINT)
            said.append(process.communicate(timeout=30)[0])


BOND = """
version: 1
links:
  vmbr0: {kind: ovs-bridge, ports: [bond0], addresses: [10.7.0.1/24]}
  bond0: {kind: ovs-bond, ports: [eno1, eno2], mode: balance-tcp, lacp: active, lacp_time: fast}
"""


def reaches_in_time(site: Site) -> bool:
    """Both ends must agree first, at a message a second, and the kernel's waits for its neighbours."""
    limit = time.monotonic() + 40
    while not reaches(site.outside, "10.7.0.1"):
        if time.monotonic() > limit:
            return False
    return True


@pytest.mark.kernel("bonding")
def test_a_bond_negotiates_with_the_kernels_and_survives_a_cut_cable(site: Site) -> None:
    """LACP between Open vSwitch here and the kernel's bonding outside."""
    run = site.outside.run
    run("ip link add bond0 type bond mode 802.3ad miimon 100 lacp_rate fast".split())
    for port in ("eth0", "eth1"):
        run(f"ip link set {port} down".split())
        run(f"ip link set {port} master bond0".split())
    run("ip link set bond0 up".split())
    site.outside.add_address("10.7.0.2/24", "bond0")
    site.node.settle(BOND)
    assert reaches_in_time(site)
    limit = time.monotonic() + 30
    while site.ovs.appctl("lacp/show", "bond0").count(": current attached") < 2 and time.monotonic() < limit:
        time.sleep(0.2)
    assert site.ovs.appctl("lacp/show", "bond0").count(": current attached") == 2
    for port, other in (("eth0", "eth1"), ("eth1", "eth0")):
        run(f"ip link set {port} down".split())
        assert reaches_in_time(site), f"without {port} there is {other}"
        run(f"ip link set {port} up".split())
        while site.ovs.appctl("lacp/show", "bond0").count(": current attached") < 2 and time.monotonic() < limit + 60:
            time.sleep(0.2)


def test_the_datapath_can_change_and_everything_on_it_comes_back(site: Site) -> None:
    """To user space and back: the kernel's devices are other ones each time."""
    site.node.settle(PLAN)
    text = PLAN.read_text()
    site.node.settle(text.replace("kind: ovs-bridge", "kind: ovs-bridge\n    datapath_type: netdev"))
    assert site.ovs.row("Bridge", "vmbr0")["datapath_type"] == "netdev"
    assert reaches(site.outside, "192.168.99.2")
    site.node.settle(text)
    assert reaches(site.outside, "192.168.99.2")
