"""Generic netlink: families that are numbered when they are loaded (include/uapi/linux/genetlink.h)."""

from __future__ import annotations

import errno
import struct
from typing import Final

from netapply.errors import KernelError
from netapply.kernel.netlink import Netlink
from netapply.kernel.wire import message as m
from netapply.kernel.wire.scalar import unpack_text

NETLINK_GENERIC: Final = 16
GENLMSGHDR: Final = struct.Struct("=BBH")
GENL_ID_CTRL: Final = 16
CTRL_CMD_GETFAMILY: Final = 3
CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 1, 2


class Generic(Netlink):
    """A generic netlink socket in the namespace that the thread is in, for one family."""

    def __init__(self, family: str) -> None:
        super().__init__(NETLINK_GENERIC)
        self._family = self._number_of(family)

    def _number_of(self, family: str) -> int:
        for answer in self.dump(GENL_ID_CTRL, GENLMSGHDR.pack(CTRL_CMD_GETFAMILY, 1, 0)):
            found = dict(m.attributes(answer, GENLMSGHDR.size, len(answer)))
            if unpack_text(found[CTRL_ATTR_FAMILY_NAME]) == family:
                return int(struct.unpack("=H", found[CTRL_ATTR_FAMILY_ID])[0])
        raise KernelError(f"talk to {family}: the kernel has no such family", errno.ENOENT)

    def ask(self, command: int, attributes: bytes) -> list[bytes]:
        """Attributes of each message of one dump."""
        answers = self.dump(self._family, GENLMSGHDR.pack(command, 1, 0) + attributes)
        return [answer[GENLMSGHDR.size :] for answer in answers]

    def message(self, command: int, attributes: bytes) -> bytearray:
        """A message of the family, for `transact`."""
        return m.message(self._family, 0, GENLMSGHDR.pack(command, 1, 0) + attributes)
