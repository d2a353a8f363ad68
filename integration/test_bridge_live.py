"""A VLAN-aware bridge at work: what is `live` loses no packet of a ping every millisecond."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.applying import Node
from netapply.lab import Guest, Lab, ping, traffic

pytestmark = pytest.mark.kernel("vlan_filtering", "8021q")
Site = tuple[Lab, Node, Guest, Guest]
MILLISECOND = 0.001


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Two guests on a bridge that does not filter; they talk without tags, and with tag 20 (on eth0.20)."""
    with Lab() as lab:
        node = Node(lab.host("pve1"), tmp_path)
        node.settle(wish())
        guests = [
            lab.guest(node.machine, f"tap{number}", address=f"192.0.2.{number}/24", master="vmbr0") for number in (1, 2)
        ]
        for number, guest in enumerate(guests, 1):
            guest.run(["ip", "link", "add", "link", "eth0", "name", "eth0.20", "up", "type", "vlan", "id", "20"])
            guest.add_address(f"198.51.100.{number}/24", "eth0.20")
        for target in ("192.0.2.2", "198.51.100.2"):
            assert ping.icmp(guests[0], target, timeout=5.0, attempts=25)
        yield lab, node, guests[0], guests[1]


def wish(bridge: str = "", taps: str = "") -> str:
    ports = "".join(f"  tap{number}: {{{taps}}}\n" for number in (1, 2)) if taps else ""
    return f"version: 1\nlinks:\n  vmbr0: {{kind: bridge, forward_delay: 0s{bridge}}}\n{ports}"


def lost_while_applying(node: Node, text: str, guest: Guest, *targets: str) -> list[int]:
    """Pings lost on the way to each target while the text is applied; the plan must call itself live."""
    plan = node.plan(text)
    assert plan, "there is nothing to do"
    assert "Disruption: none." in str(plan), str(plan)
    losses = []
    with traffic.pings(guest, targets[0], interval=MILLISECOND) as first:
        with traffic.pings(guest, targets[-1], interval=MILLISECOND) as second:
            plan.apply()
        losses = [first, second]
    return [flow.lost for flow in losses]


FILTERING = ", vlan_filtering: true"


def test_switching_filtering_on_interrupts_nobody_whose_vlans_are_named(site: Site) -> None:
    """Ports have VLAN 20 before the bridge filters: neither tagged nor untagged frames are dropped."""
    _, node, one, _ = site
    assert lost_while_applying(node, wish(FILTERING, "vids: 20"), one, "192.0.2.2", "198.51.100.2") == [0, 0]


def test_switching_filtering_off_and_moving_between_tables_interrupts_nobody(site: Site) -> None:
    _, node, one, _ = site
    both = ("192.0.2.2", "198.51.100.2")
    node.settle(wish(FILTERING, "vids: 20"))
    for taps in ("vids: 2-4094", "vids: [20, 30]", "vids: 10-20"):
        assert lost_while_applying(node, wish(FILTERING, taps), one, *both) == [0, 0], taps
    assert lost_while_applying(node, wish(", vlan_filtering: false"), one, *both) == [0, 0]


def test_untagged_guests_of_a_bridge_that_begins_to_filter_go_on(site: Site) -> None:
    """Guests that no file names stay in VLAN 1, untagged; a tag that nobody allowed is dropped from then on."""
    _, node, one, _ = site
    assert lost_while_applying(node, wish(FILTERING), one, "192.0.2.2") == [0, 0]
    assert not ping.icmp(one, "198.51.100.2", attempts=2, timeout=0.5)


def test_a_pvid_moves_in_one_step(site: Site) -> None:
    """VLAN 1 to VLAN 10 on one port: what is there is in one of the two at any time, so that the host, which is in
    both, is reached without a gap."""
    _, node, one, two = site
    node.machine.add_address("192.0.2.9/24", "vmbr0")
    node.settle(wish(FILTERING, "pvid: 1"))
    node.settle(wish(FILTERING + ", vids: [10], pvid: 1, untagged: [1, 10]", "pvid: 1, vids: 10, untagged: [1, 10]"))
    moved = wish(FILTERING + ", vids: [10], pvid: 1, untagged: [1, 10]", "pvid: 10, vids: 1, untagged: [1, 10]")
    assert lost_while_applying(node, moved, one, "192.0.2.2") == [0, 0]
    assert ping.icmp(two, "192.0.2.1")


def test_vlans_isolate(site: Site) -> None:
    _, node, one, _ = site
    text = wish(FILTERING) + "  tap1: {pvid: 10, vids: 20}\n  tap2: {pvid: 11, vids: 21}\n"
    node.settle(text)
    for target in ("192.0.2.2", "198.51.100.2"):
        assert not ping.icmp(one, target, attempts=2, timeout=0.5)
    node.settle(text.replace("pvid: 11, vids: 21", "pvid: 10, vids: 21"))
    assert ping.icmp(one, "192.0.2.2", timeout=3.0)
    assert not ping.icmp(one, "198.51.100.2", attempts=2, timeout=0.5)


def test_a_vlan_device_on_a_filtering_bridge_hears(site: Site) -> None:
    """Trap 25: its VLAN is let into the bridge itself, and the plan says so."""
    _, node, one, _ = site
    device = "  vmbr0.20: {kind: vlan, link: vmbr0, id: 20, addresses: [198.51.100.9/24]}\n"
    text = wish(FILTERING, "vids: 20") + device
    plan = node.plan(text)
    assert "VLAN 20 is added to vmbr0 itself" in str(plan)
    node.settle(text)
    assert ping.icmp(one, "198.51.100.9", timeout=5.0, attempts=25)
