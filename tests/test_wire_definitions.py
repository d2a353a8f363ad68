"""The generated numbers are those of pyroute2, and every attribute that a table names is among them."""

from __future__ import annotations

from pathlib import Path

import pytest

from netapply.kernel.link_codec import DATA, ELSEWHERE, GENERIC, SAME_AS, codec_of, known
from netapply.kernel.wire import definitions, generate
from netapply.kernel.wire.bits import RAW_LENGTH
from netapply.kernel.wire.forms import FORMS
from netapply.kernel.wire.scalar import SCALARS
from netapply.kinds import KINDS, link_table
from netapply.model.address import Address
from netapply.model.attribute import Row, table_of
from netapply.model.link import Link
from netapply.model.nexthop import NexthopObject
from netapply.model.route import Route
from netapply.model.rule import Rule

IN_THE_HEADER = {
    "IFA_SCOPE", "IFA_F_SECONDARY", "RTN_TYPE", "RT_SCOPE", "RT_PROTOCOL", "FIB_RULE_INVERT", "FR_ACTION", "FRA_TOS",
    "nh_family", "nh_protocol", "RTNH_F_ONLINK",
}  # fmt: skip
"""Fields and flags of a message's fixed header (linux/if_addr.h, rtnetlink.h, fib_rules.h): no attributes."""
TABLES = {
    "address": (Address, definitions.ADDRESS),
    "nexthop": (NexthopObject, {**definitions.NEXTHOP, **definitions.RESILIENT_GROUP}),
    "route": (Route, {**definitions.ROUTE, **definitions.METRICS}),
    "rule": (Rule, definitions.RULE),
}
LINK_ROWS = [
    pytest.param(kind, row, id=f"{kind.kind or 'physical'}-{row.attribute}")
    for kind in KINDS for row in link_table(kind.kind)
]  # fmt: skip


def numbers_of(kind: str, row: Row) -> definitions.Definition:
    """The table that a link's row must be found in."""
    return GENERIC if row.nla.name in GENERIC else DATA[kind]


def test_the_generated_file_is_what_the_generator_writes() -> None:
    path = Path(definitions.__file__)
    assert path.read_text() == generate.render(), "run: python -m netapply.kernel.wire.generate"


@pytest.mark.parametrize("word", [name for name in vars(definitions) if name.isupper() and "CONF" not in name])
def test_no_number_stands_twice(word: str) -> None:
    table = getattr(definitions, word)
    assert len({number for number, _ in table.values()}) == len(table)
    assert {kind for _, kind in table.values()} <= {*SCALARS, "hex"}


@pytest.mark.parametrize(("kind", "row"), LINK_ROWS)
def test_every_link_attribute_is_known_by_number_and_type(kind: type[Link], row: Row) -> None:
    if row.nla.name in ELSEWHERE:
        assert row.attribute not in codec_of(kind.kind).writers
        return
    numbers = numbers_of(kind.kind, row)
    for name in filter(None, (row.nla.name, row.nla.name6)):
        assert name in numbers, f"{name} is no attribute of a {kind.kind or 'link'}"
        packed = row.nla.bit or row.nla.form in FORMS or numbers[name][1] in SCALARS
        assert packed, f"{name} is a structure: give it a form"


@pytest.mark.parametrize(("kind", "row"), LINK_ROWS)
def test_what_is_read_is_what_is_written(kind: type[Link], row: Row) -> None:
    """The codec reads each attribute under the number under which it writes it."""
    if row.nla.name in ELSEWHERE:
        assert row.nla.name not in GENERIC
        return
    codec = codec_of(kind.kind)
    place = row.nla.name if row.nla.mask else row.attribute
    writer = codec.writers[place]
    if row.nla.bit:
        assert (row.attribute, row.nla.bit) in codec.switches[writer.number]
        return
    readers = codec.data if writer.data else codec.generic
    for number in filter(None, (writer.number, writer.number6)):
        assert readers[number][0] == place
    assert (writer.number, writer.number6) == tuple(
        numbers_of(kind.kind, row)[name][0] if name else 0 for name in (row.nla.name, row.nla.name6)
    )


def test_nothing_is_read_twice() -> None:
    for kind in KINDS:
        codec, table = codec_of(kind.kind), link_table(kind.kind)
        rows = [row for row in table if row.nla.name not in ELSEWHERE]
        shared = {row.nla.name for row in rows if row.nla.mask}
        lengths = {RAW_LENGTH + row.attribute for row in rows if row.nla.length}
        plain = [row for row in rows if not row.nla.mask]
        assert codec.writers.keys() == {row.attribute for row in plain} | shared | lengths
        assert len(codec.generic) + len(codec.data) == (
            sum(1 + bool(row.nla.name6) for row in plain if not row.nla.bit) + len(shared) + len(lengths)
        )


@pytest.mark.parametrize("family", TABLES)
def test_every_other_attribute_is_known_or_in_the_header(family: str) -> None:
    model, numbers = TABLES[family]
    for row in table_of(model):
        assert row.nla.name in numbers or row.nla.name in IN_THE_HEADER, row


def test_a_misspelt_attribute_is_not_dropped_on_its_way() -> None:
    with pytest.raises(KeyError, match="bridge link has no attribute agieng_time"):
        known({"stp": True, "agieng_time": 3}, "bridge")
    with pytest.raises(KeyError, match="physical link has no attribute stp"):
        known({"stp": True}, "")


def test_a_kind_that_has_data_says_where_it_stands() -> None:
    of_their_own = {
        kind.kind for kind in KINDS for row in link_table(kind.kind)
        if row.nla.name not in GENERIC and row.nla.name not in ELSEWHERE
    }  # fmt: skip
    assert of_their_own == DATA.keys()
    known = {*generate.KINDS, *generate.RENAMED, *generate.BEYOND}
    assert {SAME_AS.get(kind, kind) for kind in of_their_own} <= known
