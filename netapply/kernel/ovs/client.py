"""A connection to ovsdb-server: one method, `transact` (RFC 7047, 4.1.3), with a limit to every wait."""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Final, Self

from netapply.errors import KernelError, MissingError
from netapply.kernel.ovs import presence

Json = Any
LONGEST_ANSWER: Final = 10.0
"""Seconds; a database on a loaded host answers in milliseconds."""
UNKNOWN_ERROR: Final = 5
"""EIO: the database's errors are words, which follow."""


class Database:
    """One connection; MissingError where nobody answers, KernelError where a transaction is refused."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        self._asked = 0
        try:
            self._socket.settimeout(LONGEST_ANSWER)
            self._socket.connect(str(presence.socket_path()))
        except OSError as error:
            self._socket.close()
            raise presence.absent(error.strerror or str(error)) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._socket.close()

    @property
    def server(self) -> int:
        """The process at the other end (unix(7), SO_PEERCRED)."""
        data = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return int(struct.unpack("3i", data)[0])

    def transact(self, what: str, operations: list[Json]) -> list[Json]:
        """The results of all operations, which are carried out together or not at all; `what` is what an error
        says could not be done."""
        answer = self._call("transact", ["Open_vSwitch", *operations])
        results = answer["result"] or []
        for result in [*results, *([answer] if answer["error"] else [])]:
            if result and result.get("error"):
                details = result.get("details") or ""
                raise KernelError(what, UNKNOWN_ERROR, f"Open vSwitch's database says: {result['error']}: {details}")
        return results

    def _call(self, method: str, parameters: list[Json]) -> dict[str, Json]:
        self._asked += 1
        try:
            self._send({"method": method, "params": parameters, "id": self._asked})
            return self._answer()
        except TimeoutError:
            raise MissingError(
                f"cannot use Open vSwitch: its database on {presence.socket_path()} gave no answer for "
                f"{LONGEST_ANSWER:.0f} s; look at `systemctl status ovsdb-server`"
            ) from None
        except OSError as error:
            raise presence.absent(error.strerror or str(error)) from None

    def _send(self, message: dict[str, Json]) -> None:
        self._socket.sendall(json.dumps(message, separators=(",", ":")).encode())

    def _answer(self) -> dict[str, Json]:
        """The answer to the latest question. The server may ask as well, whether we are alive."""
        limit = time.monotonic() + LONGEST_ANSWER
        for message in self._messages(limit):
            if message.get("method") == "echo":
                self._send({"id": message["id"], "result": message["params"], "error": None})
            elif message.get("id") == self._asked:
                return message
        raise OSError("the connection was closed")

    def _messages(self, limit: float) -> Iterator[dict[str, Json]]:
        """Each JSON object of the stream; a large one comes in many pieces."""
        decoder, text = json.JSONDecoder(), b""
        while time.monotonic() < limit:
            piece = self._socket.recv(1 << 20)
            if not piece:
                return
            text += piece
            while text.endswith(b"}"):  # only then can it be whole
                try:
                    message, end = decoder.raw_decode(text.decode())
                except ValueError:
                    break
                text = text.decode()[end:].lstrip().encode()
                yield message
        raise TimeoutError
