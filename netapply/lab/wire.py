"""Whole Ethernet frames in and out of one interface of a namespace (packet(7))."""

from __future__ import annotations

import errno
import fcntl
import select
import socket
import struct
import time
from dataclasses import dataclass
from types import TracebackType

from netapply.errors import LabError
from netapply.lab import namespace, tags

# linux/if_packet.h, linux/if_arp.h, linux/sockios.h, asm-generic/socket.h; not in Python's socket module
_SOL_PACKET = 263
_PACKET_AUXDATA = 8
_PACKET_IGNORE_OUTGOING = 23
_PACKET_STATISTICS = 6
_PACKET_OUTGOING = 4
_ETH_P_ALL = 0x0003
_ETHERNET_LIKE = (1, 772)  # ARPHRD_ETHER, ARPHRD_LOOPBACK
_SIOCGIFMTU = 0x8921
_SO_RCVBUFFORCE = 33

_LARGEST_FRAME = 1 << 17  # veth passes segments of up to 64 KiB uncut (GSO); room for those and headers
_BUFFER_BYTES = 8 << 20
_ANCILLARY = socket.CMSG_SPACE(tags.AUXDATA_SIZE)
_LINK_WENT_DOWN = (errno.ENETDOWN, errno.ENXIO, errno.ENODEV)


@dataclass(frozen=True, slots=True)
class Frame:
    """A received frame, tags included; `at` is in seconds of the monotonic clock, `time` since the epoch.

    A frame that this machine's own stack sent may hold a partial checksum: veth leaves it to hardware
    that is not there. So checksums in a frame prove nothing.
    """

    data: bytes
    outgoing: bool
    at: float
    time: float


class Wire:
    """A packet socket bound to one interface. Not promiscuous, yet it hears all frames: veth filters none."""

    def __init__(self, netns: str, interface: str, *, outgoing: bool = False) -> None:
        """Open in the namespace; with `outgoing` also hear what the namespace itself sends.

        Errors: LabError if the interface is not there or does not carry Ethernet frames.
        """
        self.interface = interface
        self._socket = namespace.call_in(netns, socket.socket, socket.AF_PACKET, socket.SOCK_RAW, 0)
        try:
            self._bind(netns, outgoing)
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> Wire:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def fileno(self) -> int:
        return self._socket.fileno()

    @property
    def mtu(self) -> int:
        """The interface's MTU in bytes, read now."""
        request = struct.pack("16si12x", self.interface.encode(), 0)
        answer = fcntl.ioctl(self._socket, _SIOCGIFMTU, request)
        return int(struct.unpack_from("16xi", answer)[0])

    def send(self, frame: bytes) -> None:
        """Send one frame. Errors: OSError (ENETDOWN, EMSGSIZE, ENXIO)."""
        self._socket.send(frame)

    def receive(self, until: float) -> Frame | None:
        """The next frame, or None when the monotonic clock says `until`."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        while (left := until - time.monotonic()) > 0:
            if poll.poll(left * 1000):
                frame = self.take()
                if frame is not None:
                    return frame
        return None

    def take(self) -> Frame | None:
        """A frame that has arrived already, or None. A link that went down is no error: it may come back."""
        try:
            data, ancillary, _, sender = self._socket.recvmsg(_LARGEST_FRAME, _ANCILLARY, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        except OSError as error:
            if error.errno in _LINK_WENT_DOWN:
                return None
            raise
        for level, kind, content in ancillary:
            if (level, kind) == (_SOL_PACKET, _PACKET_AUXDATA):
                data = tags.restore(data, content)
        return Frame(data, sender[2] == _PACKET_OUTGOING, time.monotonic(), time.time())

    def dropped(self) -> int:
        """Frames that the kernel could not queue for this socket since the last call."""
        _, drops = struct.unpack("II", self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8))
        return int(drops)

    def _bind(self, netns: str, outgoing: bool) -> None:
        self._socket.setsockopt(_SOL_PACKET, _PACKET_AUXDATA, 1)
        self._socket.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 0 if outgoing else 1)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_BYTES)
        try:
            self._socket.bind((self.interface, _ETH_P_ALL))
        except OSError as error:
            present = ", ".join(name for _, name in namespace.call_in(netns, socket.if_nameindex))
            raise LabError(
                f"cannot open {self.interface} in {netns}: {error.strerror}; interfaces there: {present}"
            ) from error
        _, _, _, hardware, address = self._socket.getsockname()
        if hardware not in _ETHERNET_LIKE:
            raise LabError(f"cannot open {self.interface} in {netns}: it does not carry Ethernet frames")
        self.mac: str = address.hex(":")
