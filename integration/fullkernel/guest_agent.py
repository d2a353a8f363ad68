"""Runs inside the machine: takes commands from the host, runs one after the other, streams what they say.

Standard library only: the machine has not shown yet that anything else works. `python3 -m … FD`, where FD is
an open descriptor of the stream to the host: a virtio port in a guest, a socket in the tests of this package.
A command finds the number of one more descriptor, a stream socket, in FULL_KERNEL_EVENTS. A JSON line written
there reaches the host, and is answered with one byte once it has left the machine: what is done after that
cannot lose it.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from integration.fullkernel.transport import CHUNK, LineDecoder, Message, encode

EVENTS = "FULL_KERNEL_EVENTS"
NO_SUCH_COMMAND = 127
LAST_WORDS = 2.0  # seconds for output that arrives after its command ended


class Port:
    """The stream to the host. Several threads write whole lines to it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()

    def send(self, message: Message) -> None:
        data = memoryview(encode(message))
        with self._lock:
            while data:
                data = data[os.write(self._descriptor, data) :]

    def messages(self) -> Iterator[Message]:
        """Until the host closes its end."""
        decoder = LineDecoder()
        while data := os.read(self._descriptor, CHUNK):
            yield from decoder.feed(data)


def serve(port: Port) -> None:
    """Say hello, then do as told until the host goes or says to power off."""
    port.send({"hello": {"kernel": platform.release(), "python": platform.python_version()}})
    for message in port.messages():
        if "poweroff" in message:
            return
        number = message["run"]
        try:
            status = _run(port, message)
        except OSError as error:
            port.send({"run": number, "output": f"cannot run {message['argv']}: {error}\n"})
            status = NO_SUCH_COMMAND
        port.send({"run": number, "exit": status})


def _run(port: Port, request: Message) -> int:
    number = request["run"]
    for name, text in request.get("files", {}).items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)
    said, says = os.pipe()
    told, tells = socket.socketpair()
    try:
        child = subprocess.Popen(
            request["argv"],
            cwd=request.get("cwd"),
            env={**os.environ, **request.get("env", {}), EVENTS: str(tells.fileno())},
            stdin=subprocess.DEVNULL,
            stdout=says,
            stderr=says,
            pass_fds=(tells.fileno(),),
        )
    finally:
        os.close(says)
        tells.close()
    # Each thread owns its stream: what a command left running may hold the other end for as long as it likes.
    pumps = [
        threading.Thread(target=_pump_output, args=(port, number, said), daemon=True),
        threading.Thread(target=_pump_events, args=(port, number, told), daemon=True),
    ]
    for pump in pumps:
        pump.start()
    status = child.wait()
    deadline = time.monotonic() + LAST_WORDS
    for pump in pumps:
        pump.join(max(0.0, deadline - time.monotonic()))
    return status


def _pump_output(port: Port, number: int, descriptor: int) -> None:
    with os.fdopen(descriptor, "rb", buffering=0) as stream:
        while data := stream.read(CHUNK):
            port.send({"run": number, "output": data.decode(errors="replace")})


def _pump_events(port: Port, number: int, told: socket.socket) -> None:
    with told, told.makefile("rb") as lines, contextlib.suppress(ConnectionError):
        for line in lines:
            port.send({"run": number, "event": json.loads(line)})
            told.sendall(b"\n")


if __name__ == "__main__":
    serve(Port(int(sys.argv[1])))
