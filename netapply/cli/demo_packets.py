"""The demo's packets: pings through the bridge, seen where they arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netapply.cli.demo_stage import Stage
from netapply.lab import Guest, Host, capture, ping

if TYPE_CHECKING:
    from scapy.packet import Packet

NODE, OUTSIDE, GUEST = "192.168.10.2", "192.168.10.1", "192.168.10.100"


def cross_the_bridge(stage: Stage, node: Host, outside: Host, guest: Guest) -> None:
    """Guest to outside with the packets shown, then the other ways round."""
    mac = guest.mac(guest.interface)
    with capture.frames(outside, "eth0", _is_told) as seen:
        _answered(stage, "guest pings outside, through the bridge", ping.icmp(guest, OUTSIDE))
        request = seen.wait_for(_is_request)
        for packet in list(seen)[:4]:
            stage.packet(f"{packet.src} → {packet.dst}  {_in_words(packet)}")
    source = request.src if request is not None else "no request"
    stage.check(f"it arrives with the guest's own MAC address {mac}", source == mac, mac, source)
    _answered(stage, "outside pings the node", ping.icmp(outside, NODE))
    _answered(stage, "outside pings the guest", ping.icmp(outside, GUEST))


def be_silent(stage: Stage, outside: Host) -> None:
    """After the rollback nobody has the node's address any more."""
    outcome = ping.arp(outside, "eth0", NODE, timeout=0.5)
    stage.check(f"nobody answers for {NODE} any more", not outcome, "silence", str(outcome))


def _answered(stage: Stage, what: str, outcome: ping.Outcome) -> None:
    if isinstance(outcome, ping.Reply):
        what += f": {outcome.address} answers in {outcome.rtt_seconds * 1000:.1f} ms"
    stage.check(what, bool(outcome), "an echo reply", str(outcome or "silence"))


def _is_told(packet: Packet) -> bool:
    """Whether the packet belongs to the story: ARP and ICMP, not IPv6 housekeeping."""
    from scapy.layers.inet import ICMP
    from scapy.layers.l2 import ARP

    return ARP in packet or ICMP in packet


def _is_request(packet: Packet) -> bool:
    from scapy.layers.inet import ICMP

    return ICMP in packet and packet[ICMP].type == 8


def _in_words(packet: Packet) -> str:
    text: str = packet.summary()
    return text.removeprefix("Ether / ").removesuffix(" / Raw").removesuffix(" / Padding")
