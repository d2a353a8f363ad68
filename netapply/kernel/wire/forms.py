"""Forms on the wire that are more than one number, text or address, by the name that an attribute's row gives.

Each is a pair: a canonical value (model.attribute.Value) to the payload, and back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from netapply.kernel.wire.message import attribute, attributes
from netapply.kernel.wire.scalar import SCALARS, Pack, Unpack, pack_ip, unpack_ip


def _pack_addresses(addresses: Sequence[str]) -> bytes:
    """An array of nested attributes, numbered from 0, an address each."""
    return b"".join(attribute(number, pack_ip(address)) for number, address in enumerate(addresses))


def _unpack_addresses(data: bytes) -> tuple[str, ...]:
    return tuple(unpack_ip(payload) for _, payload in attributes(data, 0, len(data)))


FORMS: Final[dict[str, tuple[Pack, Unpack]]] = {
    "addresses": (_pack_addresses, _unpack_addresses),
    "mac": SCALARS["l2addr"],
    "presence": (lambda value: b"", lambda data: True),
}
