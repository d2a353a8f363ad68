"""Name and place of a device's driver, which no netlink message tells (ethtool(8) -i; net/ethtool/ioctl.c).

Through a socket, and not through /sys, which shows the namespace in which it was mounted.
"""

from __future__ import annotations

import fcntl
import re
import socket
import struct
from array import array
from collections.abc import Iterable
from typing import Final

from netapply.kernel.wire.scalar import unpack_text
from netapply.model.resource import Resource

SIOCETHTOOL, ETHTOOL_GDRVINFO = 0x8946, 0x3
DRIVER_INFO: Final = struct.Struct("=I32s32s32s32s32s12s5I")
INTERFACE_REQUEST: Final = struct.Struct("=16sQ16x")
"""struct ifreq: the name, and the address of the answer (64 bits)."""
PCI: Final = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")


def add_drivers(found: Iterable[Resource]) -> None:
    """Add the facts `driver` and `pci` to every link whose driver tells them."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as control:
        for item in found:
            if item.family == "link":
                _add_driver(control, item)


def _add_driver(control: socket.socket, link: Resource) -> None:
    answer = array("B", bytes(DRIVER_INFO.size))
    struct.pack_into("=I", answer, 0, ETHTOOL_GDRVINFO)
    try:
        fcntl.ioctl(control, SIOCETHTOOL, INTERFACE_REQUEST.pack(link.name.encode(), answer.buffer_info()[0]))
    except OSError:
        return  # the loopback and the like have no driver that would answer
    _, driver, _, _, bus, *_ = DRIVER_INFO.unpack(answer)
    link.facts["driver"] = unpack_text(driver)
    place = unpack_text(bus)
    if PCI.fullmatch(place):
        link.facts["pci"] = place
