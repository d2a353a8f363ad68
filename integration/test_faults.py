"""A fault at every operation: afterwards the whole namespace is as it was before.

Compared is everything that `snapshot` reads, not only what the plan touches. SIGKILL is a fault as
well: there the next command, `recover`, does what the dead process could not.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from integration.applying import CARRY_OUT, Node, every_plan, failing_at, one_node
from integration.snapshot import difference, settled, snapshot, steady
from integration.wireguard_site import with_keys
from netapply.errors import JournalError, RolledBackError
from netapply.kernel.submit import Submitter
from netapply.lab import Lab
from netapply.plan import Operation

BEFORE = """
version: 1
links:
  eno1: {alias: uplink}
  vmbr1: {kind: bridge, ports: [eno1], ageing_time: 100s, addresses: [192.168.10.2/24, 'fd00:10::2/64']}
  cable0: {kind: veth, peer: cable1, mtu: 1400}
  vx0: {kind: vxlan, vni: 7, local: 192.168.10.2, remote: 192.168.10.9, master: vmbr1}
  mv0: {kind: macvlan, link: cable0, mode: bridge, addresses: [10.9.0.1/24, 10.9.0.2/24]}
routes:
  - {to: default, via: 192.168.10.1}
  - {to: 10.66.0.0/16, type: blackhole}
  - {to: 'fd00:66::/48', via: 'fd00:10::1'}
rules: [{priority: 100, from: 10.9.0.0/24, table: 100}]
sysctl: {net.ipv4.ip_forward: 0, net.ipv4.conf.eno1.proxy_arp: 0}
nat: [{masquerade: 10.9.0.0/24, out: vmbr1}]
"""
AFTER = """
version: 1
links:
  eno1: {alias: was uplink, mtu: 1480, addresses: [192.168.10.2/24]}
  vmbr1: {kind: bridge, ageing_time: 200s, addresses: ['fd00:10::2/64', 10.1.0.1/16]}
  cable0: {kind: veth, peer: cable1, mtu: 1400, altnames: [a-cable-with-a-long-name]}
  vx0: {kind: vxlan, vni: 8, local: 192.168.10.2, remote: 192.168.10.8, master: vmbr1, mtu: 1430}
  mv0: {kind: macvlan, link: cable1, mode: private, addresses: [10.9.0.2/24]}
  vmbr2: {kind: bridge, ports: [cable1x], addresses: [10.2.0.1/24]}
  cable0x: {kind: veth, peer: cable1x}
routes:
  - {to: default, via: 192.168.10.254}
  - {to: 10.66.0.0/16, type: unreachable}
  - {to: 10.67.0.0/16, nexthops: [{via: 10.1.0.7}, {via: 10.1.0.8, weight: 2}], table: 200}
rules: [{priority: 100, from: 10.9.0.0/24, table: 200}, {priority: 101, to: 10.2.0.0/24, table: main}]
sysctl: {net.ipv4.ip_forward: 1, net.ipv4.conf.vmbr2.proxy_arp: 1, net.ipv6.conf.vx0.disable_ipv6: 1}
nat: [{masquerade: 10.2.0.0/24, out: eno1}, {dnat: 192.168.10.2, proto: tcp, port: 80, to: "10.2.0.5:80"},
      {masquerade: 'fd00:2::/64', out: eno1}, {ct_zone: 1, in: fwbr+, family: both}]
"""
FOREIGN = (
    "ip link add docker0 type bridge", "ip addr add 172.17.0.1/16 dev docker0", "ip link set docker0 up",
    "ip route add 10.77.0.0/16 dev docker0", "ip rule add priority 50 from 172.17.0.0/16 lookup 50",
    "iptables -t nat -A POSTROUTING -s 172.17.0.0/16 -j MASQUERADE",
    "ip link add tap900i0 type veth peer name tapguest", "ip link set tap900i0 up",
)  # fmt: skip


def make_foreign(node: Node) -> None:
    """What a host has that is none of netapply's business, with a guest's tap on a bridge of netapply's."""
    for command in FOREIGN:
        node.machine.run(command.split())
    if "vmbr1" in node.machine.interfaces():
        node.machine.attach("tap900i0", "vmbr1")
        node.machine.run("iptables -t nat -A POSTROUTING -s 172.18.0.0/16 -j ACCEPT".split())


def fail_everywhere(node: Node, wish: str | Path) -> int:
    """Fail each operation in turn; the number of operations, each of which was undone without a trace."""
    before = steady(node.netns)
    count = len(node.plan(wish).operations)
    for number in range(count):
        plan = node.plan(wish)
        assert len(plan.operations) == count, f"the undo of operation {number - 1} left something behind"
        with failing_at(number) as fault, pytest.raises(RolledBackError):
            plan.apply()
        assert fault.fired
        after = settled(node.netns, before)
        operation = plan.operations[number]
        assert after == before, f"at {number}: {operation.verb} {operation.key}\n{difference(before, after)}"
    return count


@pytest.mark.parametrize("plan", every_plan())
def test_every_operation_of_every_plan_can_fail(plan: Path, tmp_path: Path) -> None:
    with one_node(tmp_path) as (_, node, _outside):
        make_foreign(node)
        assert fail_everywhere(node, with_keys(plan, tmp_path)) >= 1


def test_every_operation_of_a_first_apply_can_fail(tmp_path: Path) -> None:
    with one_node(tmp_path) as (_, node, _outside):
        make_foreign(node)
        assert fail_everywhere(node, BEFORE) >= 10


def test_every_operation_of_a_rebuild_can_fail(tmp_path: Path) -> None:
    with one_node(tmp_path) as (_, node, _outside):
        node.settle(BEFORE)
        make_foreign(node)
        assert fail_everywhere(node, AFTER) >= 20
        node.settle(AFTER)
        assert fail_everywhere(node, "version: 1") >= 10


def test_rollback_returns_from_a_rebuild(tmp_path: Path) -> None:
    with one_node(tmp_path) as (_, node, _outside):
        node.settle(BEFORE)
        make_foreign(node)
        before = steady(node.netns)
        node.settle(AFTER)
        node.host.rollback().apply()
        after = settled(node.netns, before)
        assert after == before, difference(before, after)
        assert not node.plan(BEFORE), "ownership is back as well"


def killed_at(node: Node, wish: str, number: int) -> None:
    """Apply in a child process that SIGKILLs itself when group `number` (from 0) has been carried out."""
    child = os.fork()
    if child == 0:
        _apply_and_die(node, wish, number)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def _apply_and_die(node: Node, wish: str, number: int) -> None:
    seen = 0

    def run(self: Submitter, group: list[Operation]) -> None:
        nonlocal seen
        if seen == number:
            CARRY_OUT(self, group[: len(group) // 2 + 1])
            os.kill(os.getpid(), signal.SIGKILL)
        seen += 1
        CARRY_OUT(self, group)

    Submitter.run = run  # type: ignore[method-assign]
    node.apply(wish)
    os._exit(0)


def test_a_killed_apply_is_recovered(tmp_path: Path) -> None:
    with one_node(tmp_path) as (_, node, _outside):
        node.settle(BEFORE)
        make_foreign(node)
        before = steady(node.netns)
        groups = len(node.plan(AFTER).pure.batches())
        for number in range(groups):
            killed_at(node, AFTER, number)
            with pytest.raises(JournalError, match="netapply recover"):
                node.apply(AFTER)
            result = node.host.recover()
            assert result is not None and result.recovered and not result.void
            after = settled(node.netns, before)
            assert after == before, f"killed in group {number}:\n{difference(before, after)}"
        assert node.host.recover() is None, "nothing is left to recover"
        node.settle(AFTER)


def test_a_journal_of_a_former_namespace_is_void(tmp_path: Path) -> None:
    with Lab("former") as lab:
        node = Node(lab.host("pve1"), tmp_path)
        node.settle("{version: 1, links: {vmbr0: {kind: bridge}}}")
        killed_at(node, "{version: 1, links: {vmbr1: {kind: bridge}}}", 0)
    with Lab("former") as lab:
        node = Node(lab.host("pve1"), tmp_path)
        before = snapshot(node.netns)
        result = node.host.recover()
        assert result is not None and result.void and result.operations == 0
        assert snapshot(node.netns) == before
        node.settle("{version: 1, links: {vmbr1: {kind: bridge}}}")
