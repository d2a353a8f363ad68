"""Echo requests and their replies: ICMP (RFC 792) and ICMPv6 (RFC 4443)."""

from __future__ import annotations

import os
from typing import NamedTuple

from netapply.errors import LabError
from netapply.lab.layers import (
    ICMP,
    IP,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    IPv6,
    Packet,
    Raw,
)
from netapply.lab.ping import fragments, refusals
from netapply.lab.ping.outcome import Outcome, Refusal, Reply
from netapply.lab.ping.path import Path

LARGEST_SIZE = 65507  # bytes of payload: 65535 less the IPv4 and ICMP headers
_HEADERS = {4: 20 + 8, 6: 40 + 8}  # bytes of IP and ICMP before the payload
_ICMP = 1
_ECHO_REPLY = 0


def payload(size: int) -> bytes:
    """A payload of `size` bytes that a cut or a shift would show in."""
    if not 0 <= size <= LARGEST_SIZE:
        raise LabError(f"cannot ping with {size} bytes: 0 to {LARGEST_SIZE} fit in a packet")
    return bytes(position % 251 for position in range(size))


class Heard(NamedTuple):
    """An echo reply: whose, by which neighbour's frame, and what was left of its TTL or hop limit."""

    address: str
    mac: str
    ttl: int


class Echo:
    """One echo request, and the eye that knows its reply or its refusal."""

    def __init__(self, path: Path, *, size: int, dont_fragment: bool, ttl: int) -> None:
        self._path = path
        self._data = payload(size)
        self._number = int.from_bytes(os.urandom(2))
        self._arrived = fragments.Reassembly()
        self._dont_fragment = dont_fragment
        self._ttl = ttl

    def too_long(self, mtu: int) -> Refusal | None:
        """The refusal of the own interface, where an own stack would say EMSGSIZE."""
        length = len(self._data) + _HEADERS[self._path.version]
        if length <= mtu or not (self._dont_fragment or self._path.version == 6):
            return None
        text = f"packet of {length} bytes is too big for {self._path.interface}"
        return Refusal(text, mtu=mtu)

    def packets(self, mtu: int) -> list[Packet]:
        """The request as one packet, or as fragments if it is larger than the MTU."""
        if self._path.version == 6:
            return [self._request_6()]
        return fragments.cut(self._request_4(), mtu)

    def answer(self, packet: Packet) -> Heard | Refusal | None:
        """The reply, a refusal, or None for anything else."""
        refused = refusals.read(packet, self._path.destination, self._number)
        if refused is not None:
            return refused
        return self._reply_6(packet) if self._path.version == 6 else self._reply_4(packet)

    def _request_4(self) -> Packet:
        flags = "DF" if self._dont_fragment else 0
        header = IP(src=self._path.source, dst=self._path.destination, id=self._number, flags=flags, ttl=self._ttl)
        return header / ICMP(type="echo-request", id=self._number, seq=1) / Raw(self._data)

    def _request_6(self) -> Packet:
        header = IPv6(src=self._path.source, dst=self._path.destination, hlim=self._ttl)
        return header / ICMPv6EchoRequest(id=self._number, seq=1, data=self._data)

    def _reply_4(self, packet: Packet) -> Heard | None:
        if IP not in packet or packet[IP].src != self._path.destination or packet[IP].proto != _ICMP:
            return None
        message = self._arrived.add(packet[IP])
        reply = ICMP(message) if message else None
        if reply is None or (reply.type, reply.id) != (_ECHO_REPLY, self._number):
            return None
        if bytes(reply.payload) != self._data:
            return None
        return Heard(packet[IP].src, packet.src, packet[IP].ttl)

    def _reply_6(self, packet: Packet) -> Heard | None:
        if ICMPv6EchoReply not in packet or packet[ICMPv6EchoReply].id != self._number:
            return None
        if bytes(packet[ICMPv6EchoReply].data) != self._data:
            return None
        return Heard(packet[IPv6].src, packet.src, packet[IPv6].hlim)


def outcome(found: tuple[Heard | Refusal, float] | None) -> Outcome:
    """What the caller of a ping gets."""
    if found is None:
        return None
    heard, rtt = found
    if isinstance(heard, Refusal):
        return heard
    return Reply(heard.address, heard.mac, rtt, heard.ttl)
