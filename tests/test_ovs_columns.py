"""Attributes as Open vSwitch's database holds them, against the schema that Open vSwitch ships, in extract."""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netapply.kernel.ovs.columns import FORMS, plain, words_of
from netapply.kinds.ovs_places import places, reserved
from netapply.model.attribute import Row
from netapply.model.ovs_values import Column, column, compressed, expanded, vlan_ranges, words_of_map

SCHEMA: Final = {
    "Bridge": {
        "datapath_type": "string", "fail_mode": "optional", "controller": "set", "protocols": "set",
        "stp_enable": "boolean", "rstp_enable": "boolean", "mcast_snooping_enable": "boolean", "flood_vlans": "set",
        "other_config": "map", "external_ids": "map",
    },
    "Port": {
        "tag": "optional", "trunks": "set", "cvlans": "set", "vlan_mode": "optional", "protected": "boolean",
        "bond_mode": "optional", "lacp": "optional", "bond_updelay": "integer", "bond_downdelay": "integer",
        "other_config": "map", "external_ids": "map",
    },
    "Interface": {
        "type": "string", "options": "map", "mac": "optional", "mtu_request": "optional", "ofport_request": "optional",
        "ingress_policing_rate": "integer", "ingress_policing_burst": "integer", "external_ids": "map",
    },
}  # fmt: skip
"""Columns by table, and what each is (vswitch.ovsschema 8.3.1, Open vSwitch 3.1)."""
FORM_OF: Final = {
    "optional": {""}, "boolean": {""}, "integer": {""}, "string": {"", "word"}, "set": {"set", "vlans", "targets"},
    "map": {"map"},
}  # fmt: skip
EVERY = [pytest.param(place, row, id=f"{owner}-{row.attribute}") for owner, place, row in places()]


@pytest.mark.parametrize(("place", "row"), EVERY)
def test_every_attribute_has_its_column_and_its_form(place: Column, row: Row) -> None:
    sort = SCHEMA[place.table][place.name]
    if place.key:
        assert sort == "map" and row.nla.form in ("text", "number", "flag", "unflag")
    else:
        assert row.nla.form in FORM_OF[sort]


def test_no_place_is_held_by_two_attributes_of_one_link() -> None:
    by_owner: dict[str, list[Column]] = {}
    for owner, place, _ in places():
        by_owner.setdefault(owner, []).append(place)
    for owner, held in by_owner.items():
        both = [*held, *by_owner["ovs_port"]] if owner != "ovs_port" else held
        assert len(both) == len(set(both)), owner


@pytest.mark.parametrize(
    ("form", "value", "held"),
    [
        ("", None, ["set", []]), ("", 7, 7), ("", True, True), ("", "secure", "secure"), ("word", None, ""),
        ("word", "netdev", "netdev"), ("text", "fast", "fast"), ("number", 300, "300"), ("flag", True, "true"),
        ("flag", False, "false"), ("unflag", True, "false"), ("set", (), ["set", []]),
        ("set", ("a", "b"), ["set", ["a", "b"]]),
        ("vlans", ("2-4", "7"), ["set", [2, 3, 4, 7]]), ("vlans", (), ["set", []]),
    ],
)  # fmt: skip
def test_a_value_comes_back_as_it_went(form: str, value: Any, held: Any) -> None:
    assert FORMS[form].pack(value) == held
    assert FORMS[form].unpack(plain(held)) == value


def test_a_set_of_one_is_written_without_brackets() -> None:
    assert FORMS["vlans"].unpack(plain(7)) == ("7",)
    assert FORMS["set"].unpack(plain("OpenFlow13")) == ("OpenFlow13",)


@pytest.mark.parametrize("text", ["ten", "0x10", "", "1.5"])
def test_what_is_no_number_is_shown_as_it_is_held(text: str) -> None:
    """Somebody else may have written anything; reading never fails on it."""
    expected = 16 if text == "0x10" else text
    assert FORMS["number"].unpack(text) == expected


def test_words_with_attributes_of_their_own_are_left_out_of_the_map() -> None:
    own = reserved("Bridge", "other_config")
    assert own["hwaddr"] == "mac of ovs-bridge" and "lacp-time" in reserved("Port", "other_config")
    assert words_of({"b": "2", "hwaddr": "02:00:5e:10:00:01", "a": "1"}, own) == ("a=1", "b=2")
    assert "netapply" in reserved("Port", "external_ids")


def test_netlink_attributes_have_no_column() -> None:
    assert column("IFLA_MTU") is None
    assert column("Port.tag") == Column("Port", "tag")
    assert column("Bridge.other_config:mac-aging-time") == Column("Bridge", "other_config", "mac-aging-time")


@given(st.sets(st.integers(0, 4094)))
def test_vlans_are_the_same_however_they_are_written(numbers: set[int]) -> None:
    ranges = compressed(sorted(numbers))
    assert expanded(ranges) == sorted(numbers)
    assert vlan_ranges(sorted(numbers, reverse=True)) == ranges
    assert vlan_ranges(list(ranges)) == ranges
    if ranges:
        assert vlan_ranges(",".join(ranges)) == ranges


@given(st.dictionaries(st.text("abc-_", min_size=1), st.text("xyz =")))
def test_a_map_is_the_same_as_a_mapping_and_as_words(words: dict[str, str]) -> None:
    held = words_of_map(words)
    assert words_of_map(list(held)) == held
    assert dict(word.split("=", 1) for word in held) == words


@pytest.mark.parametrize("value", ["a=b", ["a"], {"": "b"}, ["a=1", "a=2"], 7])
def test_what_is_no_map_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"such as|write it like"):
        words_of_map(value)
