"""JSON lines over a byte stream, between the host's pytest and the agent in the guest.

Only the standard library, because the guest imports it before anything else.

To the guest:    {"run": N, "argv": […], "cwd": …, "env": {…}, "files": {path: text}}, {"poweroff": true}
From the guest:  {"hello": {…}}, then for each run {"run": N, "output": text}, {"run": N, "event": {…}} in any
number, and {"run": N, "exit": status} once.
"""

from __future__ import annotations

import contextlib
import json
import queue
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Message = dict[str, Any]
CHUNK = 1 << 16
LONGEST_LINE = 64 << 20  # a report with all its captured output; more than this is a broken stream


class BrokenStreamError(ValueError):
    """The bytes are not JSON lines."""


def encode(message: Mapping[str, Any]) -> bytes:
    """One message as a line. What JSON cannot say goes as its `str()`: a report may carry anything."""
    return json.dumps(message, default=str, separators=(",", ":")).encode() + b"\n"


class LineDecoder:
    """Cuts a stream into messages, whatever the sizes of its chunks."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages that `data` completes. Raises BrokenStreamError."""
        first, *later = data.split(b"\n")
        self._rest += first
        for following in later:
            line = bytes(self._rest)
            self._rest = bytearray(following)
            yield _decode(line)
        if len(self._rest) > LONGEST_LINE:
            raise BrokenStreamError(f"a line is longer than {LONGEST_LINE} bytes")


def _decode(line: bytes) -> Message:
    try:
        message = json.loads(line)
    except ValueError as error:
        raise BrokenStreamError(f"not JSON: {line[:200]!r}") from error
    if not isinstance(message, dict):
        raise BrokenStreamError(f"not a JSON object: {line[:200]!r}")
    return message


@dataclass(frozen=True)
class Arrival:
    """A message and when it came, in seconds of time.monotonic()."""

    at: float
    message: Message


class ChannelClosedError(Exception):
    """The other end is gone; the text says why."""


class Channel:
    """The host's end. Two threads keep it moving, so a guest never waits for a host that is busy testing."""

    def __init__(self, stream: socket.socket) -> None:
        self._stream = stream
        self._arrived: queue.SimpleQueue[Arrival | ChannelClosedError] = queue.SimpleQueue()
        self._leaving: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._threads = [threading.Thread(target=part, daemon=True) for part in (self._read, self._write)]
        self.last_heard = time.monotonic()
        for thread in self._threads:
            thread.start()

    def send(self, message: Mapping[str, Any]) -> None:
        """Queue a message; returns at once, also while the guest still boots."""
        self._leaving.put(encode(message))

    def receive(self, timeout: float) -> Arrival | None:
        """The next message, or None after `timeout` seconds. Raises ChannelClosedError at the end."""
        try:
            arrival = self._arrived.get(timeout=timeout)
        except queue.Empty:
            return None
        if isinstance(arrival, ChannelClosedError):
            self._arrived.put(arrival)  # so that every later call says the same
            raise arrival
        return arrival

    def close(self) -> None:
        """End both threads and the stream; calling it again does nothing."""
        self._leaving.put(None)
        with contextlib.suppress(OSError):  # the other end closed it first
            self._stream.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(timeout=5)
        self._stream.close()

    def _read(self) -> None:
        decoder = LineDecoder()
        reason = "it ended"
        try:
            while data := self._stream.recv(CHUNK):
                self.last_heard = time.monotonic()
                for message in decoder.feed(data):
                    self._arrived.put(Arrival(self.last_heard, message))
        except (OSError, BrokenStreamError) as error:
            reason = str(error)
        self._arrived.put(ChannelClosedError(reason))

    def _write(self) -> None:
        with contextlib.suppress(OSError):  # the reading thread sees the same end and reports it
            while (data := self._leaving.get()) is not None:
                self._stream.sendall(data)
