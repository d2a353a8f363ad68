"""VLAN tags (IEEE 802.1Q and 802.1ad) as bytes in a frame, and in the kernel's side channel.

On receive the kernel takes the outermost tag out of every frame, also without the 8021q module
(skb_vlan_untag in net/core/skbuff.c), and tells it beside the frame as PACKET_AUXDATA (packet(7)).
`restore` puts it back, so that a frame reads as it was on the wire.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from netapply.errors import LabError

Protocol = Literal["802.1q", "802.1ad"]

_ETHERTYPE: dict[Protocol, int] = {"802.1q": 0x8100, "802.1ad": 0x88A8}
_PROTOCOL: dict[int, Protocol] = {number: name for name, number in _ETHERTYPE.items()}
_ADDRESSES = 12  # bytes of a frame before the first tag: two MAC addresses
_AUXDATA = struct.Struct("=IIIHHHH")  # struct tpacket_auxdata, linux/if_packet.h
_STATUS_VLAN_VALID = 1 << 4
_STATUS_VLAN_TPID_VALID = 1 << 6
AUXDATA_SIZE = _AUXDATA.size


@dataclass(frozen=True, slots=True)
class Tag:
    """One VLAN tag: `vid` 0 to 4094 (0 is a priority tag), `priority` (PCP) 0 to 7."""

    vid: int
    protocol: Protocol = "802.1q"
    priority: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.vid <= 4094:
            raise LabError(f"cannot tag a frame with VLAN {self.vid}: a VLAN id is 0 to 4094")
        if not 0 <= self.priority <= 7:
            raise LabError(f"cannot tag a frame with priority {self.priority}: a priority is 0 to 7")

    @property
    def ethertype(self) -> int:
        return _ETHERTYPE[self.protocol]


Vlan = int | Tag | Sequence[int | Tag]
"""One tag, or several with the outermost first; a bare number is an 802.1Q tag."""


def stack(vlan: Vlan | None) -> tuple[Tag, ...]:
    """The tags that a caller asked for, outermost first."""
    if vlan is None:
        return ()
    listed = [vlan] if isinstance(vlan, int | Tag) else vlan
    return tuple(Tag(one) if isinstance(one, int) else one for one in listed)


def insert(data: bytes, tags: Sequence[Tag]) -> bytes:
    """An untagged frame with tags put in."""
    packed = b"".join(struct.pack("!HH", tag.ethertype, tag.priority << 13 | tag.vid) for tag in tags)
    return data[:_ADDRESSES] + packed + data[_ADDRESSES:]


def read(data: bytes) -> tuple[Tag, ...]:
    """The tags at the front of a frame, outermost first."""
    found: list[Tag] = []
    offset = _ADDRESSES
    while len(data) >= offset + 4:
        ethertype, control = struct.unpack_from("!HH", data, offset)
        if ethertype not in _PROTOCOL or control & 0xFFF == 0xFFF:
            break
        found.append(Tag(control & 0xFFF, _PROTOCOL[ethertype], control >> 13))
        offset += 4
    return tuple(found)


def restore(data: bytes, auxdata: bytes) -> bytes:
    """A received frame with the tag that the kernel took out put back, if there was one."""
    status, _, _, _, _, control, ethertype = _AUXDATA.unpack_from(auxdata)
    if not status & _STATUS_VLAN_VALID:
        return data
    if not status & _STATUS_VLAN_TPID_VALID:
        ethertype = _ETHERTYPE["802.1q"]
    return data[:_ADDRESSES] + struct.pack("!HH", ethertype, control) + data[_ADDRESSES:]


def same_vlan(left: Sequence[Tag], right: Sequence[Tag]) -> bool:
    """True if two stacks lead to the same VLAN; priorities may differ."""
    return [(tag.protocol, tag.vid) for tag in left] == [(tag.protocol, tag.vid) for tag in right]
