"""A TCP handshake's first step (RFC 9293): a SYN, and what comes back.

The namespace's own TCP knows nothing of the SYN and would answer the SYN-ACK with a RST. So the source
port is held by a real listening socket whose filter drops every segment: the kernel stays silent
(tcp_filter in net/ipv4/tcp_ipv4.c), and no other socket can take the port meanwhile.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from netapply.lab import namespace
from netapply.lab.host import Host
from netapply.lab.layers import IP, TCP, IPv6, Packet
from netapply.lab.ping import refusals
from netapply.lab.ping.outcome import Refusal, State
from netapply.lab.ping.path import Path

_SO_ATTACH_FILTER = 26  # asm-generic/socket.h
_RETURN_NOTHING = struct.pack("=HBBI", 0x06, 0, 0, 0)  # BPF_RET | BPF_K, 0: keep no byte of the segment
_FIRST_PRIVATE_PORT = 49152


@contextmanager
def silent_port(host: Host, path: Path) -> Iterator[int]:
    """A source port on which the namespace's own TCP says nothing.

    A tagged source is not the namespace's address; its stack ignores those frames anyway.
    """
    if path.tags:
        yield _FIRST_PRIVATE_PORT + int.from_bytes(os.urandom(2)) % (65536 - _FIRST_PRIVATE_PORT)
        return
    family = socket.AF_INET6 if path.version == 6 else socket.AF_INET
    with namespace.call_in(host.netns, socket.socket, family, socket.SOCK_STREAM) as holder:
        program = ctypes.create_string_buffer(_RETURN_NOTHING)
        holder.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(program)))
        holder.bind(namespace.call_in(host.netns, _socket_address, path))
        holder.listen(1)
        yield holder.getsockname()[1]


class Syn:
    """One SYN, and the eye that knows what came back for it."""

    def __init__(self, path: Path, port: int, source_port: int) -> None:
        self._path = path
        self._port = port
        self._source_port = source_port
        self._sequence = int.from_bytes(os.urandom(4))

    def request(self) -> Packet:
        return self._segment("S", self._sequence, [("MSS", 1220)])

    def reset(self) -> Packet:
        """Tells the other side that the half-open connection is not wanted any more."""
        return self._segment("R", (self._sequence + 1) % 2**32, [])

    def answer(self, packet: Packet) -> State | None:
        """What a packet says about the SYN; None if it is about something else."""
        refused = refusals.read(packet, self._path.destination, self._source_port)
        if isinstance(refused, Refusal):
            return State.REFUSED if refused.reason == refusals.PORT_UNREACHABLE else State.UNREACHABLE
        return self._answering_segment(packet)

    def _answering_segment(self, packet: Packet) -> State | None:
        if TCP not in packet:
            return None
        segment = packet[TCP]
        expected = (self._port, self._source_port, (self._sequence + 1) % 2**32)
        if (segment.sport, segment.dport, segment.ack) != expected:
            return None
        if segment.flags.R:
            return State.REFUSED
        return State.OPEN if segment.flags.S and segment.flags.A else None

    def _segment(self, flags: str, sequence: int, options: list[tuple[str, int]]) -> Packet:
        network = IPv6 if self._path.version == 6 else IP
        header = network(src=self._path.source, dst=self._path.destination)
        return header / TCP(sport=self._source_port, dport=self._port, flags=flags, seq=sequence, options=options)


def _socket_address(path: Path) -> tuple[str, int] | tuple[str, int, int, int]:
    if path.version == 4:
        return path.source, 0
    return path.source, 0, 0, socket.if_nametoindex(path.interface)
