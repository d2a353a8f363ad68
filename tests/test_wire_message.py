"""Framing: what is packed is found again, padding included, and no bytes at all make the reader stumble."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from netapply.kernel.wire import message as m
from tests.test_wire_scalar import PLENTY

NUMBERS = st.integers(0, m.TYPE_MASK)
ATTRIBUTES = st.lists(st.tuples(NUMBERS, st.binary(max_size=40)), max_size=12)


def packed(items: list[tuple[int, bytes]]) -> bytes:
    return b"".join(m.attribute(number, payload) for number, payload in items)


def found(data: bytes, start: int = 0) -> list[tuple[int, bytes]]:
    return list(m.attributes(data, start, len(data)))


@PLENTY
@given(ATTRIBUTES, st.binary(max_size=16))
def test_attributes_come_back_in_order(items: list[tuple[int, bytes]], head: bytes) -> None:
    data = head + packed(items)
    assert found(data, len(head)) == items


@PLENTY
@given(NUMBERS, st.binary(max_size=64))
def test_an_attribute_is_aligned_and_says_its_size(number: int, payload: bytes) -> None:
    data = m.attribute(number, payload)
    size, kind = struct.unpack_from("=HH", data)
    assert (size, kind) == (4 + len(payload), number)
    assert len(data) % 4 == 0
    assert data[size:] == b"\0" * (len(data) - size)
    assert len(data) - size < 4


@PLENTY
@given(NUMBERS, ATTRIBUTES)
def test_an_attribute_holds_attributes(number: int, items: list[tuple[int, bytes]]) -> None:
    data = m.nested(number, packed(items))
    assert struct.unpack_from("=H", data, 2)[0] & m.NESTED
    ((seen, inside),) = found(data)
    assert seen == number
    assert found(inside) == items


@PLENTY
@given(st.binary(max_size=200), st.integers(0, 8))
def test_any_bytes_are_read_to_an_end(data: bytes, start: int) -> None:
    """A cut or damaged message gives fewer attributes, and never one that reaches beyond it."""
    assert sum(4 + len(payload) for _, payload in found(data, start)) <= max(0, len(data) - start) + 3


@PLENTY
@given(st.integers(0, 2**16 - 1), st.integers(0, 2**16 - 1), st.binary(max_size=64))
def test_a_message_says_its_length_and_asks(kind: int, flags: int, body: bytes) -> None:
    data = m.message(kind, flags, body)
    assert m.HEADER.unpack_from(data) == (16 + len(body), kind, flags | m.NLM_F_REQUEST, 0, 0)
    assert data[16:] == body
