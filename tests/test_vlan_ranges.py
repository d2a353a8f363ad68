"""Sets of VLAN ids as ranges, against plain sets of numbers; and the way from one table to another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netapply.model.attribute import Value
from netapply.model.vlan_ranges import minus, parse, tunnel_ids, union, vlan_ids
from netapply.model.vlan_table import initial, members, table
from netapply.plan.vlan_steps import steps

NUMBERS = st.sets(st.integers(1, 40) | st.integers(1, 4094), max_size=30)
TABLES = st.builds(
    lambda vids, pvid, untagged: table(texts(vids), pvid, None if untagged is None else texts(untagged)),
    NUMBERS, st.sampled_from((0, 1, 7, 4094)), st.none() | NUMBERS,
)  # fmt: skip


def texts(numbers: set[int]) -> tuple[str, ...]:
    return union(map(str, numbers))


def numbers(found: tuple[str, ...]) -> set[int]:
    return {number for text in found for number in range(parse(text)[0], parse(text)[1] + 1)}


@given(NUMBERS, NUMBERS)
def test_ranges_are_sets(one: set[int], other: set[int]) -> None:
    assert numbers(union(texts(one), texts(other))) == one | other
    assert numbers(minus(texts(one), texts(other))) == one - other
    assert texts(numbers(texts(one))) == texts(one)


def test_ranges_that_touch_are_one() -> None:
    assert vlan_ids(["30-40", 10, "11-12", "35-50"]) == ("10-12", "30-50")
    assert vlan_ids("2-4094") == ("2-4094",)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("0", "outside of 1 to 4094"), ("4095", "outside"), ("1-4095", "outside"), ("20-10", "write 10-20"),
        ("ten", "no VLAN id"), ("-5", "no VLAN id"), (["1", "x"], "no VLAN id"), ({"a": 1}, "single value"),
    ],
)  # fmt: skip
def test_what_is_no_vlan_is_refused(said: object, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        vlan_ids(said)


def test_tunnel_ids_that_go_on_are_one_mapping() -> None:
    assert tunnel_ids({"101-110": "1001-1010", "100": 1000, "120": 7}) == ("100-110:1000-1010", "120:7")
    assert tunnel_ids(["100-110:1000-1010"]) == ("100-110:1000-1010",)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"1-10": "1-9"}, "differ in length"), ({"0": 1}, "VLAN ids"), ({"1": 0}, "VNIs"), ({"1": 1 << 24}, "VNIs"),
        ({"1-10": "1-10", "5": 99}, "mapped twice"), ("100", "mapping is expected"),
    ],
)  # fmt: skip
def test_impossible_mappings_are_refused(said: object, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        tunnel_ids(said)


def kernel(before: dict[str, Value], wished: dict[str, tuple[str, ...]]) -> dict[str, Value]:
    """What the kernel makes of the steps (net/bridge/br_vlan.c): a port never is without the PVID that stays."""
    tagged, untagged, pvid = numbers(before["vids"]), numbers(before["untagged"]), before["pvid"]
    for entry in wished.get("add", ()):
        text, *flags = entry.split()
        for vid in numbers((text,)):
            (untagged if "untagged" in flags else tagged).add(vid)
            (tagged if "untagged" in flags else untagged).discard(vid)
            if "pvid" in flags:
                pvid = vid
            elif pvid == vid:
                pvid = 0
    for vid in numbers(wished.get("remove", ())):
        tagged.discard(vid)
        untagged.discard(vid)
        pvid = 0 if pvid == vid else pvid
    return {"vids": texts(tagged), "pvid": pvid, "untagged": texts(untagged), "tunnel": ()}


@given(TABLES, TABLES)
def test_the_steps_lead_from_any_table_to_any_other(before: dict[str, Value], after: dict[str, Value]) -> None:
    wished = steps(before, after)
    assert kernel(before, wished) == after
    assert (wished == {}) == (before == after)
    kept = numbers(members(before)) & numbers(members(after))
    assert not numbers(wished.get("remove", ())) & kept, "what stays is never taken away"


@given(TABLES, TABLES)
def test_without_a_table_before_all_is_said(unknown: dict[str, Value], after: dict[str, Value]) -> None:
    assert kernel(unknown, steps(None, after)) == after


def test_a_whole_trunk_is_one_entry() -> None:
    """Nothing here counts VLANs one by one."""
    assert steps(initial(1), table(("2-4094",), 1)) == {"add": ("2-4094",)}
    assert steps(table(("2-4094",), 1), table(("2-4094",), 10)) == {"add": ("10 pvid untagged",), "remove": ("1",)}


def test_tunnel_ids_change_after_they_are_taken_away() -> None:
    """The kernel refuses another tunnel id for a VLAN that has one (br_vlan_tunnel.c, __vlan_tunnel_info_add)."""
    before = table(("100-110",), 1, tunnel=("100-110:1000-1010",))
    after = table(("100-110",), 1, tunnel=("100-105:1000-1005",))
    assert steps(before, after) == {"untunnel": ("100-110",), "tunnel": ("100-105:1000-1005",)}
