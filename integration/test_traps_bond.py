"""What bonds do by themselves: each behaviour of the kernel has its test, and every step can fail and be undone.

Numbers in the docstrings count the entries of the project's list of kernel behaviours.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from integration.applying import Node, one_node
from integration.snapshot import difference, ip, settled, steady
from integration.test_faults import fail_everywhere
from netapply.errors import InputError

pytestmark = pytest.mark.kernel("bonding")

HEAD = "version: 1\nlinks:\n  eno1: {}\n  eno2: {}\n"
ADDRESSES = "addresses: [192.168.10.2/24, 'fd00:10::2/64']"
ROUTES = "routes: [{to: default, via: 192.168.10.1}, {to: 'fd00:66::/48', via: 'fd00:10::1'}]\n"


def bond(mode: str, more: str = "", ports: str = "eno1, eno2") -> str:
    return f"{HEAD}  bond0: {{kind: bond, ports: [{ports}], mode: {mode}{more}, {ADDRESSES}}}\n{ROUTES}"


BACKUP = bond("active-backup", ", miimon: 100, primary: eno2")


def shown(node: Node, name: str = "bond0") -> dict[str, object]:
    return dict(ip(node.netns, "-d", "link", "show", "dev", name)[0])


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(bond("802.3ad", ", lacp_rate: fast"), id="primary-is-unknown-to-the-next-mode"),
        pytest.param(bond("balance-rr", ", arp_interval: 500, arp_ip_target: [192.168.10.1]"), id="probes-by-arp"),
        pytest.param(bond("active-backup", ", miimon: 50, updelay: 200"), id="delays-follow-miimon"),
        pytest.param(bond("active-backup", ", fail_over_mac: active"), id="without-ports"),
        pytest.param(bond("balance-tlb", ", tlb_dynamic_lb: false"), id="down"),
        pytest.param(bond("active-backup", ports="eno1"), id="a-port-leaves"),
        pytest.param(f"{HEAD}  br0: {{kind: bridge, ports: [eno1, eno2]}}\n", id="ports-move-to-a-bridge"),
        pytest.param(f"{HEAD}  bond0: {{kind: bridge, ports: [eno1, eno2], {ADDRESSES}}}\n", id="another-kind"),
        pytest.param("version: 1\nlinks: {eno1: {}, eno2: {}}\n", id="goes"),
        pytest.param("version: 1\n", id="goes-with-its-ports-unnamed"),
    ],
)
def test_every_step_of_a_change_can_fail(after: str, tmp_path: Path) -> None:
    """4, 5, 6, 7, 18: mode with ports, ports that must be down, what goes with a link that is down."""
    with one_node(tmp_path) as (_, node, _outside):
        node.settle(BACKUP)
        before = steady(node.netns)
        assert fail_everywhere(node, after) >= 1
        node.settle(after)
        node.host.rollback().apply()
        back = settled(node.netns, before)
        assert back == before, difference(before, back)
        assert not node.plan(BACKUP)


def test_a_mode_changes_under_routes_and_foreign_ports(tmp_path: Path) -> None:
    """4: a port that somebody else attached is back in the bond, up, and its bond has the MAC address it had."""
    with one_node(tmp_path) as (_, node, _outside):
        node.settle(bond("active-backup", ports="eno1"))
        node.machine.run("ip link set eno2 down".split())
        node.machine.run("ip link set eno2 master bond0".split())
        mac = shown(node)["address"]
        node.settle(bond("balance-xor", ports="eno1"))
        assert shown(node, "eno2")["master"] == "bond0"
        assert shown(node)["address"] == mac
        assert "default" in node.machine.run(["ip", "route"]).stdout


def test_a_released_port_is_up_again(tmp_path: Path) -> None:
    """A bond closes the ports that it lets go; the file says that they are up."""
    with one_node(tmp_path) as (_, node, _outside):
        mac = node.machine.mac("eno1")
        node.settle(BACKUP)
        node.settle("version: 1\nlinks: {eno1: {addresses: [192.168.10.7/24]}, eno2: {}}\n")
        assert "UP" in shown(node, "eno1")["flags"]  # type: ignore[operator]
        assert node.machine.mac("eno1") == mac


def test_a_delay_that_is_no_whole_step_is_rounded_and_said(tmp_path: Path) -> None:
    """3: updelay 150 becomes 100 at miimon 100; a mode that watches the carrier has a miimon."""
    with one_node(tmp_path) as (_, node, _outside):
        wish = bond("802.3ad", ", updelay: 150")
        plan = node.plan(wish)
        assert any("updelay of bond0 becomes 100 ms" in note for note in plan.notes)
        assert any("miimon of bond0 becomes 100 ms" in note for note in plan.notes)
        node.settle(wish)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ("802.3ad, primary: eno1", "primary needs mode active-backup or balance-tlb or balance-alb"),
        ("balance-rr, miimon: 100, arp_interval: 100, arp_ip_target: [192.0.2.1]", "do not go together"),
        ("balance-rr, arp_interval: 100", "needs an arp_ip_target"),
        ("balance-rr, updelay: 200", "updelay needs miimon"),
        ("active-backup, primary: eno9", "none of the ports"),
        ("balance-alb, miimon: 0", "miimon cannot be 0"),
        ("balance-rr, arp_ip_target: ['fd00::1']", "no IPv4 address"),
        ("balance-rr, min_links: -1", "min_links"),
    ],
)
def test_contradictions_are_refused_before_anything_is_touched(more: str, reason: str, tmp_path: Path) -> None:
    with one_node(tmp_path) as (_, node, _outside):
        before = steady(node.netns)
        with pytest.raises(InputError, match=reason):
            node.plan(bond(more))
        assert steady(node.netns) == before


def test_addresses_of_a_port_to_be_are_moved(tmp_path: Path) -> None:
    """5, 16: IPv4 addresses survive on a port, where they are of no use: the file has them on the bond."""
    with one_node(tmp_path) as (_, node, _outside):
        node.settle(f"version: 1\nlinks: {{eno1: {{{ADDRESSES}}}}}\n{ROUTES}")
        before = steady(node.netns)
        assert fail_everywhere(node, BACKUP) >= 3
        node.settle(BACKUP)
        addresses = node.machine.run("ip -br address show dev eno1".split()).stdout
        assert "192.168.10.2" not in addresses
        node.host.rollback().apply()
        after = settled(node.netns, before)
        assert after == before, difference(before, after)


def test_the_bond_of_the_module_is_nobodys_business(tmp_path: Path) -> None:
    """8: loading the module makes bond0; here it is a foreign one that is only configured."""
    with one_node(tmp_path) as (_, node, _outside):
        node.machine.run("ip link add bond9 type bond".split())
        before = steady(node.netns)
        node.settle(BACKUP)
        node.settle("version: 1\nlinks: {eno1: {}, eno2: {}}\n")
        assert "bond9" in node.machine.interfaces()
        node.machine.run("ip link delete bond9".split())
        assert before is not None
