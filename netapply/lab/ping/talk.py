"""Ask on a wire and wait for the answer, under one deadline.

The probe speaks for itself: it builds whole frames with scapy and reads the answers from the wire,
without the namespace's ARP cache, sockets or filters. So a ping says what the network does at this
moment, and nothing is remembered from the ping before. For traffic as a real guest's stack sends it,
with its caches, see netapply.lab.traffic.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TypeVar

from netapply.errors import LabError
from netapply.lab import tags
from netapply.lab.host import Host
from netapply.lab.layers import Ether, Packet
from netapply.lab.ping import neighbour
from netapply.lab.ping.path import Path
from netapply.lab.wire import Frame, Wire

T = TypeVar("T")


class Talk:
    """One conversation: a wire, a path, a deadline.

    A request goes out `attempts` times at most, evenly over `timeout` seconds, until it is answered.
    """

    def __init__(self, host: Host, path: Path, *, timeout: float, attempts: int) -> None:
        if timeout <= 0 or attempts < 1:
            raise LabError(f"cannot ping with timeout={timeout:g}, attempts={attempts}: both must be positive")
        self.path = path
        self._wire = Wire(host.netns, path.interface)
        self._deadline = time.monotonic() + timeout
        self._interval = timeout / attempts

    def __enter__(self) -> Talk:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wire.__exit__(kind, error, trace)

    @property
    def mac(self) -> str:
        return self._wire.mac

    @property
    def mtu(self) -> int:
        return self._wire.mtu

    def frame(self, mac: str, packet: Packet) -> bytes:
        """A network-layer packet as a frame to a MAC address, with the path's tags."""
        return tags.insert(bytes(Ether(src=self.mac, dst=mac) / packet), self.path.tags)

    def ask(self, frames: Sequence[bytes], answer: Callable[[Packet], T | None]) -> tuple[T, float] | None:
        """Send a request until `answer` makes something of a packet: that, and the seconds since it left.

        None when the deadline passes. Errors: OSError if the interface does not take the frames.
        """
        while time.monotonic() < self._deadline:
            sent = time.monotonic()
            for frame in frames:
                self._wire.send(frame)
            until = min(sent + self._interval, self._deadline)
            found = self._listen(answer, until)
            if found is not None:
                return found[0], found[1] - sent
        return None

    def tell(self, frame: bytes) -> None:
        """Send a frame that needs no answer."""
        self._wire.send(frame)

    def _listen(self, answer: Callable[[Packet], T | None], until: float) -> tuple[T, float] | None:
        while (frame := self._wire.receive(until)) is not None:
            packet = self._of_this_vlan(frame)
            if packet is None:
                continue
            self._answer_for_source(packet)
            found = answer(packet)
            if found is not None:
                return found, frame.at
        return None

    def _of_this_vlan(self, frame: Frame) -> Packet | None:
        if not tags.same_vlan(tags.read(frame.data), self.path.tags):
            return None
        return Ether(frame.data)

    def _answer_for_source(self, packet: Packet) -> None:
        """Tell neighbours where a tagged source lives; for an untagged one the namespace's stack does."""
        if not self.path.tags:
            return
        reply = neighbour.answer(packet, self.path.source, self.mac)
        if reply is not None:
            self.tell(self.frame(packet.src, reply))
