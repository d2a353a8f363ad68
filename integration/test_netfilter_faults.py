"""A fault at every operation of plans with NAT and filter rules: afterwards all is as it was before.

The witnesses are `nft list ruleset` and iptables-save of both families (see `snapshot`).
"""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from integration.applying import Node, one_node
from integration.netfilter_site import BACKENDS
from integration.snapshot import difference, settled, steady
from integration.test_faults import fail_everywhere, killed_at
from netapply.errors import JournalError
from netapply.render.state_yaml import render

BEFORE = """
version: 1
nat_backend: BACKEND
nat:
  - {masquerade: 10.9.0.0/24, out: eno1}
  - {dnat: 198.51.100.5, proto: tcp, port: 8000-8003, to: "10.9.0.5:9000-9003"}
filter:
  - {accept: forward, state: [established, related]}
  - {accept: input, proto: tcp, port: 22}
  - {isolate: 10.9.0.0/24}
  - {drop: forward, in: eno1, proto: udp, family: inet6}
  - {policy: {forward: drop}}
"""
AFTER = """
version: 1
nat_backend: BACKEND
nat:
  - {dnat: 198.51.100.5, proto: tcp, port: 8000-8003, to: "10.9.0.5:9000-9003"}
  - {masquerade: 10.8.0.0/24, out: eno1}
  - {ct_zone: 1, in: fwbr+, family: both}
filter:
  - {accept: forward, state: [established, related]}
  - {drop: forward, in: eno1, proto: udp, family: inet6}
  - {reject: output, proto: tcp, port: 25, with: tcp-reset, family: inet}
  - {isolate: vmbr9, out: eno1}
  - {policy: {forward: reject}}
"""
FOREIGN = (
    "iptables -t nat -A POSTROUTING -s 172.17.0.0/16 -j MASQUERADE", "iptables -N DOCKER-USER",
    "iptables -A FORWARD -j DOCKER-USER", "iptables -A DOCKER-USER -i docker0 -j ACCEPT", "iptables -P FORWARD DROP",
    "iptables -I FORWARD -i first0 -j ACCEPT", "ip6tables -A INPUT -i docker0 -j DROP",
    "nft add table inet firewall",
    "nft add chain inet firewall forward '{ type filter hook forward priority 0; policy drop; }'",
    "nft add rule inet firewall forward iifname docker0 accept comment '\"netapply: not mine\"'",
)  # fmt: skip
AMONG_OURS = {
    "iptables": (
        "iptables -I NETAPPLY-FORWARD 2 -i foreign0 -j ACCEPT",
        "iptables -A NETAPPLY-FORWARD -i foreign1 -j ACCEPT",
    ),
    "nftables": (
        "nft insert rule ip netapply forward iifname foreign0 accept",
        "nft add rule ip netapply forward iifname foreign1 counter",
        "nft add chain ip6 netapply foreign",
    ),
}  # fmt: skip
"""Rules of somebody else in netapply's own chains, which is his right."""


def run_all(node: Node, commands: tuple[str, ...]) -> None:
    for command in commands:
        node.machine.run(shlex.split(command))


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_operation_can_fail(backend: str, tmp_path: Path) -> None:
    before, after = (text.replace("BACKEND", backend) for text in (BEFORE, AFTER))
    with one_node(tmp_path) as (_, node, _outside):
        run_all(node, FOREIGN)
        assert fail_everywhere(node, before) >= 8
        node.settle(before)
        run_all(node, AMONG_OURS[backend])
        assert not node.plan(before), "somebody else's rules are no drift"
        assert fail_everywhere(node, after) >= 12
        node.settle(after)
        assert fail_everywhere(node, "version: 1") >= 8


@pytest.mark.parametrize("backend", BACKENDS)
def test_nothing_is_left_and_nothing_foreign_is_touched(backend: str, tmp_path: Path) -> None:
    with one_node(tmp_path) as (_, node, _outside):
        run_all(node, FOREIGN)
        state = steady(node.netns)
        node.settle(BEFORE.replace("BACKEND", backend))
        node.settle(AFTER.replace("BACKEND", backend))
        node.host.rollback().apply()
        assert not node.plan(BEFORE.replace("BACKEND", backend))
        node.settle("version: 1")
        after = settled(node.netns, state)
        assert after == state, difference(state, after)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_move_to_the_other_backend_can_fail_everywhere(backend: str, tmp_path: Path) -> None:
    other = next(name for name in BACKENDS if name != backend)
    there, here = (BEFORE.replace("BACKEND", name) for name in (other, backend))
    with one_node(tmp_path) as (_, node, _outside):
        run_all(node, FOREIGN)
        node.settle(here)
        run_all(node, AMONG_OURS[backend])
        groups = node.plan(there).pure.batches()
        assert [{str(operation.verb) for operation in group} for group in groups] == [{"create"}, {"delete"}]
        assert fail_everywhere(node, there) >= 20
        node.settle(there)
        node.host.rollback().apply()
        assert not node.plan(here)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_killed_move_is_recovered(backend: str, tmp_path: Path) -> None:
    other = next(name for name in BACKENDS if name != backend)
    there, here = (BEFORE.replace("BACKEND", name) for name in (other, backend))
    with one_node(tmp_path) as (_, node, _outside):
        run_all(node, FOREIGN)
        node.settle(here)
        state = steady(node.netns)
        for number in range(len(node.plan(there).pure.batches())):
            killed_at(node, there, number)
            with pytest.raises(JournalError, match="netapply recover"):
                node.apply(there)
            assert node.host.recover() is not None
            after = settled(node.netns, state)
            assert after == state, difference(state, after)


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_shown_changes_nothing(backend: str, tmp_path: Path) -> None:
    with one_node(tmp_path) as (_, node, _outside):
        run_all(node, FOREIGN)
        for text in (BEFORE, AFTER):
            node.settle(text.replace("BACKEND", backend))
            shown = render(node.host.show())
            assert ("nat_backend: nftables" in shown) is (backend == "nftables")
            plan = node.plan(shown)
            assert not [change for change in plan.changes if change.key[0] in ("nat", "filter")], str(plan)
