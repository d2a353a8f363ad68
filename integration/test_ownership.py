"""What netapply made goes when the file no longer names it; everything else on the host stays."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from integration.applying import Node, one_node
from integration.snapshot import difference, settled, snapshot, steady
from integration.test_faults import FOREIGN, make_foreign
from netapply.errors import (
    ForeignError,
    InputError,
    LockedError,
    MissingError,
    PrivilegeError,
    RefusedError,
    RolledBackError,
)
from netapply.execute.lock import locked
from netapply.kernel.netlink import Netlink, Refusal
from netapply.render.state_yaml import render

BRIDGE = "{version: 1, links: {vmbr0: {kind: bridge, ports: [eno1], addresses: [10.0.0.1/24]}}}"
NOTHING = "version: 1"


def links(node: Node) -> dict[str, dict[str, Any]]:
    found = json.loads(node.machine.run(["ip", "-j", "-d", "link"]).stdout)
    return {link["ifname"]: link for link in found}


def test_what_is_removed_from_the_file_is_removed_from_the_kernel(tmp_path: Path) -> None:
    with one_node(tmp_path) as (_, node, _outside):
        before = steady(node.netns)
        node.settle(BRIDGE)
        assert links(node)["eno1"]["master"] == "vmbr0"
        node.settle(NOTHING)
        after = settled(node.netns, before)
        assert after == before, difference(before, after)


def test_foreign_things_stay(tmp_path: Path) -> None:
    with one_node(tmp_path) as (_, node, _outside):
        make_foreign(node)
        before = steady(node.netns)
        node.settle(BRIDGE)
        node.machine.attach("tap900i0", "vmbr0")
        assert not node.plan(BRIDGE), "a guest's tap on the bridge is no drift"
        node.settle(BRIDGE.replace("10.0.0.1", "10.0.0.2"))
        assert links(node)["tap900i0"]["master"] == "vmbr0"
        node.settle(NOTHING)
        after = settled(node.netns, before)
        assert after == before, difference(before, after)
        assert len(FOREIGN) > 5


def test_a_device_that_was_there_is_not_deleted(tmp_path: Path) -> None:
    with one_node(tmp_path) as (_, node, _outside):
        node.machine.run("ip link add vmbr0 type bridge ageing_time 12300".split())
        node.settle("{version: 1, links: {vmbr0: {kind: bridge, ageing_time: 50s}}}")
        node.settle(NOTHING)
        info = links(node)["vmbr0"]["linkinfo"]["info_data"]
        assert info["ageing_time"] == 30000, "an attribute no longer named goes to the kernel's default"


def test_attributes_of_a_nic_return_to_what_they_were(tmp_path: Path) -> None:
    with one_node(tmp_path) as (_, node, _outside):
        node.machine.run("ip link set eno1 mtu 1600 alias found".split())
        node.settle("{version: 1, links: {eno1: {mtu: 1400, alias: ours}}}")
        node.settle("{version: 1, links: {eno1: {mtu: 1450}}}")
        assert "ifalias" not in links(node)["eno1"]
        node.settle(NOTHING)
        assert links(node)["eno1"]["mtu"] == 1600


def test_listed_addresses_are_the_only_static_ones(tmp_path: Path) -> None:
    with one_node(tmp_path) as (_, node, _outside):
        node.machine.add_address("192.0.2.9/24", "eno1")
        node.machine.run("ip address add 192.0.2.77/24 dev eno1 valid_lft 1000 preferred_lft 900".split())
        node.settle("{version: 1, links: {eno1: {addresses: [192.0.2.1/24]}}}")
        shown = node.machine.run(["ip", "-4", "-o", "address", "show", "eno1"]).stdout
        assert "192.0.2.1/24" in shown and "192.0.2.9/24" not in shown
        assert "192.0.2.77/24" in shown, "a lease is its client's"
        assert "fe80::" in node.machine.run(["ip", "-6", "address", "show", "eno1"]).stdout


def test_unnamed_addresses_are_not_looked_at(tmp_path: Path) -> None:
    with one_node(tmp_path) as (_, node, _outside):
        node.machine.add_address("192.0.2.9/24", "eno1")
        assert not node.plan("{version: 1, links: {eno1: {}}}")


def test_the_hosts_address_moves_from_the_nic_to_the_bridge(tmp_path: Path) -> None:
    with one_node(tmp_path) as (_, node, _outside):
        node.machine.add_address("192.168.10.2/24", "eno1")
        node.machine.add_route("default", via="192.168.10.1")
        node.settle(
            "{version: 1, links: {vmbr0: {kind: bridge, ports: [eno1], addresses: [192.168.10.2/24]}},"
            " routes: [{to: default, via: 192.168.10.1}]}"
        )
        assert node.machine.run(["ip", "-4", "address", "show", "eno1"]).stdout.count("inet ") == 0
        assert "dev vmbr0" in node.machine.run(["ip", "route", "show", "default"]).stdout


def test_a_name_taken_by_something_else_is_refused(tmp_path: Path) -> None:
    with one_node(tmp_path) as (_, node, _outside):
        before = snapshot(node.netns)
        with pytest.raises(ForeignError, match=r"cannot make bridge eno1: a veth link.*<string>:1:22"):
            node.plan("{version: 1, links: {eno1: {kind: bridge}}}")
        with pytest.raises(MissingError, match=r"cannot use link eno9: there is no such device.*nearest name is eno"):
            node.plan("{version: 1, links: {eno9: {}}}")
        assert snapshot(node.netns) == before


def test_a_route_of_a_daemon_is_refused(tmp_path: Path) -> None:
    with one_node(tmp_path) as (_, node, _outside):
        node.machine.add_address("192.0.2.2/24", "eno1")
        node.machine.run("ip route add default via 192.0.2.1 proto dhcp".split())
        wish = "{version: 1, links: {eno1: {}}, routes: [{to: default, via: 192.0.2.254}]}"
        with pytest.raises(ForeignError, match="protocol dhcp has one"):
            node.plan(wish)


def test_bad_input_changes_nothing(tmp_path: Path) -> None:
    with one_node(tmp_path) as (_, node, _outside):
        before = snapshot(node.netns)
        with pytest.raises(InputError, match=r"<string>:2:19: cannot use .bridg. as kind.*did you mean bridge"):
            node.plan("version: 1\nlinks: {v: {kind: bridg}}")
        assert snapshot(node.netns) == before
        assert not (node.directory / "lib").exists(), "nothing is written either"


def test_a_missing_kind_is_named_before_anything_is_touched(tmp_path: Path) -> None:
    with one_node(tmp_path) as (_, node, _outside):
        before = snapshot(node.netns)
        with pytest.raises(MissingError, match="has no such parameter"):
            node.plan("{version: 1, sysctl: {net.ipv4.no_such_thing: 1}, links: {vmbr0: {kind: bridge}}}")
        assert snapshot(node.netns) == before


def test_a_second_netapply_is_told_who_is_at_work(tmp_path: Path) -> None:
    words = rf"another netapply is at work here \(process {os.getpid()}\)"
    with one_node(tmp_path) as (_, node, _outside), locked(node.host.run_dir, node.host.name):  # noqa: SIM117
        with pytest.raises(LockedError, match=words):
            node.apply(BRIDGE)


def test_a_plan_is_refused_when_the_host_has_moved(tmp_path: Path) -> None:
    with one_node(tmp_path) as (_, node, _outside):
        plan = node.plan(BRIDGE)
        node.machine.run("ip link set eno1 mtu 1300".split())
        node.machine.run("ip link add vmbr0 type bridge".split())
        with pytest.raises(RefusedError, match="the network has changed since this plan was made"):
            plan.apply()


def test_what_the_kernel_refuses_is_undone_and_explained(tmp_path: Path) -> None:
    with one_node(tmp_path) as (_, node, _outside):
        before = snapshot(node.netns)
        wish = (
            "version: 1\nlinks:\n  eno1: {addresses: [192.0.2.1/24]}\n  vmbr0: {kind: bridge}\n"
            "routes:\n  - {to: 10.0.0.0/8, via: 203.0.113.1}\n"
        )
        with pytest.raises(RolledBackError, match=r"cannot create route .*10.0.0.0/8.*invalid gateway.*<string>:6:5"):
            node.apply(wish)
        after = settled(node.netns, before)
        assert after == before, difference(before, after)


def test_without_privilege_nothing_is_tried(tmp_path: Path) -> None:
    code = "import os; from netapply.kernel.features import require_privilege; os.setuid(65534); require_privilege()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert PrivilegeError.__name__ in done.stderr and "CAP_NET_ADMIN is needed" in done.stderr


def test_a_plan_with_nothing_to_do_sends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with one_node(tmp_path) as (_, node, _outside):
        node.settle(BRIDGE)
        monkeypatch.setattr(Netlink, "transact", _refuse_to_send)
        assert node.apply(BRIDGE).operations == 0


def _refuse_to_send(netlink: Netlink, messages: Sequence[bytearray]) -> list[Refusal]:
    raise AssertionError(f"{netlink} was to send {len(messages)} messages")


def test_show_is_a_file_that_changes_nothing(tmp_path: Path) -> None:
    with one_node(tmp_path) as (_, node, _outside):
        node.settle(
            "{version: 1, links: {vmbr0: {kind: bridge, ports: [eno1], addresses: [10.0.0.1/24], altnames: [lan]},"
            " cable0: {kind: veth, peer: cable1, mtu: 1400}, vx0: {kind: vxlan, vni: 9, remote: 10.0.0.9}},"
            " routes: [{to: default, via: 10.0.0.254}, {to: 10.9.0.0/16, type: blackhole, table: 100}],"
            " rules: [{priority: 100, from: 10.9.0.0/24, table: 100}], sysctl: {net.ipv4.ip_forward: 1},"
            " nat: [{masquerade: 10.0.0.0/24, out: eno1}]}"
        )
        text = render(node.host.show())
        plan = node.plan(text)
        assert not plan, f"{text}\n{plan}"
        assert "vmbr0" in text and "masquerade: 10.0.0.0/24" in text
