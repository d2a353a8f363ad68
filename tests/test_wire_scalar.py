"""Primitive values to bytes and back, for every type that a definition may have."""

from __future__ import annotations

import ipaddress
import os
import struct
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from netapply.kernel.wire.scalar import SCALARS, pack_ip, unpack_ip, unpack_text
from netapply.model.values import ip_address

SOAK = "NETAPPLY_SOAK" in os.environ
PLENTY = settings(max_examples=3_000 if SOAK else 100, deadline=None, derandomize=not SOAK)
"""For every test of the wire: the same cases each time, however busy the machine is."""
INTEGERS = {
    "uint8": (1, 0, 2**8 - 1), "uint16": (2, 0, 2**16 - 1), "uint32": (4, 0, 2**32 - 1), "uint64": (8, 0, 2**64 - 1),
    "int32": (4, -(2**31), 2**31 - 1), "be16": (2, 0, 2**16 - 1), "be32": (4, 0, 2**32 - 1),
}  # fmt: skip
ADDRESSES = {
    "ip4addr": st.ip_addresses(v=4), "ip6addr": st.ip_addresses(v=6), "ipaddr": st.ip_addresses(),
    "target": st.ip_addresses(),
}  # fmt: skip
OTHERS = {"asciiz", "l2addr", "flag"}
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


def test_every_type_is_tested_here() -> None:
    assert SCALARS.keys() == INTEGERS.keys() | ADDRESSES.keys() | OTHERS


@pytest.mark.parametrize("kind", INTEGERS)
@PLENTY
@given(data=st.data())
def test_an_integer_comes_back(kind: str, data: st.DataObject) -> None:
    pack, unpack = SCALARS[kind]
    size, low, high = INTEGERS[kind]
    value = data.draw(st.integers(low, high))
    packed = pack(value)
    assert len(packed) == size
    assert unpack(packed) == value
    assert unpack(packed + b"more") == value
    assert packed == value.to_bytes(size, "big" if kind.startswith("be") else "little", signed=kind == "int32")


@pytest.mark.parametrize("kind", INTEGERS)
def test_an_integer_out_of_range_is_no_other_integer(kind: str) -> None:
    pack, _ = SCALARS[kind]
    _, low, high = INTEGERS[kind]
    for value in (low - 1, high + 1):
        with pytest.raises(struct.error):
            pack(value)


@pytest.mark.parametrize("kind", ADDRESSES)
@PLENTY
@given(data=st.data())
def test_an_address_comes_back_in_canonical_text(kind: str, data: st.DataObject) -> None:
    pack, unpack = SCALARS[kind]
    address = data.draw(ADDRESSES[kind])
    packed = pack(str(address))
    assert packed == address.packed
    assert ipaddress.ip_address(unpack(packed)) == address
    assert unpack(pack(unpack(packed))) == unpack(packed)


@PLENTY
@given(st.ip_addresses() | st.integers(0, 2**33).map(ipaddress.IPv6Address))
@example(ipaddress.IPv6Address("::1:0"))
@example(ipaddress.IPv6Address("::ffff:102:304"))
def test_a_file_and_a_message_spell_an_address_alike(address: Any) -> None:
    """Else a wish would never equal what is observed: inet_ntop(3) writes a few IPv6 addresses with dots."""
    assert ip_address(str(address)) == unpack_ip(address.packed)


def test_the_spelling_is_canonical() -> None:
    assert unpack_ip(pack_ip("2001:DB8:0:0::1")) == "2001:db8::1"
    assert unpack_ip(pack_ip("::ffff:192.0.2.1")) == "::ffff:192.0.2.1"
    with pytest.raises(OSError, match="illegal IP address"):
        pack_ip("192.0.2")


@PLENTY
@given(TEXT)
def test_text_comes_back(text: str) -> None:
    pack, unpack = SCALARS["asciiz"]
    assert pack(text).endswith(b"\0")
    assert unpack(pack(text)) == text
    assert unpack(pack(text)[:-1]) == text


@PLENTY
@given(st.binary())
def test_text_of_any_bytes_can_be_printed_and_ends_at_its_nul(data: bytes) -> None:
    text = unpack_text(data)
    assert text.encode().decode() == text
    assert unpack_text(data + b"\0tail") == text


def test_bytes_that_are_no_text_are_told_apart() -> None:
    assert unpack_text(b"br\xff") == r"br\xff"
    assert unpack_text(b"br\xfe") != unpack_text(b"br\xff")


@PLENTY
@given(st.binary(min_size=6, max_size=6))
def test_a_link_layer_address_comes_back(data: bytes) -> None:
    pack, unpack = SCALARS["l2addr"]
    text = unpack(data)
    assert pack(text) == data
    assert len(text) == 17


def test_a_flag_is_its_presence() -> None:
    pack, unpack = SCALARS["flag"]
    assert pack(True) == b""
    assert unpack(b"") is True
