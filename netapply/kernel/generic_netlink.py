"""Generic netlink: families of messages with a number of the moment (genetlink(7), net/netlink/genetlink.c).

Several questions go out in one send, each about one device: what that costs depends on what a file names,
not on how many devices the host has.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

from netapply.kernel.netlink import Netlink, Refusal, parse_error
from netapply.kernel.wire import message as m

NETLINK_GENERIC: Final = 16
"""Python's socket module lacks it."""
GENERIC_HEADER: Final = struct.Struct("=BBH")
GENL_ID_CTRL, CTRL_CMD_GETFAMILY = 16, 3
CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 1, 2
AT_ONCE: Final = 256
"""Questions in one send: their answers must fit into the socket's buffer."""


class Answers(NamedTuple):
    """What the kernel said to each question, by its number: attributes, or a refusal."""

    said: dict[int, bytes]
    refused: dict[int, Refusal]


class GenericNetlink(Netlink):
    """A socket for generic netlink, in the network namespace that the thread is in when it is made."""

    def __init__(self) -> None:
        super().__init__(NETLINK_GENERIC)

    def family(self, name: str) -> int | None:
        """The number of a family; None where this kernel does not have it."""
        body = m.attribute(CTRL_ATTR_FAMILY_NAME, name.encode() + b"\0")
        answers = self.ask([request(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, body)])
        for number, payload in m.attributes(answers.said.get(0, b""), 0, len(answers.said.get(0, b""))):
            if number == CTRL_ATTR_FAMILY_ID:
                return int(struct.unpack_from("=H", payload)[0])
        return None

    def ask(self, questions: Sequence[bytearray]) -> Answers:
        """Put questions, each about one thing; the kernel works through them in order."""
        answers = Answers({}, {})
        for start in range(0, len(questions), AT_ONCE):
            self._ask(questions[start : start + AT_ONCE], start, answers)
        return answers

    def _ask(self, questions: Sequence[bytearray], start: int, answers: Answers) -> None:
        first = self._sequence + 1
        self._sequence += len(questions)
        for offset, question in enumerate(questions):
            struct.pack_into("=I", question, 8, first + offset)
        last = questions[-1]
        struct.pack_into("=H", last, 6, struct.unpack_from("=H", last, 6)[0] | m.NLM_F_ACK)
        self._say(b"".join(questions))
        done = False
        while not done:
            for kind, flags, sequence, payload in self._receive():
                if sequence < first:
                    continue  # what is left of an exchange that an error ended
                number = start + sequence - first
                if kind != m.NLMSG_ERROR:
                    answers.said[number] = payload[GENERIC_HEADER.size :]
                    continue
                code, ack = parse_error(payload, flags)
                if code:
                    answers.refused[number] = Refusal(number, code, ack)
                done |= sequence == self._sequence


def request(family: int, command: int, body: bytes) -> bytearray:
    """One message; `transact` and `ask` number it."""
    return m.message(family, 0, GENERIC_HEADER.pack(command, 1, 0) + body)


def is_unsupported(refusal: Refusal) -> bool:
    """Whether the device has no such thing (or is gone), rather than that something went wrong."""
    return refusal.code in (errno.EOPNOTSUPP, errno.ENODEV)
