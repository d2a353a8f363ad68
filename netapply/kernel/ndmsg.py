"""The header that forwarding entries and neighbours share (struct ndmsg, include/uapi/linux/neighbour.h)."""

from __future__ import annotations

import struct
from typing import Final

from netapply.kernel.wire import message as m
from netapply.kernel.wire.definitions import NEIGHBOUR
from netapply.kernel.wire.shape import Shapes

NDMSG: Final = struct.Struct("=BxxxiHBB")
"""Family, link, state, flags, type."""
STATE_AND_FLAGS: Final = struct.Struct("=HB")
STATE_OFFSET: Final = 8
NUD_REACHABLE, NUD_NOARP, NUD_PERMANENT = 0x02, 0x40, 0x80
NTF_SELF, NTF_MASTER, NTF_PROXY, NTF_EXT_LEARNED, NTF_OFFLOADED = 0x02, 0x04, 0x08, 0x10, 0x20
NTF_STICKY, NTF_ROUTER = 0x40, 0x80
STATIC: Final = NUD_NOARP | NUD_PERMANENT
SHAPES: Final = Shapes(NDMSG.size)
NDA_DST, NDA_LLADDR, NDA_VLAN = (NEIGHBOUR[name][0] for name in ("NDA_DST", "NDA_LLADDR", "NDA_VLAN"))
NDA_MASTER, NDA_PROTOCOL, NDA_NH_ID = (NEIGHBOUR[name][0] for name in ("NDA_MASTER", "NDA_PROTOCOL", "NDA_NH_ID"))


def request(kind: int, flags: int, header: tuple[int, int, int, int], attributes: bytes) -> bytearray:
    """One message; the header's parts are family, link, state and flags."""
    return m.message(kind, flags, NDMSG.pack(*header, 0) + attributes)
