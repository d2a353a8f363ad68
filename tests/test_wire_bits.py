"""Rows that share a number, and rows that fill two attributes."""

from __future__ import annotations

import pytest

from netapply.kernel.link_codec import codec_of
from netapply.kernel.wire.bits import RAW_LENGTH
from netapply.model.attribute import Value

CSUM, KEY, SEQ = 0x8000, 0x2000, 0x1000


@pytest.mark.parametrize(
    ("rows", "sent"),
    [
        ({"icsum": True, "iseq": False}, {"IFLA_GRE_IFLAGS": CSUM}),
        ({"icsum": True, "iseq": True, "ikey": 5}, {"IFLA_GRE_IFLAGS": CSUM | SEQ | KEY, "ikey": 5}),
        ({"ikey": 0}, {"IFLA_GRE_IFLAGS": KEY, "ikey": 0}),
        ({"ikey": None}, {"IFLA_GRE_IFLAGS": 0}),
        ({"ttl": 9}, {"ttl": 9}),
        ({"okey": 7, "encap_csum6": True}, {"IFLA_GRE_OFLAGS": KEY, "okey": 7, "IFLA_IPTUN_ENCAP_FLAGS": 2}),
    ],
)
def test_bits_are_gathered_in_one_number(rows: dict[str, Value], sent: dict[str, Value]) -> None:
    assert codec_of("gre").bits.joined(rows) == sent


@pytest.mark.parametrize(
    ("seen", "rows"),
    [
        ({"IFLA_GRE_IFLAGS": CSUM, "ikey": 0}, {"icsum": True, "iseq": False, "ikey": None}),
        ({"IFLA_GRE_IFLAGS": KEY | SEQ, "ikey": 0}, {"icsum": False, "iseq": True, "ikey": 0}),
    ],
)
def test_a_number_is_taken_apart(seen: dict[str, Value], rows: dict[str, Value]) -> None:
    attributes = {**codec_of("gre").absent, **seen}
    codec_of("gre").bits.split(attributes)
    assert {name: attributes[name] for name in rows} == rows
    assert "IFLA_GRE_IFLAGS" not in attributes


def test_fields_wider_than_a_bit_keep_their_place() -> None:
    rows = {"tclass": 0xB8, "flowlabel": 0x12345}
    joined = codec_of("ip6tnl").bits.joined(rows)
    assert joined == {"IFLA_IPTUN_FLOWINFO": 0x0B812345}
    codec_of("ip6tnl").bits.split(joined)
    assert {name: joined[name] for name in rows} == rows


def test_a_prefix_and_its_length_are_two_attributes() -> None:
    bits = codec_of("sit").bits
    joined = bits.joined({"ip6rd_prefix": "2001:db8::/32"})
    assert joined == {"ip6rd_prefix": "2001:db8::", RAW_LENGTH + "ip6rd_prefix": 32}
    attributes = {**codec_of("sit").absent, **joined, "ip6rd_relay_prefix": None}
    bits.split(attributes)
    assert attributes["ip6rd_prefix"] == "2001:db8::/32"


def test_what_the_kernel_does_not_send_reads_as_its_default() -> None:
    attributes = dict(codec_of("ip6gre").absent)
    codec_of("ip6gre").bits.split(attributes)
    assert attributes["tclass_inherit"] is False and attributes["tclass"] == 0 and attributes["ikey"] is None
