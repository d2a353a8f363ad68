"""Devices chosen by what they are, and called as the file says: on a kernel that renames what is up, and on one
that does not (Linux 6.1, in the full kernel)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integration.applying import CARRY_OUT, Node, failing_at, one_node
from integration.fullkernel.features import TEST_NICS
from integration.snapshot import difference, settled, steady
from netapply.errors import ForeignError, InputError, MissingError, NetapplyError, RefusedError, RolledBackError
from netapply.kernel.link_names import renames_live
from netapply.kernel.submit import Submitter
from netapply.lab import Lab
from netapply.model.attribute import Disruption
from netapply.plan import Operation
from netapply.plan.plan import Phase

Json = Any
KERNELS = [
    pytest.param("here", id="this-kernel"),
    pytest.param("6.1", id="linux-6.1", marks=pytest.mark.kernel("test_nics")),
]
both_kernels = pytest.mark.parametrize("kernel", KERNELS)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    """eno1 and eno2, up, with addresses, a static route and an IPv6 address on the first."""
    with one_node(tmp_path) as (_, node, _outside):
        for line in (
            "address add 10.1.0.1/24 dev eno1", "address add 10.1.0.9/24 dev eno1 label eno1:9",
            "address add fd00:1::1/64 dev eno1", "route add 10.9.0.0/16 via 10.1.0.2",
            "-6 route add fd00:9::/64 via fd00:1::2", "rule add priority 77 iif eno2 lookup 77",
            "link property add dev eno2 altname enp9s0",
        ):  # fmt: skip
            node.machine.run(["ip", *line.split()])
        yield node


def offloads(node: Node, link: str) -> str:
    command = ["ip", "netns", "exec", node.netns, "ethtool", "-k", link]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def links(**wished: Json) -> str:
    return json.dumps({"version": 1, "links": wished})


def by_mac(node: Node, name: str, **more: Json) -> Json:
    return {"match": {"mac": node.machine.mac(name)}, **more}


def named(node: Node) -> dict[str, str]:
    """MAC addresses by name, as iproute2 says it."""
    command = ["ip", "-n", node.netns, "-j", "link"]
    shown = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {link["ifname"]: link["address"] for link in shown}


def wishes(node: Node) -> dict[str, str]:
    """A rename with settings, a swap, a chain, and a name that is an altname."""
    one, two = by_mac(node, "eno1"), by_mac(node, "eno2")
    settings = {
        "mtu": 1400,
        "sysctl": {"ipv4.proxy_arp": 1},
        "addresses": ["10.1.0.1/24", "10.5.0.1/24", "fd00:1::1/64"],
    }
    return {
        "settings": links(lan0={**one, **settings}),
        "swap": links(eno1=two, eno2=one),
        "chain": links(eno2=one, wan0=two),
        "altname": links(enp9s0={"match": {"altname": "enp9s0"}}),
        "bridge": links(lan0=one, vmbr0={"kind": "bridge", "ports": ["lan0"], "addresses": ["10.7.0.1/24"]}),
        "former": links(lan0={**one, "altnames": ["eno1"]}),
    }


CASES = ("settings", "swap", "chain", "altname", "bridge", "former")


@both_kernels
@pytest.mark.parametrize("case", CASES)
def test_a_device_is_renamed_found_again_and_called_as_before(node: Node, case: str, kernel: str) -> None:
    before, macs = steady(node.netns), named(node)
    text = wishes(node)[case]
    plan = node.plan(text)
    renames = [operation for operation in plan.operations if operation.phase is Phase.RENAME]
    downs = [operation for operation in plan.operations if operation.attributes == {"up": False}]
    assert len(downs) == (0 if renames_live() else len({operation.key for operation in renames}))
    gap = Disruption.LIVE if renames_live() else Disruption.FLAP
    assert case in ("bridge", "settings") or plan.pure.disruption is gap
    node.settle(text)
    now = named(node)
    wished = {operation.key[1]: macs[operation.attributes["former"]] for operation in renames if case != "swap"}
    assert renames and wished.items() <= now.items()
    assert case != "swap" or (now["eno1"], now["eno2"]) == (macs["eno2"], macs["eno1"])
    node.host.rollback().apply()
    after = settled(node.netns, before)
    assert after == before, difference(before, after)


@both_kernels
@pytest.mark.parametrize("case", CASES)
def test_every_fault_is_undone(node: Node, case: str, kernel: str) -> None:
    before, text = steady(node.netns), wishes(node)[case]
    for number in range(len(node.plan(text).operations)):
        with failing_at(number) as fault, pytest.raises(RolledBackError):
            node.apply(text)
        assert fault.fired
        after = settled(node.netns, before)
        assert after == before, f"at {number}: {difference(before, after)}"


@pytest.mark.parametrize("groups", [1, 2, 3])
def test_a_killed_swap_is_recovered(node: Node, groups: int) -> None:
    """The process dies while one device has the name in between."""
    before, text = steady(node.netns), wishes(node)["swap"]
    child = os.fork()
    if child == 0:
        die_after(node, text, groups)
    os.waitpid(child, 0)
    assert node.host.recover() is not None
    after = settled(node.netns, before)
    assert after == before, difference(before, after)


def die_after(node: Node, text: str, groups: int) -> None:
    """In a child: carry out so many groups of operations, and no more."""
    done = 0

    def run(self: Submitter, group: list[Operation]) -> None:
        nonlocal done
        CARRY_OUT(self, group)
        done += 1
        if done == groups:
            os.kill(os.getpid(), signal.SIGKILL)

    Submitter.run = run  # type: ignore[method-assign]
    try:
        node.apply(text)
    finally:
        os._exit(1)


def test_what_leaves_the_file_gets_its_name_back(node: Node) -> None:
    before, macs = steady(node.netns), named(node)
    node.settle(links(lan0=by_mac(node, "eno1", mtu=1400, sysctl={"ipv4.proxy_arp": 1})))
    node.settle(links(lan1={"match": {"mac": macs["eno1"]}}))
    assert named(node)["lan1"] == macs["eno1"]
    node.settle(links())
    assert named(node)["eno1"] == macs["eno1"]
    after = settled(node.netns, before)
    assert after == before, difference(before, after)


def test_a_swap_by_original_names_is_made_once(node: Node) -> None:
    macs = named(node)
    text = links(eno1={"match": {"original_name": "eno2"}}, eno2={"match": {"original_name": "eno1"}})
    node.settle(text)
    assert named(node)["eno1"] == macs["eno2"]
    assert not node.plan(text)
    node.settle(links())
    assert named(node) == macs


def test_parameters_and_settings_of_a_renamed_device_go_back(node: Node) -> None:
    """What a file set under one name is found under the next, and given back under the first."""
    text = links(lan0=by_mac(node, "eno1", sysctl={"ipv4.rp_filter": 2}, ethtool={"features": {"tso": False}}))
    node.settle(text)
    assert "tx-tcp-segmentation: off" in offloads(node, "lan0")
    mac = named(node)["lan0"]
    node.settle(links(lan7={"match": {"mac": mac}, "ethtool": {"features": {"tso": False}}}))
    assert "tx-tcp-segmentation: off" in offloads(node, "lan7")
    node.settle(links())
    assert "tx-tcp-segmentation: on" in offloads(node, "eno1")


def refused(node: Node) -> tuple[tuple[dict[str, Json], type[NetapplyError], str], ...]:
    one, mac = by_mac(node, "eno1"), node.machine.mac("eno1")
    return (
        ({"x": {"match": {"mac": "02:00:00:00:00:99"}}}, MissingError, rf"eno1 \({mac}, driver veth\); eno2 \("),
        ({"x": {"match": {"driver": "veth"}}}, RefusedError, r"cannot tell which device x is: 2 have driver veth"),
        ({"eno2": one}, ForeignError, r"cannot name eno1 eno2: veth has that name"),
        ({"enp9s0": one}, ForeignError, r"cannot name eno1 enp9s0: it is an altname of eno2"),
        ({"x": one, "y": {"match": {"original_name": "eno1"}}}, RefusedError, r"it is to be x already"),
        ({"x": one, "eno1": {"kind": "bridge"}}, RefusedError, r"cannot use eno1 for another link"),
        ({"x": {"match": {}}}, InputError, r"it says nothing; give one of mac, permanent_mac"),
        ({"x": {"match": {"driver": "ve*"}}}, InputError, r"no driver's name"),
        ({"x": {"match": {"altname": "enp*"}}}, InputError, r"is a pattern; give the whole name"),
        ({"x": {"match": {"pci": "3b"}}}, InputError, r"write it like 0000:3b:00.0"),
        ({"x": {**one, "mac": "02:00:00:00:00:09"}}, InputError, r"match its permanent_mac"),
        ({"x": {"match": {"makc": mac}}}, InputError, r"did you mean mac"),
    )


def test_what_cannot_be_named_is_refused(node: Node) -> None:
    before = steady(node.netns)
    for wished, error, words in refused(node):
        with pytest.raises(error, match=words):
            node.plan(links(**wished))
    assert steady(node.netns) == before


@pytest.mark.kernel("test_nics", "bonding")
def test_hardware_is_chosen_by_place_driver_and_permanent_address(tmp_path: Path) -> None:
    """A bond gives its ports one address (trap 7), so only the permanent one still tells them apart."""
    (_, _, first), (_, _, second), (_, _, third) = TEST_NICS
    with Lab() as lab:
        machine = lab.host("metal")
        node = Node(machine, tmp_path)
        for path in Path("/sys/class/net").glob("*/address"):
            if path.read_text().strip() in (first, second, third):
                subprocess.run(["ip", "link", "set", path.parent.name, "netns", machine.netns], check=True)
        names = named(node)
        wished: Json = {
            "lan0": {"match": {"pci": "00:10.0"}},
            "lan1": {"match": {"permanent_mac": second}},
            "wan0": {"match": {"driver": "vmxnet3"}},
            "bond0": {"kind": "bond", "mode": "active-backup", "ports": ["lan0", "lan1"]},
        }
        with pytest.raises(RefusedError, match=r"2 have driver virtio_net: .*pci 0000:00:10.0.*pci 0000:00:11.0"):
            node.plan(links(nic={"match": {"driver": "virtio_net"}}))
        node.settle(links(**wished))
        now = named(node)
        assert now["wan0"] == third
        assert now["lan0"] == now["lan1"] == now["bond0"], "one address for all"
        with pytest.raises(NetapplyError, match="mac"):
            node.plan(links(nic={"match": {"mac": now["bond0"]}}))
        node.settle(links())
        assert named(node) == names
