"""Making tun and tap devices: by ioctl(2) on /dev/net/tun, as netlink refuses it (drivers/net/tun.c)."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from typing import Final

from netapply.errors import KernelError
from netapply.model.attribute import Value

DEVICE: Final = "/dev/net/tun"
TUNSETIFF, TUNSETPERSIST, TUNSETOWNER, TUNSETGROUP = 0x400454CA, 0x400454CB, 0x400454CC, 0x400454CE
IFF_TUN, IFF_TAP = 0x1, 0x2
IFF_MULTI_QUEUE, IFF_NO_PI, IFF_VNET_HDR, IFF_TUN_EXCL = 0x0100, 0x1000, 0x4000, 0x8000
IFREQ: Final = struct.Struct("=16sH22x")
"""struct ifreq: a name and flags, in the size that 64-bit kernels have."""
MADE_WITH: Final = frozenset({"mode", "owner", "user_group", "pi", "vnet_hdr", "multi_queue"})
"""Attributes that the making gives; everything else is set by netlink afterwards."""


def make(name: str, attributes: dict[str, Value]) -> None:
    """Make one persistent device. Raises KernelError where the kernel refuses, or something is called so."""
    try:
        descriptor = os.open(DEVICE, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise KernelError(f"create tun {name}: open {DEVICE}", error.errno or 0, "the driver tun is needed") from None
    try:
        fcntl.ioctl(descriptor, TUNSETIFF, IFREQ.pack(name.encode(), flags_of(attributes)))
        for request, attribute in ((TUNSETOWNER, "owner"), (TUNSETGROUP, "user_group")):
            if attributes.get(attribute) is not None:
                fcntl.ioctl(descriptor, request, _signed(attributes[attribute]))
        fcntl.ioctl(descriptor, TUNSETPERSIST, 1)
    except OSError as error:
        raise KernelError(f"create tun {name}", error.errno or 0) from None
    finally:
        os.close(descriptor)


def is_missing() -> bool:
    """Whether there is no such driver; asking loads its module. Nobody asks who may not: that is for the making."""
    try:
        os.close(os.open(DEVICE, os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        return error.errno in (errno.ENOENT, errno.ENODEV, errno.ENXIO)
    return False


def flags_of(attributes: dict[str, Value]) -> int:
    """The flags that ask for a device with these attributes, and for no other that is there already."""
    flags = IFF_TUN_EXCL | (IFF_TAP if attributes["mode"] == "tap" else IFF_TUN)
    flags |= 0 if attributes.get("pi") else IFF_NO_PI
    flags |= IFF_VNET_HDR if attributes.get("vnet_hdr") else 0
    return flags | (IFF_MULTI_QUEUE if attributes.get("multi_queue") else 0)


def _signed(number: int) -> int:
    """As the argument of ioctl(2), which Python takes for an int."""
    return number - 2**32 if number >= 2**31 else number
