"""The scapy layers that the lab builds and reads, in one place.

Scapy takes a third of a second to import, and much more on a slow machine. So nothing that
`import netapply.lab` loads imports this; what needs it does when it is first called, and before it
starts a clock.
"""

from __future__ import annotations

from netapply.errors import LabError

try:
    from scapy.layers.inet import ICMP, IP, TCP, ICMPerror, IPerror, TCPerror
    from scapy.layers.inet6 import (
        ICMPv6DestUnreach,
        ICMPv6EchoReply,
        ICMPv6EchoRequest,
        ICMPv6ND_NA,
        ICMPv6ND_NS,
        ICMPv6NDOptDstLLAddr,
        ICMPv6NDOptSrcLLAddr,
        ICMPv6PacketTooBig,
        ICMPv6TimeExceeded,
        IPerror6,
        IPv6,
    )
    from scapy.layers.l2 import ARP, Ether
    from scapy.packet import Packet, Raw
except ModuleNotFoundError as error:
    raise LabError(
        f"cannot build packets: {error.name} is not installed; install netapply with its extra: netapply[lab]"
    ) from error

__all__ = [
    "ARP",
    "ICMP",
    "IP",
    "TCP",
    "Ether",
    "ICMPerror",
    "ICMPv6DestUnreach",
    "ICMPv6EchoReply",
    "ICMPv6EchoRequest",
    "ICMPv6NDOptDstLLAddr",
    "ICMPv6NDOptSrcLLAddr",
    "ICMPv6ND_NA",
    "ICMPv6ND_NS",
    "ICMPv6PacketTooBig",
    "ICMPv6TimeExceeded",
    "IPerror",
    "IPerror6",
    "IPv6",
    "Packet",
    "Raw",
    "TCPerror",
]
