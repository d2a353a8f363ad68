"""ICMP and ICMPv6 errors (RFC 792, RFC 4443) that speak of a packet of ours."""

from __future__ import annotations

from ipaddress import ip_address

from netapply.lab.layers import (
    ICMP,
    IP,
    ICMPerror,
    ICMPv6DestUnreach,
    ICMPv6EchoRequest,
    ICMPv6PacketTooBig,
    ICMPv6TimeExceeded,
    IPerror,
    IPerror6,
    IPv6,
    Packet,
    TCPerror,
)
from netapply.lab.ping.outcome import Refusal

PORT_UNREACHABLE = "port unreachable"

_UNREACHABLE_4 = {
    0: "network unreachable",
    1: "host unreachable",
    2: "protocol unreachable",
    3: PORT_UNREACHABLE,
    4: "packet too big, fragmentation needed",
    9: "network prohibited",
    10: "host prohibited",
    13: "administratively prohibited",
}
_UNREACHABLE_6 = {
    0: "no route to destination",
    1: "administratively prohibited",
    3: "address unreachable",
    4: PORT_UNREACHABLE,
}


def read(packet: Packet, destination: str, number: int) -> Refusal | None:
    """The refusal in a packet, if it quotes a packet to `destination` with our `number`.

    The number is an echo's identifier or a TCP source port: what tells our packets from others'.
    """
    reader = _version_6 if ip_address(destination).version == 6 else _version_4
    return reader(packet, destination, number)


def _version_4(packet: Packet, destination: str, number: int) -> Refusal | None:
    if IPerror not in packet or packet[IPerror].dst != destination:
        return None
    quoted = packet[IPerror].payload
    if number not in (_field(quoted, ICMPerror, "id"), _field(quoted, TCPerror, "sport")):
        return None
    error, router = packet[ICMP], packet[IP].src
    if error.type == 11:
        return Refusal("time exceeded", router)
    if error.type != 3:
        return None
    text = _UNREACHABLE_4.get(error.code, f"unreachable, code {error.code}")
    return Refusal(text, router, error.nexthopmtu if error.code == 4 else None)


def _version_6(packet: Packet, destination: str, number: int) -> Refusal | None:
    if IPerror6 not in packet or ip_address(packet[IPerror6].dst) != ip_address(destination):
        return None
    quoted = packet[IPerror6].payload
    if number not in (_field(quoted, ICMPv6EchoRequest, "id"), _field(quoted, TCPerror, "sport")):
        return None
    router = packet[IPv6].src
    if ICMPv6PacketTooBig in packet:
        return Refusal("packet too big", router, packet[ICMPv6PacketTooBig].mtu)
    if ICMPv6TimeExceeded in packet:
        return Refusal("time exceeded", router)
    if ICMPv6DestUnreach in packet:
        code = packet[ICMPv6DestUnreach].code
        return Refusal(_UNREACHABLE_6.get(code, f"unreachable, code {code}"), router)
    return None


def _field(packet: Packet, layer: type[Packet], name: str) -> int | None:
    return int(packet.getfieldval(name)) if isinstance(packet, layer) else None
