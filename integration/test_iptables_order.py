"""Rules of ours among foreign ones: in which order they stand, and how they come back to it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from integration.iptables_site import (
    ENTRIES,
    FOREIGN,
    MASQUERADE,
    SNAT,
    VARIANTS,
    Site,
    back,
    create,
    delete,
    opened,
    resources,
)
from netapply.kernel.iptables_program import CHOICE


@pytest.fixture(params=VARIANTS)
def site(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv(CHOICE, request.param)
    with opened(request.param) as made:
        yield made


def test_foreign_rules_stay_as_they_are_and_where_they_are(site: Site) -> None:
    site.foreign(FOREIGN)
    before = site.saved()
    first, second = resources(MASQUERADE, SNAT)
    site.restore(*create(first))
    site.foreign("*nat\n-A POSTROUTING -o eno6 -j ACCEPT\nCOMMIT\n")
    site.restore(*create(second))
    site.restore(*create(*resources({"masquerade": "10.10.11.7", "out": "eno1"}), position=2))

    chain = [line for line in site.saved() if line.startswith("-A POSTROUTING")]
    found = [re.search(r"-o (\w+).*?(MASQUERADE|SNAT|ACCEPT)", line) for line in chain]
    assert [match and match.groups() for match in found] == [
        ("eno9", "MASQUERADE"), ("eno1", "MASQUERADE"), ("eno8", "MASQUERADE"), ("eno7", "ACCEPT"),
        ("eno1", "MASQUERADE"), ("eno6", "ACCEPT"), ("eno1", "SNAT"),
    ]  # fmt: skip
    assert [item.facts["position"] for item in site.read()] == [2, 5, 7]

    site.restore(*delete(*site.read()))
    site.iptables("-t", "nat", "-D", "POSTROUTING", "-o", "eno6", "-j", "ACCEPT")
    assert site.saved() == before


def test_deleted_rules_come_back_between_the_foreign_ones_they_were_between(site: Site) -> None:
    site.foreign(FOREIGN)
    wanted = resources(*ENTRIES)
    for number, item in enumerate(wanted):
        site.restore(*create(item, position=1 + number % 3))
    before, seen = site.saved(), site.read()
    assert len(seen) == len(wanted)

    site.restore(*delete(*seen))
    assert site.read() == []
    site.restore(*back(*reversed(seen)))
    assert site.saved() == before

    every_other = seen[::2]
    site.restore(*delete(*every_other), *create(*resources({"ct_zone": "9", "in": "veth1"})))
    site.restore(*delete(*(item for item in site.read() if item.name == "ct zone 9 in veth1")), *back(*every_other))
    assert site.saved() == before


def test_a_rule_that_somebody_edited_under_our_comment_differs_and_is_changed_in_its_place(
    site: Site,
) -> None:
    site.foreign(FOREIGN)
    wanted = resources(MASQUERADE, SNAT)
    site.restore(*create(wanted[0], position=2), *create(wanted[1]))
    before = site.saved()
    comment = f"netapply: {wanted[0].name}"
    edited = [
        "-p",
        "tcp",
        "-m",
        "comment",
        "--comment",
        comment,
        "-m",
        "tcp",
        "--dport",
        "80",
        "-j",
        "MASQUERADE",
    ]
    site.iptables("-t", "nat", "-R", "POSTROUTING", "2", *edited)

    seen = {item.key: item for item in site.read()}[wanted[0].key]
    assert seen.attributes == {"rule": "-p tcp -m comment -m tcp --dport 80 -j MASQUERADE"}
    by_hand = site.saved()
    site.restore(*delete(seen), *create(wanted[0], position=2))
    assert site.saved() == before

    site.restore(*delete(*(item for item in site.read() if item.key == seen.key)), *back(seen))
    assert site.saved() == by_hand


def test_a_position_that_is_gone_meanwhile_is_the_end(site: Site) -> None:
    site.foreign(FOREIGN)
    site.restore(*create(*resources(MASQUERADE), position=9))
    assert [item.facts["position"] for item in site.read()] == [4]
