"""Framing: what is packed is found again, padding included, and no bytes at all make the reader stumble."""

from __future__ import annotations

import struct
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from netapply.kernel.wire import message as m
from netapply.kernel.wire.shape import MOST_OF_A_SIZE, Shapes

NUMBERS = st.integers(0, m.TYPE_MASK)
ATTRIBUTES = st.lists(st.tuples(NUMBERS, st.binary(max_size=40)), max_size=12)


def packed(items: list[tuple[int, bytes]]) -> bytes:
    return b"".join(m.attribute(number, payload) for number, payload in items)


def found(data: bytes, start: int = 0) -> list[tuple[int, bytes]]:
    return list(m.attributes(data, start, len(data)))


@given(ATTRIBUTES, st.binary(max_size=16))
def test_attributes_come_back_in_order(items: list[tuple[int, bytes]], head: bytes) -> None:
    data = head + packed(items)
    assert found(data, len(head)) == items


@given(NUMBERS, st.binary(max_size=64))
def test_an_attribute_is_aligned_and_says_its_size(number: int, payload: bytes) -> None:
    data = m.attribute(number, payload)
    size, kind = struct.unpack_from("=HH", data)
    assert (size, kind) == (4 + len(payload), number)
    assert len(data) % 4 == 0
    assert data[size:] == b"\0" * (len(data) - size)
    assert len(data) - size < 4


@given(NUMBERS, ATTRIBUTES)
def test_an_attribute_holds_attributes(number: int, items: list[tuple[int, bytes]]) -> None:
    data = m.nested(number, packed(items))
    assert struct.unpack_from("=H", data, 2)[0] & m.NESTED
    ((seen, inside),) = found(data)
    assert seen == number
    assert found(inside) == items


@given(st.binary(max_size=200), st.integers(0, 8))
def test_any_bytes_are_read_to_an_end(data: bytes, start: int) -> None:
    """A cut or damaged message gives fewer attributes, and never one that reaches beyond it."""
    assert sum(4 + len(payload) for _, payload in found(data, start)) <= max(0, len(data) - start) + 3


@given(st.integers(0, 2**16 - 1), st.integers(0, 2**16 - 1), st.binary(max_size=64))
def test_a_message_says_its_length_and_asks(kind: int, flags: int, body: bytes) -> None:
    data = m.message(kind, flags, body)
    assert m.HEADER.unpack_from(data) == (16 + len(body), kind, flags | m.NLM_F_REQUEST, 0, 0)
    assert data[16:] == body


@given(st.data(), st.lists(st.tuples(NUMBERS, st.integers(0, 12)), max_size=8), st.integers(0, 16))
def test_alike_messages_are_read_as_if_walked(data: st.DataObject, layout: list[tuple[int, int]], start: int) -> None:
    """The compiled reader, from the second message on, says what the walk says; with a choice, too."""
    wanted = data.draw(st.none() | st.sets(st.sampled_from([number for number, _ in layout] or [1])))
    shapes = Shapes(start, wanted)
    for _ in range(4):
        head = data.draw(st.binary(min_size=start, max_size=start))
        body = head + packed([(number, data.draw(st.binary(min_size=n, max_size=n))) for number, n in layout])
        walked = {number: payload for number, payload in found(body, start) if wanted is None or number in wanted}
        assert shapes.read(body) == walked


@given(st.lists(st.binary(max_size=64), min_size=2, max_size=20))
def test_unlike_messages_do_not_mislead_each_other(messages: list[bytes]) -> None:
    shapes = Shapes()
    for data in (*messages, *messages):
        assert shapes.read(data) == dict(found(data))


def test_more_shapes_than_are_remembered_are_read_all_the_same() -> None:
    shapes = Shapes()
    messages = [m.attribute(number, bytes([number])) for number in range(3 * MOST_OF_A_SIZE)]
    for before, after in pairwise((*messages, *messages)):
        assert shapes.read(before) == dict(found(before))
        assert shapes.read(after) == dict(found(after))
