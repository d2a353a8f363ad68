"""Open vSwitch under plan, transaction and undo, on real daemons: foreign ports stay, faults leave no trace.

The datapath is in user space, so these run on a kernel without the module; test_ovs_plan has the kernel's.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from integration.applying import CARRY_OUT, Node, failing_at, one_node
from integration.open_vswitch import MOVING, OpenVSwitch, running
from integration.snapshot import difference, settled, snapshot, steady
from netapply.errors import (
    ForeignError,
    IncompleteError,
    InputError,
    JournalError,
    MissingError,
    RefusedError,
    RolledBackError,
)
from netapply.kernel.submit import Submitter
from netapply.lab import Lab
from netapply.plan import Operation

Json = Any
BEFORE = """
version: 1
links:
  eno1: {}
  vmbr0:
    kind: ovs-bridge
    datapath_type: netdev
    ports: [eno1, bond0]
    mac: 02:00:5e:10:00:01
    other_config: {disable-in-band: true}
    addresses: [192.168.10.2/24]
  bond0: {kind: ovs-bond, ports: [b1, b2], mode: active-backup, ovs_port: {trunks: 2-10}}
  a1: {kind: veth, peer: b1}
  b1: {kind: veth, peer: a1}
  a2: {kind: veth, peer: b2}
  b2: {kind: veth, peer: a2}
  mgmt: {kind: ovs-internal, master: vmbr0, mtu: 1400, ovs_port: {tag: 5}, addresses: [10.5.0.1/24]}
"""
AFTER = """
version: 1
links:
  eno1: {addresses: [192.168.11.2/24]}
  vmbr0:
    kind: ovs-bridge
    datapath_type: netdev
    ports: [b1]
    fail_mode: secure
    rstp: true
    controller: ['tcp:127.0.0.1:6653']
    mac: 02:00:5e:10:00:02
    addresses: [192.168.10.3/24]
  a1: {kind: veth, peer: b1}
  b1: {kind: veth, peer: a1, ovs_port: {vlan_mode: native-untagged, tag: 9, trunks: 2-10}}
  a2: {kind: veth, peer: b2}
  b2: {kind: veth, peer: a2}
  vmbr1: {kind: ovs-bridge, datapath_type: netdev, ports: [b2, to0], mac: 02:00:5e:10:00:03}
  to0: {kind: ovs-patch, patch_peer: to1, ovs_port: {tag: 7}}
  to1: {kind: ovs-patch, patch_peer: to0, master: vmbr0}
  gn0: {kind: ovs-tunnel, type: geneve, remote: 192.168.10.9, key: 77, master: vmbr1}
  mgmt: {kind: ovs-internal, master: vmbr1, mac: 02:00:5e:10:00:04, ovs_port: {tag: 6}, addresses: [10.6.0.1/24]}
routes:
  - {to: 10.66.0.0/16, via: 10.6.0.2}
"""


class Site:
    """A node with Open vSwitch."""

    def __init__(self, node: Node, ovs: OpenVSwitch) -> None:
        self.node, self.ovs = node, ovs

    def make_foreign(self) -> None:
        """What others have there: a guest's tap on a bridge of netapply's, a bridge and a port of their own."""
        run = self.node.machine.run
        run("ip link add tap900i0 type veth peer name tapguest".split())
        run("ip link set tap900i0 up".split())
        bridge = ("--may-exist", "add-br", "theirs", "--", "set", "bridge", "theirs", "datapath_type=netdev")
        self.ovs.vsctl(*bridge, "other_config:hwaddr=02:00:5e:10:00:99", "external_ids:whose=theirs")
        if "vmbr0" in self.ovs.vsctl("list-br").split():
            port = ("add-port", "vmbr0", "tap900i0", "tag=9", "--", "set", "interface", "tap900i0")
            self.ovs.vsctl(*port, "external_ids:iface-id=guest-900", "--", "set", "port", "tap900i0", "trunks=1,2")

    def seen(self) -> tuple[Json, Json]:
        return steady(self.node.netns), self.ovs.dump()

    def require(self, before: tuple[Json, Json], what: object) -> None:
        """Nothing has changed, neither in the kernel nor in the database."""
        after = settled(self.node.netns, before[0])
        assert after == before[0], f"{what}\n{difference(before[0], after)}"
        assert self.ovs.dump() == before[1], what

    def fail_everywhere(self, wish: str) -> int:
        before = self.seen()
        count = len(self.node.plan(wish).operations)
        for number in range(count):
            plan = self.node.plan(wish)
            assert len(plan.operations) == count, f"the undo of operation {number - 1} left something behind"
            with failing_at(number) as fault, pytest.raises(RolledBackError):
                plan.apply()
            assert fault.fired
            self.require(before, f"at {number}: {plan.operations[number].verb} {plan.operations[number].key}")
        return count


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with one_node(tmp_path) as (_, node, _outside), running(node.netns, tmp_path / "ovs") as ovs:
        yield Site(node, ovs)


def test_every_operation_of_a_first_apply_can_fail(site: Site) -> None:
    site.make_foreign()
    assert site.fail_everywhere(BEFORE) >= 10


def test_every_operation_of_a_rebuild_can_fail(site: Site) -> None:
    site.node.settle(BEFORE)
    site.make_foreign()
    assert site.fail_everywhere(AFTER) >= 15
    site.node.settle(AFTER)


def test_every_operation_of_a_removal_can_fail(site: Site) -> None:
    site.node.settle(BEFORE)
    site.make_foreign()
    assert site.fail_everywhere("version: 1") >= 5
    site.node.settle("version: 1")
    assert site.ovs.vsctl("list-br").split() == ["theirs"], "another's bridge stays"


def test_rollback_returns_from_a_rebuild(site: Site) -> None:
    site.node.settle(BEFORE)
    site.make_foreign()
    before = site.seen()
    site.node.settle(AFTER)
    site.node.host.rollback().apply()
    site.require(before, "rolled back")
    assert not site.node.plan(BEFORE), "ownership is back as well"


def killed_after(node: Node, wish: str, number: int) -> None:
    """Apply in a child that SIGKILLs itself when group `number` (from 0) has been carried out."""
    child = os.fork()
    if child == 0:
        seen = 0

        def run(self: Submitter, group: list[Operation]) -> None:
            nonlocal seen
            CARRY_OUT(self, group)
            if seen == number:
                os.kill(os.getpid(), signal.SIGKILL)
            seen += 1

        Submitter.run = run  # type: ignore[method-assign]
        node.apply(wish)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def test_a_killed_apply_is_recovered(site: Site) -> None:
    site.node.settle(BEFORE)
    site.make_foreign()
    before = site.seen()
    for number in range(len(site.node.plan(AFTER).pure.batches()) - 1):  # after the last, nothing is left to do
        killed_after(site.node, AFTER, number)
        with pytest.raises(JournalError, match="netapply recover"):
            site.node.apply(AFTER)
        result = site.node.host.recover()
        assert result is not None and result.recovered
        site.require(before, f"killed after group {number}")


def test_a_guests_port_stays_with_all_that_it_has(site: Site) -> None:
    site.node.settle(BEFORE)
    site.make_foreign()
    guest, port = site.ovs.row("Interface", "tap900i0"), site.ovs.row("Port", "tap900i0")
    site.node.settle(BEFORE.replace("disable-in-band: true", "disable-in-band: false"))
    site.node.settle(AFTER)
    assert site.ovs.vsctl("port-to-br", "tap900i0").strip() == "vmbr0"
    assert site.ovs.row("Interface", "tap900i0")["_uuid"] == guest["_uuid"], "not even taken out and put back"
    assert settled_row(site.ovs.row("Port", "tap900i0")) == settled_row(port)


def settled_row(row: dict[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in row.items() if name == "_uuid" or name not in MOVING}


LINUX = "{version: 1, links: {eno1: {}, vmbr0: {kind: bridge, ports: [eno1]}}}"
SWITCH = "{version: 1, links: {eno1: {}, vmbr0: {kind: ovs-bridge, datapath_type: netdev, ports: [eno1]}}}"


def test_a_bridge_becomes_one_of_open_vswitch_and_back(site: Site) -> None:
    """Its foreign port goes with it, both ways; afterwards nothing is left in the database."""
    site.node.settle(LINUX)
    site.node.machine.run("ip link add tap900i0 type veth peer name tapguest".split())
    site.node.machine.run("ip link set tap900i0 up master vmbr0".split())
    site.node.settle(SWITCH)
    assert sorted(site.ovs.vsctl("list-ports", "vmbr0").split()) == ["eno1", "tap900i0"]
    site.node.settle(LINUX)
    assert site.ovs.dump() == {"Bridge": [], "Port": [], "Interface": [], "Controller": []}
    shown = site.node.machine.run("ip -o link show master vmbr0".split()).stdout
    assert "eno1" in shown and "tap900i0" in shown


def test_a_port_moves_between_both_sorts_of_bridges(site: Site) -> None:
    switch = "kind: ovs-bridge, datapath_type: netdev"
    both = (
        f"{{{{version: 1, links: {{{{eno1: {{{{}}}}, br0: {{{{kind: bridge, ports: [{{0}}]}}}}, vmbr0: {{{{{switch}, "
    )
    both += "ports: [{1}]}}}}}}"
    site.node.settle(both.format("eno1", ""))
    site.node.settle(both.format("", "eno1"))
    assert site.ovs.vsctl("list-ports", "vmbr0").split() == ["eno1"]
    site.node.settle(both.format("eno1", ""))
    assert site.ovs.vsctl("list-ports", "vmbr0").split() == []


def test_its_own_are_known_after_the_record_is_lost(site: Site) -> None:
    """A reboot voids the record and not the database: the mark in external_ids tells."""
    site.node.settle(BEFORE)
    site.make_foreign()
    shutil.rmtree(site.node.directory)
    site.node.apply("version: 1")
    assert site.ovs.vsctl("list-br").split() == ["theirs"]


def test_what_is_shown_changes_nothing(site: Site) -> None:
    site.node.settle(AFTER)
    site.make_foreign()
    text = yaml.safe_dump(site.node.host.show())
    assert not site.node.plan(text), str(site.node.plan(text))
    assert "kind: ovs-tunnel" in text and "trunks:" in text


def test_a_bridge_with_what_is_not_read_is_not_deleted(site: Site) -> None:
    site.node.settle(SWITCH)
    mirror = ("--id=@m", "create", "mirror", "name=watch", "--", "set", "bridge", "vmbr0", "mirrors=@m")
    site.ovs.vsctl("--", *mirror)
    with pytest.raises(ForeignError, match="cannot delete ovs-bridge vmbr0: it has mirrors"):
        site.node.plan("version: 1")


def test_another_ones_internal_port_is_not_lost_with_the_bridge(site: Site) -> None:
    site.node.settle(SWITCH)
    site.ovs.vsctl("add-port", "vmbr0", "theirs0", "--", "set", "interface", "theirs0", "type=internal")
    with pytest.raises(ForeignError, match="theirs0, which netapply did not make"):
        site.node.plan("version: 1")


def test_a_port_that_another_has_taken_meanwhile_is_left_to_it(site: Site) -> None:
    before = site.seen()
    plan = site.node.plan(BEFORE)
    site.ovs.vsctl("add-br", "other", "--", "set", "bridge", "other", "datapath_type=netdev")
    site.ovs.vsctl("add-port", "other", "eno1")
    with pytest.raises(RefusedError, match="the network has changed since this plan was made"):
        plan.apply()
    site.ovs.vsctl("del-br", "other")
    site.require(before, "refused")


def test_what_is_no_port_has_no_settings(site: Site) -> None:
    """The file does not say what br0 is, so only the host can tell."""
    site.node.settle("{version: 1, links: {br0: {kind: bridge}}}")
    with pytest.raises(RefusedError, match="a port of br0, which is no bridge of Open vSwitch"):
        site.node.plan("{version: 1, links: {br0: {}, eno1: {master: br0, ovs_port: {tag: 5}}}}")


def test_what_the_switch_says_of_a_device_is_a_refusal(site: Site) -> None:
    """It takes any name, and says only in the interface's row that it cannot use the device."""
    before = site.seen()
    with pytest.raises(RolledBackError, match=r"cannot create ovs-tunnel tun7.*Open vSwitch says: .*; <string>:3:"):
        site.node.apply(
            "version: 1\nlinks:\n  tun7: {kind: ovs-tunnel, type: gre, remote: 192.0.2.1, options: {packet_type: odd}, "
            "master: vmbr0}\n  vmbr0: {kind: ovs-bridge, datapath_type: netdev}"
        )
    site.require(before, "refused")


def test_without_open_vswitch_it_says_what_to_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVS_RUNDIR", str(tmp_path / "nothing"))
    with one_node(tmp_path) as (_, node, _outside):
        before = snapshot(node.netns)
        with pytest.raises(MissingError, match=r"does not answer on .*nothing/db.sock.*start openvswitch-switch"):
            node.plan(SWITCH)
        assert snapshot(node.netns) == before
        node.settle(LINUX)


def test_without_its_switch_it_says_what_to_start(site: Site) -> None:
    site.ovs.stop("ovs-vswitchd")
    with pytest.raises(MissingError, match="ovs-vswitchd does not run"):
        site.node.plan(SWITCH)


def test_a_switch_that_dies_on_the_way_is_noticed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database takes everything, and nobody carries it out: the wait ends, and all is taken back."""
    monkeypatch.setattr("netapply.kernel.ovs.service.LONGEST_WAIT", 0.3)
    before = site.seen()
    plan = site.node.plan(SWITCH)
    site.ovs.stop("ovs-vswitchd")
    with pytest.raises(RolledBackError, match="ovs-vswitchd has not done it"):
        plan.apply()
    site.require(before, "the switch was dead")


def test_a_database_that_dies_on_the_way_is_not_taken_for_undone(site: Site) -> None:
    """Its file keeps what was written: without its answer nobody may say that all is as before."""
    before = site.seen()
    plan = site.node.plan(SWITCH)
    with pytest.raises(IncompleteError, match="does not answer on"):
        plan.apply(lambda progress: site.ovs.stop("ovsdb-server") if progress.number == 1 else None)
    site.ovs.stop()
    site.ovs.start()
    result = site.node.host.recover()
    assert result is not None and result.recovered
    site.require(before, "recovered")


def test_the_database_of_another_namespace_is_not_asked(site: Site, tmp_path: Path) -> None:
    """Names mean other devices there."""
    site.node.settle(SWITCH)
    with Lab("elsewhere") as lab:
        node = Node(lab.host("pve2"), tmp_path / "elsewhere")
        node.machine.run("ip link add eno1 type veth peer name eno2".split())
        assert "vmbr0" not in str(node.host.show())
        with pytest.raises(MissingError, match="another network namespace"):
            node.plan(SWITCH)


def test_a_file_that_it_cannot_follow_changes_nothing(site: Site) -> None:
    before = site.seen()
    with pytest.raises(InputError, match=r"<string>:1:\d+: cannot make ovs-bond bond0: it has only eno1"):
        site.node.plan(
            "{version: 1, links: {vmbr0: {kind: ovs-bridge}, bond0: {kind: ovs-bond, master: vmbr0, ports: [eno1]}}}"
        )
    site.require(before, "refused")
