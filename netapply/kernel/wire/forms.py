"""Forms on the wire that are more than one number, text or address, by the name that an attribute's row gives.

Each is a pair: a canonical value (model.attribute.Value) to the payload, and back.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, Final

from netapply.kernel.wire.message import attribute, attributes
from netapply.kernel.wire.scalar import SCALARS, Pack, Unpack, pack_ip, unpack_ip
from netapply.model.attribute import Value

QOS_MAPPING: Final = struct.Struct("=II")
IFLA_VLAN_QOS_MAPPING: Final = 1
IFLA_MACVLAN_MACADDR: Final = 4
_PACK_MAC, _UNPACK_MAC = SCALARS["l2addr"]


def _pack_mappings(pairs: Value) -> bytes:
    """Pairs like `1:3` as struct ifla_vlan_qos_mapping, each an attribute of its own."""
    numbers = (map(int, pair.split(":")) for pair in pairs or ())
    return b"".join(attribute(IFLA_VLAN_QOS_MAPPING, QOS_MAPPING.pack(*pair)) for pair in numbers)


def _unpack_mappings(data: bytes) -> Value:
    found = (QOS_MAPPING.unpack_from(payload) for _, payload in attributes(data, 0, len(data)))
    return tuple(f"{first}:{second}" for first, second in sorted(found)) or None


def _pack_macs(macs: Value) -> bytes:
    return b"".join(attribute(IFLA_MACVLAN_MACADDR, _PACK_MAC(mac)) for mac in macs or ())


def _unpack_macs(data: bytes) -> Value:
    return tuple(sorted(_UNPACK_MAC(payload) for _, payload in attributes(data, 0, len(data)))) or None


def _pack_addresses(addresses: Sequence[str]) -> bytes:
    """An array of nested attributes, numbered from 0, an address each."""
    return b"".join(attribute(number, pack_ip(address)) for number, address in enumerate(addresses))


def _unpack_addresses(data: bytes) -> tuple[str, ...]:
    return tuple(unpack_ip(payload) for _, payload in attributes(data, 0, len(data)))


_PORTS: Final = struct.Struct(">HH")


def _pack_ports(text: str) -> bytes:
    low, _, high = text.partition("-")
    return _PORTS.pack(int(low or 0), int(high or low or 0))


def _unpack_ports(data: bytes) -> str | None:
    """None where both are 0: the kernel's own range."""
    low, high = _PORTS.unpack_from(data)
    return (str(low) if low == high else f"{low}-{high}") if low or high else None


def _unpack_presence(data: Any) -> bool:
    """Some switches are sent without a value to be set, and with one when they are read."""
    return bool(data[0]) if data else True


FORMS: Final[dict[str, tuple[Pack, Unpack]]] = {
    "addresses": (_pack_addresses, _unpack_addresses),
    "hex64": (lambda text: bytes.fromhex(text or "0" * 16), lambda data: bytes(data).hex()),
    "mac": SCALARS["l2addr"],
    "ports": (_pack_ports, _unpack_ports),
    "presence": (lambda value: b"", _unpack_presence),
    "qos map": (_pack_mappings, _unpack_mappings),
    "mac list": (_pack_macs, _unpack_macs),
}
