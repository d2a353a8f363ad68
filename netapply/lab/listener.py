"""A real TCP server in a namespace that tells each caller who it sees, and the call to ask it.

The answer names the caller's address as it arrived, so a test sees what NAT made of it.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from netapply.errors import LabError
from netapply.lab import namespace
from netapply.lab.background import Background, Stop

BANNER = "netapply-lab"
ANSWER_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a listener said: its banner, and the address and port from which it saw the call come."""

    banner: str
    peer_address: str
    peer_port: int


class Listener:
    """A listening socket in a namespace: its port, and the addresses of those who called, in order."""

    def __init__(self, listening: socket.socket, banner: str) -> None:
        self._socket = listening
        self._banner = banner
        self.port: int = listening.getsockname()[1]
        self.peers: list[str] = []

    def serve(self, stop: Stop) -> None:
        """Answer callers until told to stop."""
        while not stop():
            if stop.wait_for(self._socket.fileno()):
                self._answer_one()

    def _answer_one(self) -> None:
        try:
            caller, peer = self._socket.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return  # the caller left between poll and accept
        with caller:
            self.peers.append(peer[0])
            caller.settimeout(ANSWER_SECONDS)
            try:
                caller.sendall(f"{self._banner} {peer[0]} {peer[1]}\n".encode())
            except OSError:
                return  # the caller hung up first; nothing to tell it


@contextmanager
def listen(netns: str, port: int, address: str, banner: str) -> Iterator[Listener]:
    """Listen and answer until the `with` block ends. Errors: LabError if the address or port is not free."""
    with _listening_socket(netns, address, port) as listening:
        listener = Listener(listening, banner)
        with Background(f"listen-{netns}", listener.serve):
            yield listener


def ask(netns: str, address: str, port: int, timeout: float) -> Answer:
    """Connect from a namespace with its own TCP, read the listener's line.

    Errors: LabError if nothing answers within `timeout` seconds, or something else than a listener does.
    """
    doing = f"ask {address} port {port} from {netns}"
    client = namespace.call_in(netns, socket.socket, _family(address), socket.SOCK_STREAM)
    with client:
        client.settimeout(timeout)
        try:
            client.connect((address, port))
            line = client.makefile("r").readline()
        except OSError as error:
            raise LabError(f"cannot {doing}: {error.strerror or error}; is a listener running there?") from error
    words = line.split()
    if len(words) != 3:
        raise LabError(f"cannot {doing}: the answer {line!r} is not a lab listener's; another server has the port")
    return Answer(words[0], words[1], int(words[2]))


def _listening_socket(netns: str, address: str, port: int) -> socket.socket:
    listening = namespace.call_in(netns, socket.socket, _family(address), socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
        listening.listen()
    except OSError as error:
        listening.close()
        raise LabError(f"cannot listen on {address} port {port} in {netns}: {error.strerror}") from error
    listening.setblocking(False)
    return listening


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET
