"""Tunnels on a real kernel: what each kind's contract does not show by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scapy.contrib.geneve import GENEVE
from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import GRE
from scapy.packet import Packet

from integration.applying import Node, failing_at, one_node
from integration.snapshot import difference, settled, steady
from netapply.errors import RolledBackError
from netapply.lab import Lab, capture
from netapply.model.fallback import FALLBACKS
from netapply.plan import Action
from netapply.render.state_yaml import render

IP_TUNNELS = ("gre", "gretap", "ip6gre", "ip6tnl", "ipip", "sit", "vti", "vti6")


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    with one_node(tmp_path) as (_, node, _outside):
        yield node


def wish(**links: Any) -> str:
    return json.dumps({"version": 1, "links": links})


def shown(node: Node, name: str) -> Any:
    (link,) = json.loads(node.machine.run(["ip", "-j", "-d", "link", "show", "dev", name]).stdout)
    return link


def actions(node: Node, text: str) -> dict[str, Action]:
    return {change.key[1]: change.action for change in node.plan(text).changes if change.family == "link"}


@pytest.mark.parametrize("end", ["local", "remote"])
def test_another_address_family_is_another_vxlan(node: Node, end: str) -> None:
    """The kernel refuses it in place (trap 10); what the device carried comes back."""
    common = {"kind": "vxlan", "vni": 7, "addresses": ["10.0.0.1/24"]}
    node.settle(wish(vx0={**common, end: "192.0.2.1"}))
    former = shown(node, "vx0")["ifindex"]
    other = wish(vx0={**common, end: "2001:db8::1"})
    assert actions(node, other) == {"vx0": Action.REPLACE}
    node.settle(other)
    assert shown(node, "vx0")["ifindex"] != former
    assert shown(node, "vx0")["linkinfo"]["info_data"][f"{end}6"] == "2001:db8::1"
    assert "10.0.0.1/24" in render(node.host.show())
    node.host.rollback().apply()
    assert shown(node, "vx0")["linkinfo"]["info_data"][end] == "192.0.2.1"


def filtered(node: Node) -> dict[str, str | None]:
    """VNI, or range, and its remote, as bridge(8) says it."""
    (device,) = json.loads(node.machine.run(["bridge", "-j", "vni", "show", "dev", "vx0"]).stdout)
    return {
        f"{item['vni']}-{item['vniEnd']}" if "vniEnd" in item else str(item["vni"]): item.get(
            "group", item.get("remote")
        )
        for item in device["vnis"]
    }


def test_an_external_vxlan_receives_the_vnis_of_its_list(node: Node) -> None:
    def step(*vnis: Any) -> str:
        return wish(eno1={}, vx0={"kind": "vxlan", "external": True, "vnifilter": True, "dev": "eno1", "vnis": vnis})

    node.settle(step(100, "200-210", {"vni": 300, "remote": "192.0.2.9"}))
    assert filtered(node) == {"100": None, "200-210": None, "300": "192.0.2.9"}
    node.machine.run(["bridge", "vni", "add", "vni", "999", "dev", "vx0"])
    before = filtered(node)
    assert not node.plan(render(node.host.show()))
    after = step("201-210", {"vni": 300, "remote": "2001:db8::9"}, {"vni": 400, "remote": "239.1.1.1"}, 300 + 1)
    for number in range(len(node.plan(after).operations)):
        with failing_at(number), pytest.raises(RolledBackError):
            node.apply(after)
        assert filtered(node) == before
    node.settle(after)
    assert filtered(node) == {
        "201-210": None, "300": "2001:db8::9", "301": None, "400": "239.1.1.1", "999": None,
    }, "what somebody added by hand stays"  # fmt: skip
    node.settle(step(300))
    assert filtered(node) == {"300": None, "999": None}
    node.host.rollback().apply()
    assert filtered(node)["400"] == "239.1.1.1"


@pytest.mark.kernel("geneve")
def test_another_address_family_is_another_geneve(node: Node) -> None:
    node.settle(wish(g0={"kind": "geneve", "vni": 7, "remote": "192.0.2.1"}))
    node.settle(wish(g0={"kind": "geneve", "vni": 7, "remote": "192.0.2.2", "ttl_inherit": True}))
    former = shown(node, "g0")["ifindex"]
    node.settle(wish(g0={"kind": "geneve", "vni": 7, "remote": "2001:db8::1", "label": 5}))
    assert shown(node, "g0")["ifindex"] != former


def test_a_vxlan_becomes_external_and_plain_again(node: Node) -> None:
    plain, external = {"kind": "vxlan", "vni": 7}, {"kind": "vxlan", "external": True, "vnifilter": True}
    for step in (plain, external, plain):
        node.settle(wish(vx0=step))
        data = shown(node, "vx0")["linkinfo"]["info_data"]
        assert (data["id"], data.get("external", False)) == (step.get("vni", 0), "external" in step)
    node.settle(wish(vx0=external))
    assert "vni" not in render(node.host.show()).replace("vnifilter", "")
    assert not node.plan(render(node.host.show()))
    node.host.rollback().apply()
    assert shown(node, "vx0")["linkinfo"]["info_data"]["id"] == 7, "what an external one lacks comes back as well"


@pytest.mark.kernel(*IP_TUNNELS)
def test_fallback_devices_are_nobodys_wish(tmp_path: Path) -> None:
    """Where the kernel makes them in every namespace: not shown, not deleted, not in the way."""
    switch = Path("/proc/sys/net/core/fb_tunnels_only_for_init_net")
    found = switch.read_text()
    switch.write_text("0")
    try:
        with one_node(tmp_path) as (_, node, _outside):
            there = {name for name in node.machine.interfaces() if name in FALLBACKS}
            assert {"gre0", "gretap0", "tunl0", "sit0", "ip6tnl0", "ip_vti0"} <= there
            assert not there & json.loads(json.dumps(node.host.show()))["links"].keys()
            node.settle(wish(t0={"kind": "gre", "remote": "192.0.2.1"}, t1={"kind": "sit", "local": "192.0.2.2"}))
            assert not node.plan(render(node.host.show()))
            node.settle(wish(tunl0={"addresses": ["10.0.0.1/32"]}))
            assert "tunl0" in node.host.show()["links"], "one that is in use is"
            node.settle("version: 1")
            assert there <= set(node.machine.interfaces())
    finally:
        switch.write_text(found)


@pytest.mark.kernel("gre", "ip6tnl", "xfrm")
def test_tunnels_outlive_their_device_and_are_bound_to_its_successor(node: Node) -> None:
    def stack(vni: int) -> str:
        return wish(
            vx0={"kind": "vxlan", "vni": vni},
            t0={"kind": "gre", "remote": "192.0.2.1", "dev": "vx0", "addresses": ["10.0.0.1/30"]},
            t1={"kind": "ip6tnl", "remote": "2001:db8::1", "dev": "vx0"},
            x0={"kind": "xfrm", "if_id": 7, "dev": "vx0"},
        )

    node.settle(stack(7))
    node.settle(stack(8))
    assert [shown(node, name)["link"] for name in ("t0", "t1", "x0")] == ["vx0"] * 3
    node.machine.run(["ip", "link", "del", "vx0"])
    node.settle(stack(8))
    assert [shown(node, name)["link"] for name in ("t0", "t1", "x0")] == ["vx0"] * 3


@pytest.mark.kernel("gre")
def test_a_key_does_not_move_the_mtu_that_the_file_names(node: Node) -> None:
    tunnel = {"kind": "gre", "remote": "192.0.2.1", "local": "192.0.2.2"}
    node.settle(wish(t0={**tunnel, "mtu": 1400}))
    node.settle(wish(t0={**tunnel, "mtu": 1400, "key": 5, "csum": True}))
    assert shown(node, "t0")["mtu"] == 1400
    node.settle(wish(t1={**tunnel}))
    plain = shown(node, "t1")["mtu"]
    node.settle(wish(t1={**tunnel, "key": 5}))
    assert shown(node, "t1")["mtu"] == plain - 4, "unnamed, it follows the header"
    data = shown(node, "t1")["linkinfo"]["info_data"]
    assert (data["local"], data["remote"]) == ("192.0.2.2", "192.0.2.1"), "what the change did not name is kept"


BEFORE = {
    "t0": {"kind": "gre", "remote": "192.0.2.1", "key": 5, "ttl": 9, "dev": "eno1"},
    "t1": {"kind": "ip6tnl", "remote": "2001:db8::1", "mode": "ip6ip6", "tclass": 16},
    "g0": {"kind": "geneve", "vni": 7, "remote": "192.0.2.1"},
    "x0": {"kind": "xfrm", "if_id": 7, "up": False},
    "s0": {"kind": "sit", "local": "192.0.2.5", "ip6rd_prefix": "2001:db8::/32", "up": False},
    "i0": {"kind": "ipip", "remote": "192.0.2.1"},
}
AFTER = {
    "t0": {"kind": "gre", "remote": "192.0.2.2", "okey": 6, "iseq": True, "mtu": 1300},
    "t1": {"kind": "ip6tnl", "remote": "2001:db8::2", "flowlabel_inherit": True, "addresses": ["10.3.0.1/30"]},
    "g0": {"kind": "geneve", "external": True},
    "x0": {"kind": "xfrm", "if_id": 8, "dev": "eno1", "up": False},
    "s0": {"kind": "sit", "remote": "192.0.2.9", "pmtudisc": False, "ttl": 0},
    "v0": {"kind": "vti", "remote": "192.0.2.1", "key": 7},
}


@pytest.mark.kernel("gre", "ip6tnl", "geneve", "xfrm", "sit", "ipip", "vti")
def test_a_fault_at_any_step_leaves_everything_as_it_was(node: Node) -> None:
    node.settle(wish(eno1={}, **BEFORE))
    assert not node.plan(render(node.host.show()))
    before = steady(node.netns)
    target = wish(eno1={}, **AFTER)
    for number in range(len(node.plan(target).operations)):
        with failing_at(number) as fault, pytest.raises(RolledBackError):
            node.apply(target)
        assert fault.fired
        after = settled(node.netns, before)
        assert after == before, f"operation {number}:\n{difference(before, after)}"
    node.settle(target)
    node.host.rollback().apply()
    after = settled(node.netns, before)
    assert after == before, difference(before, after)


@pytest.mark.parametrize(
    ("tunnel", "layer"),
    [
        pytest.param({"kind": "gre", "key": 7, "seq": True}, GRE, marks=pytest.mark.kernel("gre"), id="gre"),
        pytest.param({"kind": "geneve", "vni": 77}, GENEVE, marks=pytest.mark.kernel("geneve"), id="geneve"),
        pytest.param({"kind": "ipip"}, IP, marks=pytest.mark.kernel("ipip"), id="ipip"),
    ],
)
def test_packets_cross_a_tunnel(tmp_path: Path, tunnel: dict[str, Any], layer: type[Packet]) -> None:
    with Lab() as lab:
        nodes = [Node(lab.host(name), tmp_path) for name in ("near", "far")]
        lab.cable(nodes[0].machine, "eno1", nodes[1].machine, "eno1")
        for number, node in enumerate(nodes, 1):
            remote = {"remote": f"192.0.2.{3 - number}"}
            inner = {**tunnel, **remote, "addresses": [f"10.0.0.{number}/24"]}
            node.settle(wish(eno1={"addresses": [f"192.0.2.{number}/24"]}, t0=inner))
        with capture.frames(nodes[1].machine, "eno1", lambda packet: layer in packet and ICMP in packet) as outer:
            nodes[0].machine.run(["ping", "-c", "1", "-w", "20", "10.0.0.2"])
        packet = outer.wait_for()
        assert packet is not None and packet[IP].dst in ("192.0.2.1", "192.0.2.2")
