"""VLAN tags in bytes: what is put in is read out, and what the kernel took out comes back."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netapply.errors import LabError
from netapply.lab.tags import Tag, insert, read, restore, same_vlan, stack

ADDRESSES = bytes(range(12))
PLAIN = ADDRESSES + b"\x08\x00" + b"payload"

some_tags = st.builds(
    Tag,
    vid=st.integers(0, 4094),
    protocol=st.sampled_from(["802.1q", "802.1ad"]),
    priority=st.integers(0, 7),
)


def auxdata(status: int, control: int, ethertype: int) -> bytes:
    """struct tpacket_auxdata, linux/if_packet.h."""
    return struct.pack("=IIIHHHH", status, 60, 60, 0, 14, control, ethertype)


@given(st.lists(some_tags, max_size=4))
def test_inserted_tags_are_read_back(tags: list[Tag]) -> None:
    tagged = insert(PLAIN, tags)
    assert read(tagged) == tuple(tags)
    assert tagged.startswith(ADDRESSES)
    assert tagged.endswith(PLAIN[12:])


@given(st.binary(max_size=64))
def test_any_bytes_can_be_read(data: bytes) -> None:
    assert len(read(data)) <= len(data) // 4


@given(some_tags, st.lists(some_tags, max_size=2))
def test_the_stripped_tag_comes_back_outermost(outer: Tag, inner: list[Tag]) -> None:
    stripped = insert(PLAIN, inner)
    side_channel = auxdata(0x51, outer.priority << 13 | outer.vid, outer.ethertype)
    assert restore(stripped, side_channel) == insert(PLAIN, [outer, *inner])


def test_a_frame_without_a_tag_stays_as_it_is() -> None:
    assert restore(PLAIN, auxdata(0x01, 0, 0)) == PLAIN


def test_a_kernel_that_does_not_tell_the_protocol_means_802_1q() -> None:
    assert read(restore(PLAIN, auxdata(0x11, 100, 0))) == (Tag(100),)


def test_a_number_is_a_plain_tag_and_a_sequence_is_a_stack() -> None:
    assert stack(None) == ()
    assert stack(100) == (Tag(100),)
    assert stack((Tag(20, "802.1ad"), 100)) == (Tag(20, "802.1ad"), Tag(100))


def test_the_same_vlan_differs_in_priority_only() -> None:
    assert same_vlan([Tag(100, priority=5)], [Tag(100)])
    assert not same_vlan([Tag(100)], [Tag(101)])
    assert not same_vlan([Tag(100)], [Tag(100, "802.1ad")])
    assert not same_vlan([Tag(100)], [])


@pytest.mark.parametrize("vid", [-1, 4095])
def test_a_vlan_id_out_of_range_is_refused(vid: int) -> None:
    with pytest.raises(LabError, match=f"cannot tag a frame with VLAN {vid}"):
        stack(vid)


def test_a_priority_out_of_range_is_refused() -> None:
    with pytest.raises(LabError, match="cannot tag a frame with priority 8"):
        Tag(1, priority=8)
