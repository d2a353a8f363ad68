"""IPv6 of links: read from the link dump, set by a message of its own (net/ipv6/addrconf.c, inet6_set_link_af).

A link that makes its addresses as any other is nothing to speak of, so most links have no such resource.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from netapply.kernel.links import IFINFOMSG, IFLA_AF_SPEC
from netapply.kernel.wire import message as m
from netapply.kernel.wire.definitions import INET6
from netapply.kernel.wire.scalar import pack_ip, unpack_ip
from netapply.model.attribute import Value
from netapply.model.resource import Resource
from netapply.plan.plan import Operation, Verb

AF_INET6: Final = 10
MODE, TOKEN = INET6["IFLA_INET6_ADDR_GEN_MODE"][0], INET6["IFLA_INET6_TOKEN"][0]
MODES: Final = ("eui64", "none", "stable_secret", "random")
NO_TOKEN: Final = bytes(16)
USUAL: Final[dict[str, Value]] = {"addrgen": "eui64", "token": None}


def read_inet6(settings: Mapping[str, bytes]) -> Iterator[Resource]:
    """The links whose IPv6 is not as usual, from each one's IFLA_AF_SPEC."""
    for link, data in settings.items():
        for family, inner in m.attributes(data, 0, len(data)):
            found = _read(inner) if family == AF_INET6 else USUAL
            if found != USUAL:
                yield Resource(("inet6", link), "inet6", found)


def _read(data: bytes) -> dict[str, Value]:
    found = dict(USUAL)
    for number, payload in m.attributes(data, 0, len(data)):
        if number == MODE and payload[0] < len(MODES):
            found["addrgen"] = MODES[payload[0]]
        elif number == TOKEN and payload != NO_TOKEN:
            found["token"] = unpack_ip(payload)
    return found


def encode_inet6(operation: Operation, indexes: dict[str, int]) -> list[bytearray]:
    """One message that sets what is named; taken away, it is as usual again."""
    attributes = operation.attributes
    if operation.verb is Verb.DELETE:
        attributes = {name: value for name, value in USUAL.items() if attributes.get(name) is not None}
    inner = b""
    if "addrgen" in attributes:
        inner += m.attribute(MODE, bytes([MODES.index(attributes["addrgen"])]))
    if "token" in attributes:
        inner += m.attribute(TOKEN, pack_ip(attributes["token"] or "::"))
    body = IFINFOMSG.pack(0, 0, indexes[operation.key[1]], 0, 0)
    return [m.message(m.RTM_NEWLINK, 0, body + m.nested(IFLA_AF_SPEC, m.nested(AF_INET6, inner)))]
