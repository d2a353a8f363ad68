"""Collect the frames that an interface of a lab host hears, as scapy packets.

    with capture.frames(outside, "eth0", lambda packet: ARP in packet) as seen:
        ...
        assert seen.wait_for(lambda packet: packet[ARP].op == 1, timeout=1.0)

A thread only stores raw frames; they become packets, and the caller's conditions are asked, in the
caller's own thread. So a condition that raises, raises where it was written.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from netapply.lab.background import Background, Stop
from netapply.lab.host import Host
from netapply.lab.wire import Frame, Wire

if TYPE_CHECKING:
    from scapy.packet import Packet

LIMIT = 100_000


class Capture:
    """Frames heard so far. Iterating, `len` and `wait_for` all look at everything since the start.

    `dropped` counts frames lost to a full buffer; it is known when the block has ended.
    """

    def __init__(self, wire: Wire, read: Callable[[bytes], Packet], wanted: Callable[[Packet], bool] | None) -> None:
        self._wire = wire
        self._packet = read
        self._wanted = wanted
        self._arrival = threading.Condition()
        self._arrived: list[Frame] = []
        self._packets: list[Packet] = []
        self._read = 0  # how many of the arrived frames were turned into packets
        self.dropped = 0

    def __iter__(self) -> Iterator[Packet]:
        return iter(self._read_arrived()[:])

    def __len__(self) -> int:
        return len(self._read_arrived())

    def wait_for(self, condition: Callable[[Packet], bool] | None = None, *, timeout: float = 1.0) -> Packet | None:
        """The first frame since the start that meets the condition, or None after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        looked_at = 0
        while True:
            packets = self._read_arrived()
            for packet in packets[looked_at:]:
                if condition is None or condition(packet):
                    return packet
            looked_at = len(packets)
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            with self._arrival:
                self._arrival.wait_for(lambda: len(self._arrived) > self._read, left)

    def _read_arrived(self) -> list[Packet]:
        with self._arrival:
            fresh = self._arrived[self._read :]
        for frame in fresh:
            packet = self._packet(frame.data)
            packet.time = frame.time
            self._read += 1
            if self._wanted is None or self._wanted(packet):
                self._packets.append(packet)
        return self._packets

    def collect(self, stop: Stop) -> None:
        """Store what arrives until told to stop."""
        while not stop():
            stop.wait_for(self._wire.fileno())
            self._drain()  # also after the stop: what has arrived by then belongs to the capture
        self.dropped += self._wire.dropped()

    def _drain(self) -> None:
        for _ in range(LIMIT):
            frame = self._wire.take()
            if frame is None:
                return
            self._store(frame)

    def _store(self, frame: Frame) -> None:
        with self._arrival:
            if len(self._arrived) < LIMIT:
                self._arrived.append(frame)
            else:
                self.dropped += 1
            self._arrival.notify_all()


@contextmanager
def frames(
    host: Host,
    interface: str,
    wanted: Callable[[Packet], bool] | None = None,
    *,
    outgoing: bool = False,
) -> Iterator[Capture]:
    """Capture until the `with` block ends, at most 100 000 frames; only those that `wanted` accepts.

    Frames have their VLAN tags. `outgoing` adds what the host itself sends. Large TCP segments may show
    uncut (GSO), and checksums may be partial. Errors: LabError if the interface is not there.
    """
    from netapply.lab.layers import Ether

    with Wire(host.netns, interface, outgoing=outgoing) as wire:
        seen = Capture(wire, Ether, wanted)
        with Background(f"capture-{interface}", seen.collect):
            yield seen
