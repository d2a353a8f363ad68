"""plans/private-network.yaml, with packets and for both backends; and changes while connections are open."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP, UDP

from integration.applying import PLANS, Node, one_node
from integration.netfilter_site import BACKENDS
from netapply.lab import Guest, capture, ping
from netapply.lab import Host as LabHost
from netapply.lab.background import Background, Stop
from netapply.lab.namespace import call_in

OUTSIDE, HOST = "198.51.100.1", "198.51.100.5"
PLAN = (PLANS / "private-network.yaml").read_text()
OPEN = PLAN.partition("filter:")[0]
"""The plan without its filter: to see that it is the filter that keeps packets away."""


def plan_for(backend: str, text: str = PLAN) -> str:
    return text.replace("nat_backend: nftables", f"nat_backend: {backend}")


@dataclass
class Scene:
    node: Node
    outside: LabHost
    one: Guest
    two: Guest

    def reaches(self, host: LabHost, target: str) -> bool:
        return bool(ping.icmp(host, target, timeout=0.5, attempts=3))


@contextmanager
def built(directory: Path, text: str) -> Iterator[Scene]:
    with one_node(directory) as (lab, node, outside):
        outside.add_address(f"{OUTSIDE}/24", "eth0")
        for network in ("10.0.1.0/24", "10.0.2.0/24"):
            outside.add_route(network, via=HOST)
        node.settle(text)
        one, two = (
            lab.guest(
                node.machine, f"tap10{number}i0", address=f"10.0.{number}.5/24", gateway=f"10.0.{number}.1",
                master=f"vmbr{number}",
            )
            for number in (1, 2)
        )  # fmt: skip
        assert ping.icmp(one, OUTSIDE, timeout=5.0, attempts=25) and ping.icmp(two, OUTSIDE, timeout=5.0, attempts=25)
        yield Scene(node, outside, one, two)


@pytest.mark.parametrize("backend", BACKENDS)
def test_nobody_reaches_the_private_network_which_reaches_the_outside(backend: str, tmp_path: Path) -> None:
    with built(tmp_path, plan_for(backend, OPEN)) as scene:
        assert scene.reaches(scene.outside, "10.0.1.5") and scene.reaches(scene.one, "10.0.2.5"), "open so far"
        with scene.node.machine.listen_tcp(8006):
            assert ping.tcp(scene.one, "10.0.1.1", 8006) == "open"
        scene.node.settle(plan_for(backend))
        for host, target in (
            (scene.outside, "10.0.1.5"), (scene.outside, "10.0.2.5"), (scene.one, "10.0.2.5"), (scene.two, "10.0.1.5"),
        ):  # fmt: skip
            assert not scene.reaches(host, target), f"{host.name} reaches {target}"
        with capture.frames(scene.outside, "eth0", lambda packet: ICMP in packet) as heard:
            assert scene.reaches(scene.one, OUTSIDE) and scene.reaches(scene.two, OUTSIDE)
        assert {packet[IP].src for packet in heard} == {HOST}, "outside, every packet comes from the host's address"
        with scene.outside.listen_tcp(80, banner="outside"):
            answer = scene.one.ask_tcp(OUTSIDE, 80)
        assert (answer.banner, answer.peer_address) == ("outside", HOST), "answers of a connection pass"
        with scene.node.machine.listen_tcp(8006):
            assert ping.tcp(scene.outside, HOST, 8006) == "open", "the host itself is reached from outside"
            assert ping.tcp(scene.one, "10.0.1.1", 8006) == "refused", "and not by its guests"
        assert scene.reaches(scene.one, "10.0.1.1"), "which still reach it as their gateway"


@pytest.mark.parametrize("backend", BACKENDS)
def test_guests_of_one_network_reach_each_other(backend: str, tmp_path: Path) -> None:
    """Bridged frames pass no filter here, and where the kernel shows them to one, the rules let them through."""
    with one_node(tmp_path) as (lab, node, _outside):
        node.settle(plan_for(backend))
        one, two = (
            lab.guest(node.machine, f"tap{number}i0", address=f"10.0.1.{number}/24", gateway="10.0.1.1", master="vmbr1")
            for number in (100, 101)
        )  # fmt: skip
        assert ping.icmp(one, "10.0.1.101", timeout=5.0, attempts=25)
        assert ping.icmp(two, "10.0.1.1", timeout=5.0, attempts=25)


def connected(client: LabHost, server: LabHost, address: str, port: int) -> tuple[socket.socket, socket.socket]:
    """Both ends of a connection, as an SSH session is one."""
    listening = call_in(server.netns, socket.create_server, (address, port))
    with listening:
        near = call_in(client.netns, socket.socket, socket.AF_INET, socket.SOCK_STREAM)
        near.settimeout(3.0)
        near.connect((address, port))
        far, _ = listening.accept()
    far.settimeout(3.0)
    return near, far


CLOSED = """
filter:
  - {accept: input, state: [established, related]}
  - {accept: input, in: lo}
  - {accept: input, icmp: echo-request}
  - {policy: {input: drop, forward: drop}}
"""


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_session_survives_that_its_door_is_closed_and_opened(backend: str, tmp_path: Path) -> None:
    closed = plan_for(backend, OPEN) + CLOSED
    with built(tmp_path, plan_for(backend, OPEN)) as scene:
        near, far = connected(scene.outside, scene.node.machine, HOST, 2222)
        with near, far:
            for text in (closed, plan_for(backend, OPEN), closed):
                scene.node.settle(text)
                near.sendall(b"are you there?")
                assert far.recv(100) == b"are you there?"
                far.sendall(b"yes")
                assert near.recv(100) == b"yes"
        with scene.node.machine.listen_tcp(2222):
            assert ping.tcp(scene.outside, HOST, 2222) is None, "a fresh one is not let in"
        assert scene.reaches(scene.outside, HOST)


def talk(guest: Guest) -> Background:
    """Datagrams from another port each, so that every one is a connection that needs its translation."""

    def run(stop: Stop) -> None:
        port = 10000
        while not stop() and port < 60000:
            with call_in(guest.netns, socket.socket, socket.AF_INET, socket.SOCK_DGRAM) as talker:
                talker.bind(("10.0.1.5", port))
                talker.sendto(b"hello", (OUTSIDE, 9))
            port += 1

    return Background("talk", run)


def test_moving_to_the_other_backend_leaves_no_packet_untranslated(tmp_path: Path) -> None:
    with built(tmp_path, plan_for("iptables")) as scene:
        with (
            capture.frames(scene.outside, "eth0", lambda packet: UDP in packet and packet[UDP].dport == 9) as heard,
            talk(scene.one),
        ):
            for backend in ("nftables", "iptables", "nftables"):
                scene.node.settle(plan_for(backend))
                assert not scene.reaches(scene.outside, "10.0.1.5"), "the filter moves along"
        assert len(heard) > 20
        assert {packet[IP].src for packet in heard} == {HOST}
        saved = scene.node.machine.run(["iptables-save"]).stdout
        assert "netapply" not in saved and "NETAPPLY" not in saved
