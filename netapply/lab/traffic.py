"""A steady stream of pings while something happens, and how many of them got lost.

    with traffic.pings(guest, "10.0.0.2") as flow:
        apply(...)
    assert flow.lost == 0          # the change was live

Unlike netapply.lab.ping this goes through the guest's own IP stack (a raw socket; raw(7)), with its
neighbour cache and routes, because that is what a change does to real traffic.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from netapply.errors import LabError
from netapply.lab import namespace
from netapply.lab.background import Background, Stop
from netapply.lab.host import Host

LIMIT = 65536  # an echo's sequence number has 16 bits
GRACE_SECONDS = 0.3
_ICMP_HEADER = struct.Struct("!BBHHH")  # type, code, checksum, identifier, sequence; RFC 792, RFC 4443


class Flow:
    """What was sent and what came back. Complete when the `with` block has ended."""

    def __init__(self, host: Host, destination: str, interval: float) -> None:
        self._version = 6 if ":" in destination else 4
        family = socket.AF_INET6 if self._version == 6 else socket.AF_INET
        protocol = socket.IPPROTO_ICMPV6 if self._version == 6 else socket.IPPROTO_ICMP
        self._socket = namespace.call_in(host.netns, socket.socket, family, socket.SOCK_RAW, protocol)
        self._socket.setblocking(False)
        self._destination = destination
        self._interval = interval
        self._identifier = int.from_bytes(os.urandom(2))
        self._request = _builder(self._version, self._identifier)
        self._sent: list[float] = []  # monotonic seconds, by sequence number
        self._answered: set[int] = set()
        self._ended = 0.0

    @property
    def sent(self) -> int:
        return len(self._sent)

    @property
    def received(self) -> int:
        return len(self._answered)

    @property
    def lost(self) -> int:
        """Pings without a reply, also those that the host's own stack refused to send."""
        return self.sent - self.received

    @property
    def longest_outage_seconds(self) -> float:
        """The longest time from a lost ping to the next answered one; 0.0 if none was lost."""
        return longest_outage(self._sent, self._answered, self._ended)

    def run(self, stop: Stop) -> None:
        """Send and collect until told to stop, then give the last replies a moment to arrive."""
        due = time.monotonic()
        while not stop() and self.sent < LIMIT:
            self._send()
            due += self._interval
            self._collect_until(due, stop)
        self._ended = time.monotonic()
        patience = self._ended + GRACE_SECONDS
        while self.lost and time.monotonic() < patience:
            self._collect()
            time.sleep(GRACE_SECONDS / 100)

    def close(self) -> None:
        self._socket.close()

    def _send(self) -> None:
        request = self._request(self.sent)
        self._sent.append(time.monotonic())
        try:
            self._socket.sendto(request, (self._destination, 0))
        except OSError:
            return  # no route, no neighbour, link down: a ping that is lost, which is what is counted here

    def _collect_until(self, due: float, stop: Stop) -> None:
        self._collect()  # also where a slow machine is late already
        while (left := due - time.monotonic()) > 0 and not stop():
            if stop.wait_for(self._socket.fileno(), left):
                self._collect()

    def _collect(self) -> None:
        for _ in range(LIMIT):
            try:
                data = self._socket.recv(2048)
            except BlockingIOError:
                return
            except OSError:
                continue  # an ICMP error for an earlier ping, reported once; that ping counts as lost
            number = _answered_number(self._version, self._identifier, data)
            if number is not None and number < self.sent:
                self._answered.add(number)


@contextmanager
def pings(host: Host, destination: str, *, interval: float = 0.01) -> Iterator[Flow]:
    """Ping every `interval` seconds until the block ends, at most 65536 times.

    Errors: LabError if the very first ping is not answered within a second: then nothing could be lost.
    """
    flow = Flow(host, destination, interval)
    try:
        with Background(f"pings-{host.netns}", flow.run):
            _await_first(flow, host, destination)
            yield flow
    finally:
        flow.close()


def longest_outage(sent: Sequence[float], answered: set[int], ended: float) -> float:
    """The longest time, in seconds, from a run's first lost ping to the next answered one (or the end)."""
    longest, since = 0.0, None
    for number, at in enumerate(sent):
        if number in answered:
            longest, since = max(longest, at - since if since is not None else 0.0), None
        elif since is None:
            since = at
    return max(longest, ended - since) if since is not None else longest


def _await_first(flow: Flow, host: Host, destination: str) -> None:
    deadline = time.monotonic() + 1.0
    while flow.received == 0:
        if time.monotonic() > deadline:
            raise LabError(
                f"cannot count lost pings from {host.name} to {destination}: none was answered within 1 s; "
                "build the path before the stream begins"
            )
        time.sleep(0.002)


def _builder(version: int, identifier: int) -> Callable[[int], bytes]:
    """What makes an echo request of a sequence number. The kernel fills in ICMPv6 checksums: raw(7)."""
    from netapply.lab.layers import ICMP, ICMPv6EchoRequest

    if version == 6:
        return lambda number: bytes(ICMPv6EchoRequest(id=identifier, seq=number, cksum=0))
    return lambda number: bytes(ICMP(type="echo-request", id=identifier, seq=number))


def _answered_number(version: int, identifier: int, data: bytes) -> int | None:
    """The sequence number of our echo reply in what a raw socket read, with IPv4 its header included."""
    start = 0 if version == 6 else (data[0] & 0x0F) * 4
    kind, _, _, replied_to, number = _ICMP_HEADER.unpack_from(data, start)
    return int(number) if (kind, replied_to) == (129 if version == 6 else 0, identifier) else None
