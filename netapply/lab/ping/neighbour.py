"""Who has an address on the link: ARP (RFC 826) and neighbour discovery (RFC 4861)."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING

from netapply.lab.layers import (
    ARP,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
    Packet,
)
from netapply.lab.ping.outcome import Reply

if TYPE_CHECKING:
    from netapply.lab.ping.talk import Talk

BROADCAST = "ff:ff:ff:ff:ff:ff"
_SOLICITED_NODE = int(IPv6Address("ff02::1:ff00:0"))  # RFC 4291, 2.7.1
_NEIGHBOUR_HOP_LIMIT = 255  # RFC 4861, 7.1: anything less came through a router and is ignored


def resolve(talk: Talk, address: str) -> Reply | None:
    """Ask who has an address; None if nobody says so before the talk's deadline."""
    return _solicit(talk, address) if ip_address(address).version == 6 else _who_has(talk, address)


def answer(packet: Packet, address: str, mac: str) -> Packet | None:
    """The answer to a question for `address`, or None if the packet is no such question."""
    return _advertise(packet, address, mac) if ":" in address else _is_at(packet, address, mac)


def _who_has(talk: Talk, address: str) -> Reply | None:
    # A source of another family (an IPv4 next hop for IPv6) cannot ask; 0.0.0.0 asks as RFC 5227 does.
    source = "0.0.0.0" if ":" in talk.path.source else talk.path.source
    question = ARP(op="who-has", hwsrc=talk.mac, psrc=source, pdst=address)

    def is_at(packet: Packet) -> Packet | None:
        return packet if ARP in packet and packet[ARP].op == 2 and packet[ARP].psrc == address else None

    found = talk.ask([talk.frame(BROADCAST, question)], is_at)
    return None if found is None else Reply(address, found[0][ARP].hwsrc, found[1])


def _solicit(talk: Talk, address: str) -> Reply | None:
    target = str(IPv6Address(address))
    group = IPv6Address(_SOLICITED_NODE | int(IPv6Address(address)) & 0xFFFFFF)
    source = talk.path.source if ":" in talk.path.source else "::"
    question = IPv6(src=source, dst=str(group), hlim=_NEIGHBOUR_HOP_LIMIT) / ICMPv6ND_NS(tgt=target)
    if source != "::":  # RFC 4861, 4.3: no link-layer option when the source is unspecified
        question /= ICMPv6NDOptSrcLLAddr(lladdr=talk.mac)

    def advertised(packet: Packet) -> Packet | None:
        return packet if ICMPv6ND_NA in packet and packet[ICMPv6ND_NA].tgt == target else None

    found = talk.ask([talk.frame(_group_mac(group), question)], advertised)
    if found is None:
        return None
    packet, rtt = found
    return Reply(address, packet.src, rtt, packet[IPv6].hlim)


def _is_at(packet: Packet, address: str, mac: str) -> Packet | None:
    if ARP not in packet or packet[ARP].op != 1 or packet[ARP].pdst != address:
        return None
    asked = packet[ARP]
    return ARP(op="is-at", hwsrc=mac, psrc=address, hwdst=asked.hwsrc, pdst=asked.psrc)


def _advertise(packet: Packet, address: str, mac: str) -> Packet | None:
    if ICMPv6ND_NS not in packet or packet[ICMPv6ND_NS].tgt != str(IPv6Address(address)):
        return None
    if packet[IPv6].src == "::":
        return None  # a neighbour looks for duplicates of its own address: nobody to answer
    said = ICMPv6ND_NA(tgt=address, R=0, S=1, O=1) / ICMPv6NDOptDstLLAddr(lladdr=mac)
    return IPv6(src=address, dst=packet[IPv6].src, hlim=_NEIGHBOUR_HOP_LIMIT) / said


def _group_mac(group: IPv6Address) -> str:
    """The Ethernet address of an IPv6 multicast group (RFC 2464, 7)."""
    return (b"\x33\x33" + group.packed[-4:]).hex(":")
