"""The full kernel itself: marked tests run on a kernel with their features; a disk survives a crash."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from integration.fullkernel.features import FEATURES, has
from integration.fullkernel.full_kernel import FullKernel
from integration.fullkernel.guest_plugin import inside_guest, runs_on_host_kernel
from integration.fullkernel.plugin import full_kernel

NAMESPACE = f"fullkernel{os.getpid()}"


def ip(*arguments: str) -> str:
    """Run `ip` in the test's namespace."""
    command = ["ip", "-netns", NAMESPACE, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def link(name: str) -> Any:
    """A device as `ip -details -json` shows it."""
    (shown,) = json.loads(ip("-details", "-json", "link", "show", "dev", name))
    return shown


@pytest.fixture
def namespace() -> Iterator[None]:
    """A network namespace of this test."""
    subprocess.run(["ip", "netns", "add", NAMESPACE], check=True, timeout=60)
    yield
    subprocess.run(["ip", "netns", "delete", NAMESPACE], check=True, timeout=60)


@pytest.mark.kernel("bonding", "8021q", "vrf")
@pytest.mark.usefixtures("namespace")
def test_a_vlan_on_a_bond_in_a_vrf() -> None:
    ip("link", "add", "bond0", "type", "bond", "mode", "active-backup", "miimon", "100")
    ip("link", "add", "eth0", "type", "veth", "peer", "name", "far")
    ip("link", "set", "eth0", "master", "bond0")
    ip("link", "add", "link", "bond0", "name", "bond0.7", "type", "vlan", "id", "7")
    ip("link", "add", "red", "type", "vrf", "table", "1007")
    ip("link", "set", "bond0.7", "master", "red")

    bond, slave, vlan, vrf = link("bond0"), link("eth0"), link("bond0.7"), link("red")

    assert bond["linkinfo"]["info_data"]["mode"] == "active-backup"
    assert bond["linkinfo"]["info_data"]["miimon"] == 100
    assert slave["master"] == "bond0"
    assert (vlan["link"], vlan["linkinfo"]["info_data"]["id"]) == ("bond0", 7)
    assert (vlan["master"], vlan["linkinfo"]["info_slave_kind"]) == ("red", "vrf")
    assert vrf["linkinfo"]["info_data"]["table"] == 1007


@pytest.mark.kernel("vlan_filtering")
@pytest.mark.usefixtures("namespace")
def test_a_bridge_filters_vlans() -> None:
    ip("link", "add", "br0", "type", "bridge", "vlan_filtering", "1", "vlan_default_pvid", "9")

    bridge = link("br0")["linkinfo"]["info_data"]

    assert (bridge["vlan_filtering"], bridge["vlan_default_pvid"]) == (1, 9)


@pytest.mark.kernel("bonding", "8021q", "vrf")
def test_the_kernel_that_runs_this_has_what_it_asks_for() -> None:
    assert has("bonding")
    assert has("8021q")
    assert has("vrf")


@pytest.mark.kernel("bonding", "8021q", "vrf")
def test_a_test_is_sent_away_exactly_when_it_runs_on_another_kernel() -> None:
    assert inside_guest() is not runs_on_host_kernel()


@pytest.mark.parametrize("feature", [pytest.param(name, marks=pytest.mark.kernel(name)) for name in FEATURES])
def test_every_feature_is_here_or_in_the_full_kernel(feature: str) -> None:
    assert has(feature)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FullKernel]:
    """A full kernel of these tests' own, with a disk."""
    with full_kernel(print, disk=tmp_path_factory.mktemp("machine") / "disk") as running:
        yield running


@pytest.mark.starts_full_kernel
def test_a_fresh_namespace_is_empty_whatever_ran_before(machine: FullKernel) -> None:
    machine.run(["modprobe", "-a", "ip_gre", "sit", "ipip"], timeout=60)
    shown = machine.run(["unshare", "--net", "ip", "-json", "link"], timeout=60)

    assert [device["ifname"] for device in json.loads(shown.output)] == ["lo"]


@pytest.mark.starts_full_kernel
def test_what_was_flushed_survives_a_power_failure(machine: FullKernel) -> None:
    written = machine.run(["sh", "-c", "echo kept >/persistent/file && sync; touch /lost"], timeout=60)
    machine.kill()
    machine.start()
    machine.wait_until_up()
    found = machine.run(["sh", "-c", "cat /persistent/file; ls /lost"], timeout=60)

    assert (written.status, written.output) == (0, "")
    assert found.output == "kept\nls: cannot access '/lost': No such file or directory\n"
