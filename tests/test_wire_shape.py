"""Reading by shape yields what walking yields, whatever the bytes."""

from __future__ import annotations

import os
import struct

from hypothesis import given, settings
from hypothesis import strategies as some

from netapply.kernel.wire.message import attribute, attributes
from netapply.kernel.wire.shape import MOST_OF_A_SIZE, Shapes

HEADER = 8
WANTED = {1, 3}
_SOAK = "NETAPPLY_SOAK" in os.environ
_well_formed = some.builds(attribute, some.integers(0, 5), some.binary(max_size=9))
_messages = some.builds(
    lambda fixed, parts, rest, cut: (fixed + b"".join(parts) + rest)[: HEADER + cut],
    some.binary(min_size=HEADER, max_size=HEADER), some.lists(_well_formed, max_size=5), some.binary(max_size=5),
    some.integers(0, 80),
)  # fmt: skip


def walked(data: bytes) -> dict[int, bytes]:
    return dict(attributes(data, HEADER, len(data)))


@settings(max_examples=20_000 if _SOAK else 300, deadline=None)
@given(some.lists(_messages, min_size=1, max_size=20))
def test_any_messages(messages: list[bytes]) -> None:
    every, few = Shapes(HEADER), Shapes(HEADER, WANTED)
    for data in [*messages, *messages]:
        assert every.read(data) == walked(data)
        assert few.read(data) == {number: payload for number, payload in walked(data).items() if number in WANTED}


def test_values_are_of_the_message_that_is_read() -> None:
    """The second message has the shape of the first, and other values."""
    shapes = Shapes()
    for value in (1, 2, 3):
        data = attribute(4, struct.pack("=I", value)) + attribute(5, bytes([value, 0]))
        assert shapes.read(data) == {4: struct.pack("=I", value), 5: bytes([value, 0])}


def test_more_shapes_than_are_remembered() -> None:
    shapes = Shapes()
    for _ in range(2):
        for number in range(MOST_OF_A_SIZE * 3):
            assert shapes.read(attribute(number, b"four")) == {number: b"four"}
