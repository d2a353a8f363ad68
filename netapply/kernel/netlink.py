"""A route netlink socket: dumps in one go, thousands of messages in one send.

rtnetlink works through a send synchronously and answers each failed message with an error that carries
its sequence number, asked or not; so only the last message of a send asks for an acknowledgement, and
everything without an error before it has succeeded.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Sequence
from typing import Final, NamedTuple, Self

from netapply.errors import KernelError
from netapply.kernel.wire import message as m

SOL_NETLINK: Final = 270
NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK = 10, 11, 12
SO_SNDBUFFORCE, SO_RCVBUFFORCE, SO_NETNS_COOKIE = 32, 33, 71
NLMSGERR_ATTR_MSG: Final = 1
BUFFER: Final = 32 << 20
"""Socket buffers, bytes: room for the answers to one full send."""
SEND_AT_ONCE: Final = 512 << 10
"""Bytes in one send; the kernel copies them into one allocation."""
PATIENCE: Final = 60.0
"""Seconds that the kernel may take for one send."""
DUMP_TRIES: Final = 8
"""How often a dump that raced with a change is taken again (NLM_F_DUMP_INTR)."""


class Refusal(NamedTuple):
    """The kernel's answer to one message that it did not carry out."""

    number: int
    code: int
    ack: str


class Netlink:
    """A socket in the network namespace that the thread is in when the socket is made."""

    def __init__(self, protocol: int = socket.NETLINK_ROUTE) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
        self._sequence = 0
        for option in (NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK):
            self._socket.setsockopt(SOL_NETLINK, option, 1)
        for forced, plain in ((SO_SNDBUFFORCE, socket.SO_SNDBUF), (SO_RCVBUFFORCE, socket.SO_RCVBUF)):
            self._enlarge(forced, plain)
        self._socket.settimeout(PATIENCE)
        self._socket.bind((0, 0))

    def _enlarge(self, forced: int, plain: int) -> None:
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, forced, BUFFER)
        except PermissionError:
            self._socket.setsockopt(socket.SOL_SOCKET, plain, BUFFER)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    @property
    def namespace_cookie(self) -> int:
        """A number that no other network namespace gets until reboot (since Linux 5.14; 0 before)."""
        try:
            raw = self._socket.getsockopt(socket.SOL_SOCKET, SO_NETNS_COOKIE, 8)
        except OSError:
            return 0
        return int(struct.unpack("=Q", raw)[0])

    def dump(self, kind: int, body: bytes) -> list[bytes]:
        """Payloads (behind the netlink header) of all messages of one consistent dump."""
        for _ in range(DUMP_TRIES):
            answers = self._dump_once(kind, body)
            if answers is not None:
                return answers
        raise KernelError("read the network: it changed during every one of several dumps", errno.EAGAIN)

    def _dump_once(self, kind: int, body: bytes) -> list[bytes] | None:
        self._sequence += 1
        request = m.HEADER.pack(16 + len(body), kind, m.NLM_F_REQUEST | m.NLM_F_DUMP, self._sequence, 0) + body
        self._say(request)
        answers: list[bytes] = []
        whole = True
        while True:
            for code, flags, sequence, payload in self._receive():
                if sequence != self._sequence:
                    continue  # what is left of an exchange that an error ended
                if flags & m.NLM_F_DUMP_INTR:
                    whole = False
                if code > m.NLMSG_DONE:  # an answer: the control messages have the lowest numbers
                    answers.append(payload)
                elif code == m.NLMSG_DONE:
                    _raise_if_broken_off(payload, flags)
                    return answers if whole else None
                elif code == m.NLMSG_ERROR:
                    raise KernelError("read the network", *_parse_error(payload, flags))

    def _say(self, data: bytes) -> None:
        try:
            self._socket.send(data)
        except OSError as error:
            raise _lost(error) from None

    def _hear(self) -> bytes:
        try:
            return self._socket.recv(1 << 20)
        except OSError as error:
            self._make_room()
            raise _lost(error) from None

    def _make_room(self) -> None:
        """Throw away the answers that did fit: the next exchange, an undo, begins with an empty buffer."""
        self._socket.setblocking(False)
        for _ in range(BUFFER // 256):
            try:
                self._socket.recv(1 << 20)
            except BlockingIOError:
                break
            except OSError:
                continue
        self._socket.settimeout(PATIENCE)

    def _receive(self) -> list[tuple[int, int, int, bytes]]:
        """Type, flags, sequence and payload of each message of one datagram that answers us."""
        data = self._hear()
        start, end, unpack, own = 0, len(data) - 16, m.HEADER.unpack_from, self._sequence
        found = []
        while start <= end:
            size, kind, flags, sequence, _ = unpack(data, start)
            if 0 < sequence <= own:
                found.append((kind, flags, sequence, data[start + 16 : start + size]))
            start += (size + 3) & ~3
        return found

    def transact(self, messages: Sequence[bytearray]) -> list[Refusal]:
        """Send independent messages; the refused ones come back, the rest has been carried out."""
        refusals: list[Refusal] = []
        start = 0
        while start < len(messages):
            end = _fitting(messages, start)
            refusals += self._send(messages, start, end)
            start = end
        return refusals

    def _send(self, messages: Sequence[bytearray], start: int, end: int) -> list[Refusal]:
        first = self._sequence + 1
        self._sequence += end - start
        for offset in range(start, end):
            struct.pack_into("=I", messages[offset], 8, first + offset - start)
        last = messages[end - 1]
        struct.pack_into("=H", last, 6, struct.unpack_from("=H", last, 6)[0] | m.NLM_F_ACK)
        self._say(b"".join(messages[start:end]))
        refusals = []
        while True:
            for kind, flags, sequence, payload in self._receive():
                if kind != m.NLMSG_ERROR or sequence < first:
                    continue
                code, ack = _parse_error(payload, flags)
                if code:
                    refusals.append(Refusal(start + sequence - first, code, ack))
                if sequence == self._sequence:
                    return refusals


def _fitting(messages: Sequence[bytearray], start: int) -> int:
    """Where a send that begins at `start` ends: at least one message, at most SEND_AT_ONCE bytes."""
    size, end = 0, start
    while end < len(messages) and (end == start or size + len(messages[end]) <= SEND_AT_ONCE):
        size += len(messages[end])
        end += 1
    return end


def _lost(error: OSError) -> KernelError:
    """Answers that did not fit (ENOBUFS), or did not come: what was asked may have been done, or not."""
    return KernelError("talk to the kernel", error.errno or errno.ETIMEDOUT)


def _raise_if_broken_off(payload: bytes, flags: int) -> None:
    """A dump that fails on the way ends with the error in its last message (netlink_dump_done)."""
    code = -struct.unpack_from("=i", payload)[0] if len(payload) >= 4 else 0
    if code > 0:
        raise KernelError("read the network", code, _text_of_ack(payload, 4) if flags & m.NLM_F_ACK_TLVS else "")


def _parse_error(payload: bytes, flags: int) -> tuple[int, str]:
    """Errno and extended acknowledgement of an NLMSG_ERROR (RFC 3549, netlink(7))."""
    code = -struct.unpack_from("=i", payload)[0]
    if not flags & m.NLM_F_ACK_TLVS:
        return code, ""
    request_size = struct.unpack_from("=I", payload, 4)[0]
    start = 20 if flags & m.NLM_F_CAPPED else 4 + ((request_size + 3) & ~3)
    return code, _text_of_ack(payload, start)


def _text_of_ack(payload: bytes, start: int) -> str:
    for number, value in m.attributes(payload, start, len(payload)):
        if number == NLMSGERR_ATTR_MSG:
            return value.rstrip(b"\0").decode(errors="replace")
    return ""
