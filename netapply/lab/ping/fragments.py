"""IPv4 packets cut to fit a link, and put together again (RFC 791, 3.2)."""

from __future__ import annotations

from netapply.lab.layers import IP, Packet, Raw

_HEADER = 20  # bytes; packets built here have no options


def cut(packet: Packet, mtu: int) -> list[Packet]:
    """A packet as fragments of at most `mtu` bytes each; just the packet if it fits."""
    built = bytes(packet)
    if len(built) <= mtu:
        return [packet]
    data, whole = built[_HEADER:], IP(built)
    step = (mtu - _HEADER) // 8 * 8  # offsets count in units of eight bytes
    return [
        IP(
            src=whole.src,
            dst=whole.dst,
            id=whole.id,
            ttl=whole.ttl,
            proto=whole.proto,
            flags="MF" if offset + step < len(data) else 0,
            frag=offset // 8,
        )
        / Raw(data[offset : offset + step])
        for offset in range(0, len(data), step)
    ]


class Reassembly:
    """Collects one sender's packets; they may come in pieces and in any order."""

    def __init__(self) -> None:
        self._pieces: dict[int, dict[int, tuple[bytes, bool]]] = {}  # by identification, then offset

    def add(self, header: Packet) -> bytes | None:
        """The whole IP payload, if this packet (from its IP header on) is all of it or its missing piece."""
        data = bytes(header.payload)[: header.len - header.ihl * 4]  # what follows is Ethernet's padding
        pieces = self._pieces.setdefault(header.id, {})
        pieces[header.frag * 8] = (data, bool(header.flags.MF))
        whole = _joined(pieces)
        if whole is not None:
            del self._pieces[header.id]
        return whole


def _joined(pieces: dict[int, tuple[bytes, bool]]) -> bytes | None:
    whole = b""
    while len(whole) in pieces:
        data, more = pieces[len(whole)]
        whole += data
        if not more:
            return whole
        if not data:
            break  # an empty piece that promises more leads nowhere
    return None
