"""Settings of drivers: set, read back by ethtool(8), given back exactly, and refused where the driver has less.

What a driver can do differs from driver to driver, so there are several: veth (features, channels) and tap
(coalescing, speed) on any kernel, virtio_net (rings, speed) and vmxnet3 (rings, wake-on-LAN) in the full one.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integration.applying import Node, failing_at, one_node
from integration.fullkernel.features import TEST_NICS
from netapply.errors import InputError, KernelError, NetapplyError, RefusedError, RolledBackError
from netapply.kernel import ethtool
from netapply.kernel.links import read_indexes
from netapply.lab import Lab
from netapply.model.attribute import Value
from netapply.model.family import HARDWARE, table_of_family
from netapply.plan import Operation
from netapply.plan.plan import Phase, Verb

Json = Any
NETS = Path("/sys/class/net")
VIRTIO, _, VMXNET3 = (f"pci{place.removeprefix('0x')}" for _, place, _ in TEST_NICS)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    with one_node(tmp_path) as (_, node, _outside):
        yield node


@pytest.fixture
def hardware(tmp_path: Path) -> Iterator[Node]:
    """A namespace with the guest's own network cards, which go back by themselves when it ends."""
    with Lab() as lab:
        machine = lab.host("metal")
        for _, place, mac in TEST_NICS:
            (name,) = (path.parent.name for path in NETS.glob("*/address") if path.read_text().strip() == mac)
            subprocess.run(["ip", "link", "set", name, "netns", machine.netns], check=True)
            machine.run(["ip", "link", "set", name, "name", f"pci{place.removeprefix('0x')}"])
        yield Node(machine, tmp_path)


def wish(link: str, **settings: Json) -> str:
    return json.dumps({"version": 1, "links": {link: {"ethtool": settings}}})


def ask(node: Node, option: str, link: str) -> str:
    """What ethtool(8) prints."""
    command = ["ip", "netns", "exec", node.netns, "ethtool", *option.split(), link]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=30).stdout


def features(node: Node, link: str) -> dict[str, bool]:
    shown = json.loads(ask(node, "--json -k", link))[0]
    return {name: state["active"] for name, state in shown.items() if isinstance(state, dict)}


def numbers(node: Node, option: str, link: str) -> dict[str, int]:
    """`RX:  256` below `Current hardware settings` and the like; where a line is there twice, the latter."""
    return {name: int(value) for name, value in re.findall(r"^([\w -]+):\s+(\d+)$", ask(node, option, link), re.M)}


SETTINGS = ("-k", "-g", "-l", "-c", "-a", "--show-eee")


def everything(node: Node, link: str, options: tuple[str, ...] = (*SETTINGS, "")) -> str:
    """All that can be set, as ethtool(8) says it; the last is speed, duplex and wake-on-LAN."""
    return "\n".join(ask(node, option, link) for option in options)


def test_features_by_any_name_are_set_and_go_back(node: Node) -> None:
    before = everything(node, "eno1")
    node.settle(wish("eno1", features={"tso": False, "rx-gro": True, "tx-gre-segmentation": False}))
    shown = features(node, "eno1")
    assert not any(on for name, on in shown.items() if re.fullmatch(r"tx-tcp.*-segmentation", name))
    assert shown["generic-receive-offload"] and not shown["tx-gre-segmentation"]
    assert shown["generic-segmentation-offload"], "nobody named it"
    node.settle(wish("eno1", features={"tx-tcp-segmentation": False}))
    shown = features(node, "eno1")
    assert shown["tx-tcp6-segmentation"] and not shown["tx-tcp-segmentation"]
    node.settle("{version: 1, links: {}}")
    assert everything(node, "eno1") == before


def test_what_is_found_half_and_half_goes_back_half_and_half(node: Node) -> None:
    node.machine.run(["ethtool", "-K", "eno1", "tx-tcp6-segmentation", "off"])
    before = everything(node, "eno1")
    node.settle(wish("eno1", features={"tso": False}))
    node.settle(wish("eno1", features={"gro": True}))
    node.settle("{version: 1, links: {}}")
    assert everything(node, "eno1") == before


def test_a_feature_that_waits_for_another_is_told_from_one_that_is_off(node: Node) -> None:
    """Without checksums there is no segmentation, but it is still asked for, and stays so after an undo."""
    node.machine.run(["ethtool", "-K", "eno1", "tx", "off"])
    before = everything(node, "eno1")
    assert "tx-tcp-segmentation: off [requested on]" in before
    node.settle(wish("eno1", features={"tx-tcp-segmentation": False}))
    assert "tx-tcp-segmentation: off\n" in everything(node, "eno1")
    node.host.rollback().apply()
    assert everything(node, "eno1") == before
    with pytest.raises(RolledBackError, match="tx-tcp-segmentation"):
        node.apply(wish("eno1", features={"tx-tcp-segmentation": True, "gro": True}))
    assert everything(node, "eno1") == before


CHANGES = {
    "veth": ("eno1", {"features": {"tso": False, "gro": True}, "channels": {"rx": 2, "tx": 2}}),
    "tun": (
        "tap0",
        {"coalesce": {"rx_frames": 9}, "link_modes": {"autoneg": False, "speed": 2500, "duplex": "half"}},
    ),
}


def prepare(node: Node, kind: str) -> tuple[str, str, str]:
    """The link, a wish for it, and everything before."""
    link, settings = CHANGES[kind]
    if kind == "tun":
        node.machine.run("ip tuntap add dev tap0 mode tap".split())
        node.machine.run("ip link set tap0 up".split())
    return link, wish(link, **settings), everything(node, link)


KINDS = [pytest.param(kind, marks=pytest.mark.kernel(kind), id=kind) for kind in CHANGES]


@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_is_undone(node: Node, kind: str) -> None:
    link, text, before = prepare(node, kind)
    count = len(node.plan(text).operations)
    assert count == len(CHANGES[kind][1])
    for number in range(count):
        with failing_at(number) as fault, pytest.raises(RolledBackError):
            node.apply(text)
        assert fault.fired and everything(node, link) == before, number


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_set_is_shown_found_again_and_rolled_back(node: Node, kind: str) -> None:
    link, text, before = prepare(node, kind)
    node.settle(text)
    assert everything(node, link) != before
    shown = node.host.show()
    assert shown["links"][link]["ethtool"].keys() == CHANGES[kind][1].keys()
    assert not node.plan(json.dumps(shown)), "the observed state, applied, changes nothing"
    node.host.rollback().apply()
    assert everything(node, link) == before


def test_channels_and_coalescing_are_those_that_ethtool_shows(node: Node) -> None:
    node.settle(wish("eno1", channels={"rx": 2}))
    assert numbers(node, "-l", "eno1")["RX"] == 2
    node.machine.run("ip tuntap add dev tap0 mode tap".split())
    node.settle(wish("tap0", coalesce={"rx_frames": 17}, link_modes={"autoneg": False, "speed": 100}))
    assert numbers(node, "-c", "tap0")["rx-frames"] == 17
    assert "Speed: 100Mb/s" in ask(node, "", "tap0") and "Duplex: Full" in ask(node, "", "tap0")


def test_a_link_that_the_plan_makes_is_set_when_it_is_there(node: Node) -> None:
    settings = {"features": {"tso": False, "gro": False, "tx": True}}
    text = json.dumps({"version": 1, "links": {"vmbr0": {"kind": "bridge", "ethtool": settings}}})
    node.settle(text)
    shown = features(node, "vmbr0")
    assert not shown["tx-tcp-segmentation"] and not shown["generic-receive-offload"]
    assert shown["tx-checksum-ip-generic"]
    node.settle("{version: 1, links: {}}")
    assert "vmbr0" not in node.machine.interfaces()


def test_an_impossible_wish_for_a_link_to_be_made_leaves_no_link(node: Node) -> None:
    settings = {"rings": {"rx": 64}}
    text = json.dumps({"version": 1, "links": {"vmbr0": {"kind": "bridge", "ethtool": settings}}})
    with pytest.raises(RolledBackError, match="cannot set ethtool rings of vmbr0: Operation not supported"):
        node.apply(text)
    assert "vmbr0" not in node.machine.interfaces()


REFUSED: tuple[tuple[dict[str, Json], type[NetapplyError], str], ...] = (
    ({"channels": {"rx": 900}}, RefusedError, r"rx channels of eno1 to 900: the driver's maximum is \d+; .*:1:\d+"),
    ({"channels": {"combined": 1}}, RefusedError, "combined channels of eno1: its driver has no such setting"),
    ({"channels": {"rx": 0}}, RefusedError, "cannot leave eno1 without rx channels"),
    ({"rings": {"rx": 64}}, RefusedError, "cannot set ethtool rings of eno1: its driver has none"),
    ({"pause": {"rx": True}}, RefusedError, "cannot set ethtool pause of eno1: its driver has none"),
    ({"features": {"lro": True}}, RefusedError, "lro of eno1 on: its driver has rx-lro fixed off"),
    ({"features": {"tzo": True}}, RefusedError, "this kernel has no such feature; did you mean tso"),
    ({"features": {"tso": True, "tx-tcp-segmentation": False}}, RefusedError, "tso sets tx-tcp-segmentation on"),
    ({"features": {"tso": True, "sg": False}}, RefusedError, "it needs sg, which this file turns off"),
    ({"features": {"tso": "maybe"}}, InputError, "cannot use 'maybe' as tso of link eno1: true or false"),
    ({"link_modes": {"speed": 100}}, InputError, "fixed only without negotiation; add autoneg: false"),
    ({"link_modes": {"autoneg": False, "advertise": ["x"]}}, InputError, "what is offered in the negotiation"),
    ({"coalesce": {"adaptive_rx": True, "rx_usecs": 3}}, InputError, "leave one of the two out"),
    ({"wol": {"modes": ["magicsecure"]}}, InputError, "the choices are phy, ucast"),
    ({"rings": {"rxx": 3}}, InputError, "there is no such key; did you mean rx"),
    ({"ring": {}}, InputError, "there is no such key; did you mean rings"),
    ({"rings": {"rx": -1}}, InputError, "a whole number from 0 to 4294967295"),
)


@pytest.mark.parametrize(("settings", "error", "words"), REFUSED)
def test_what_cannot_be_is_refused_before_anything_is_touched(
    node: Node, settings: dict[str, Json], error: type[NetapplyError], words: str
) -> None:
    with pytest.raises(error, match=words):
        node.plan(wish("eno1", **settings))


SAMPLES: dict[str, dict[str, Value]] = {
    "private_flags": {"some": True}, "wol": {"modes": ("magic",)},
    "link_modes": {
        "autoneg": False, "speed": 1000, "duplex": "full", "lanes": 1, "advertise": ("1000baseT/Full",),
    },
    "eee": {"enabled": True, "tx_lpi": True, "tx_lpi_timer": 9, "advertise": ("1000baseT/Full",)},
    "pause": {"autoneg": True, "rx": False, "tx": True},
}  # fmt: skip


LACKING = sorted(HARDWARE - {"features", "channels"})
"""What a veth does not have."""


@pytest.mark.parametrize("family", LACKING)
def test_the_kernel_understands_every_attribute(node: Node, family: str) -> None:
    """A driver that lacks all this says so; an attribute of another number or size would be EINVAL instead."""
    sample = SAMPLES.get(family) or {row.attribute: 1 for row in table_of_family(family)}
    assert family == "private_flags" or sample.keys() == table_of_family(family).rows.keys()
    operation = Operation(Verb.SET, (family, "eno1"), family, Phase.HARDWARE, sample)
    with node.host.session() as session, pytest.raises(KernelError, match="EOPNOTSUPP"):
        ethtool.write([operation], read_indexes(session.netlink))


@pytest.mark.kernel("test_nics")
def test_rings_have_the_size_that_ethtool_shows(hardware: Node) -> None:
    before = everything(hardware, VMXNET3, SETTINGS)
    hardware.settle(wish(VMXNET3, rings={"rx": 2048, "rx_jumbo": 256, "tx": 128}))
    shown = numbers(hardware, "-g", VMXNET3)
    assert (shown["RX"], shown["RX Jumbo"], shown["TX"]) == (2048, 256, 128)
    with pytest.raises(RefusedError, match=r"rx ring of .* to 8192: the driver's maximum is 4096"):
        hardware.plan(wish(VMXNET3, rings={"rx": 8192}))
    with pytest.raises(RefusedError, match="cannot set rx_mini ring of"):
        hardware.plan(wish(VMXNET3, rings={"rx_mini": 64}))
    hardware.settle("{version: 1, links: {}}")
    assert everything(hardware, VMXNET3, SETTINGS) == before


@pytest.mark.kernel("test_nics")
def test_what_a_driver_rounds_is_noticed_and_undone(hardware: Node) -> None:
    """vmxnet3 takes multiples of 32 only, and says yes to everything."""
    before = everything(hardware, VMXNET3)
    with pytest.raises(RolledBackError, match="rx is 1024, not 1000"):
        hardware.apply(wish(VMXNET3, rings={"rx": 1000}, wol={"modes": ["magic"]}))
    assert everything(hardware, VMXNET3) == before


@pytest.mark.kernel("test_nics")
def test_wake_on_lan_is_a_set_of_what_the_device_supports(hardware: Node) -> None:
    hardware.settle(wish(VMXNET3, wol={"modes": ["ucast", "magic"]}))
    assert "Wake-on: ug" in ask(hardware, "", VMXNET3)
    hardware.settle(wish(VMXNET3, wol={"modes": []}))
    assert "Wake-on: d" in ask(hardware, "", VMXNET3)
    with pytest.raises(RefusedError, match=r"modes .* to phy: the device supports arp, magic, ucast"):
        hardware.plan(wish(VMXNET3, wol={"modes": ["phy"]}))
    hardware.host.rollback().apply()
    assert "Wake-on: ug" in ask(hardware, "", VMXNET3)


@pytest.mark.kernel("test_nics")
def test_a_speed_that_was_unknown_is_unknown_again(hardware: Node) -> None:
    before = everything(hardware, VIRTIO)
    assert "Speed: Unknown" in before
    settings = {"link_modes": {"autoneg": False, "speed": 40000, "duplex": "full"}, "rings": {"rx": 128, "tx": 64}}
    hardware.settle(wish(VIRTIO, **settings, features={"gro": False}))
    shown = numbers(hardware, "-g", VIRTIO)
    assert (shown["RX"], shown["TX"]) == (128, 64)
    assert "Speed: 40000Mb/s" in ask(hardware, "", VIRTIO)
    hardware.settle("{version: 1, links: {}}")
    assert everything(hardware, VIRTIO) == before
