"""Tunnels of routes: the text that is compared, and the bytes that are sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netapply.kernel.encap import TYPES, pack_encap, read_encap
from netapply.model.encap import ACTIONS, encap_text
from tests.test_wire_links import V4, V6
from tests.test_wire_scalar import PLENTY

BYTE = st.integers(0, 255)
LABELS = st.lists(st.integers(0, 2**20 - 1), min_size=1, max_size=4).map(lambda labels: "/".join(map(str, labels)))
IDS = st.integers(0, 2**64 - 1)
TEXTS = st.one_of(
    st.builds("mpls {} ttl {}".format, LABELS, BYTE),
    st.builds("ip tos {} dst {} src {} id {} key".format, BYTE, V4, V4, IDS),
    st.builds("ip6 csum dst {} hoplimit {} tc {} seq id {}".format, V6, BYTE, BYTE, IDS),
    st.builds("seg6 segs {} mode {}".format, st.lists(V6, min_size=1, max_size=5).map(",".join),
              st.sampled_from(("encap", "l2encap"))),
    st.builds("seg6local table {} nh4 {} nh6 {} vrftable 7 action {}".format, BYTE, V4, V6,
              st.sampled_from(sorted(ACTIONS))),
)  # fmt: skip


@PLENTY
@given(TEXTS)
def test_what_is_written_is_read_back(text: str) -> None:
    """Whatever the order of the words, and without those that say nothing."""
    canonical = encap_text(text)
    kind, data = pack_encap(canonical)
    assert kind == TYPES[canonical.partition(" ")[0]]
    assert read_encap(kind, data) == canonical
    assert encap_text(canonical) == canonical


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("mpls 16 ttl 0", "mpls 16"),
        ("ip ttl 0 dst 192.0.2.1 src 0.0.0.0 id 0", "ip dst 192.0.2.1"),
        ("seg6  segs FC00::1,fc00:0::2  mode encap", "seg6 mode encap segs fc00::1,fc00::2"),
        ("seg6local nh6 fe80::1 action End.X", "seg6local action End.X nh6 fe80::1"),
    ],
)
def test_one_thing_has_one_text(text: str, canonical: str) -> None:
    assert encap_text(text) == canonical


@pytest.mark.parametrize(
    "text",
    ["", "mpls", "mpls 1048576", "mpls 16 ttl", "ip id 7", "ip dst fc00::1", "ip6 dst 192.0.2.1", "seg6 mode encap",
     "seg6 mode inline segs fc00::1", "seg6local action End.X", "seg6local action End.Y", "seg6local action End.DT6",
     "vxlan id 7", "raw 6 00"],
)  # fmt: skip
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        encap_text(text)


def test_what_has_no_words_is_kept_as_it_came() -> None:
    """A tunnel of another sort, and one with an attribute that netapply does not know."""
    assert pack_encap(read_encap(6, b"\x08\x00\x01\x00abcd")) == (6, b"\x08\x00\x01\x00abcd")
    strange = b"\x05\x00\x63\x00\x01\x00\x00\x00"
    assert pack_encap(read_encap(TYPES["mpls"], strange)) == (TYPES["mpls"], strange)
