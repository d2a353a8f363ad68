"""The WireGuard plans, with packets: what goes in clear at both ends is encrypted in between."""

from __future__ import annotations

from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP, UDP
from scapy.packet import Packet

from integration.applying import PLANS, Node
from integration.wireguard_site import dump, public_key, with_keys
from netapply.lab import Lab, capture


@pytest.mark.kernel("wireguard")
def test_wireguard_pair_carries_packets_encrypted(tmp_path: Path) -> None:
    with Lab() as lab:
        nodes = [Node(lab.host(name), tmp_path) for name in ("node1", "node2")]
        lab.cable(nodes[0].machine, "eno1", nodes[1].machine, "eno1")
        for node, plan in zip(nodes, ("wireguard.yaml", "wireguard-b.yaml"), strict=True):
            node.settle(with_keys(PLANS / plan, tmp_path / node.machine.name))
        first, second = (node.machine for node in nodes)
        second.run(["ip", "address", "add", "10.20.0.1/32", "dev", "lo"])
        with capture.frames(second, "eno1", _is_ip) as outer:
            for target in ("10.9.0.2", "10.20.0.1"):
                first.run(["ping", "-c", "2", "-w", "20", target])
        packets = list(outer)
        assert packets and not [packet for packet in packets if ICMP in packet], "nothing crosses in clear"
        assert {packet[UDP].dport for packet in packets if UDP in packet} == {51820}
        peer = dump(first)[public_key("node2")]
        assert peer["endpoint"] == "198.51.100.2:51820" and int(peer["rx"]) > 0 and peer["handshake"] != "0"


def _is_ip(packet: Packet) -> bool:
    return IP in packet
