"""Attributes of many alike messages: the places found once by walking, then read by one compiled unpack.

The messages of a dump repeat each other: the same attributes of the same sizes at the same places, with
other values. Walking all hundred attributes of a bridge in Python takes 17 µs; comparing the whole message, as
one number, with the attribute headers of a shape that is known already, and one unpack, take 4 µs.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection
from typing import Final, NamedTuple

from netapply.kernel.wire.message import ATTRIBUTE, TYPE_MASK, attributes

MOST_OF_A_SIZE: Final = 8
"""Shapes remembered for one size of message: more would cost as much to look through as a walk."""
MOST_SIZES: Final = 512


class Shape(NamedTuple):
    """Where the attributes of a message are: all headers as one number, and how to cut out the payloads."""

    mask: int
    headers: int
    numbers: tuple[int, ...]
    unpack: Callable[[bytes], tuple[bytes, ...]]


class Shapes:
    """Reads the attributes of one sort of message, those `wanted` (None: all), from `start` to its end."""

    def __init__(self, start: int = 0, wanted: Collection[int] | None = None) -> None:
        self._start, self._wanted = start, wanted
        self._known: dict[int, list[Shape]] = {}

    def read(self, data: bytes) -> dict[int, bytes]:
        """Payload by attribute number; the last one counts where a number is there twice."""
        known = self._known.get(len(data))
        if known is None:
            return self._walk(data)
        bits = int.from_bytes(data, "little")
        for mask, headers, numbers, unpack in known:
            if bits & mask == headers:
                return dict(zip(numbers, unpack(data), strict=True))
        return self._walk(data)

    def _walk(self, data: bytes) -> dict[int, bytes]:
        known = self._known.setdefault(len(data), []) if len(self._known) < MOST_SIZES else []
        if len(known) < MOST_OF_A_SIZE:
            known.append(_shape_of(data, self._start, self._wanted))
        wanted = self._wanted
        found = attributes(data, self._start, len(data))
        return {number: payload for number, payload in found if wanted is None or number in wanted}


def _shape_of(data: bytes, start: int, wanted: Collection[int] | None) -> Shape:
    layout, mask, numbers = [f"={start}x"], bytearray(len(data)), []
    end = start
    while end + 4 <= len(data):
        size, kind = ATTRIBUTE.unpack_from(data, end)
        mask[end : end + 4] = b"\xff\xff\xff\xff"
        if size < 4:
            break  # damaged; a sound message of this size is another shape
        payload = min(size, len(data) - end) - 4
        number = kind & TYPE_MASK
        taken = wanted is None or number in wanted
        numbers += [number] * taken
        padding = min(((size + 3) & ~3), len(data) - end) - 4 - payload
        layout.append(f"4x{payload}{'s' if taken else 'x'}{padding}x")
        end += 4 + payload + padding
    layout.append(f"{len(data) - end}x")
    everywhere = int.from_bytes(mask, "little")
    headers = int.from_bytes(data, "little") & everywhere
    return Shape(everywhere, headers, tuple(numbers), struct.Struct("".join(layout)).unpack)
