"""NAT rules on the real kernel: both variants and families; every entry made, read, deleted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integration.iptables_site import (
    ENTRIES,
    FOREIGN,
    MASQUERADE,
    SNAT,
    VARIANTS,
    ZONE,
    Site,
    comparable,
    create,
    delete,
    opened,
    resources,
    words,
)
from netapply.kernel import iptables, iptables_program
from netapply.kernel.iptables_program import CHOICE


@pytest.fixture(params=VARIANTS)
def site(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv(CHOICE, request.param)
    with opened(request.param) as made:
        yield made


def test_every_entry_is_read_back_as_it_was_wished(site: Site) -> None:
    wanted = resources(*ENTRIES)
    assert site.inside(iptables.missing, wanted) is None
    site.restore(*create(*wanted))
    seen = site.read()
    assert comparable(seen) == comparable(wanted)
    assert {item.facts["variant"] for item in seen} == {site.variant}
    for inet, chain in (("inet", "POSTROUTING"), ("inet6", "PREROUTING")):
        place = (inet, "nat", chain)
        mine = [item for item in seen if item.key[1:4] == place]
        assert words(mine) == [item.name for item in wanted if item.key[1:4] == place]
        assert [item.facts["position"] for item in mine] == list(range(1, len(mine) + 1))

    site.restore(*delete(*seen))
    assert site.read() == []
    assert not [line for line in site.saved() if line.startswith("-A")]


def test_a_rule_that_is_there_twice_is_read_twice_and_deleted_once(site: Site) -> None:
    (wanted,) = resources(MASQUERADE)
    site.restore(*create(wanted))
    site.restore(*create(wanted))
    one, two = site.read()
    assert (one.key, one.attributes) == (two.key, two.attributes)
    two.key = (*two.key, "again")  # as a state tells them apart
    site.restore(*delete(two))
    assert comparable(site.read()) == comparable([wanted])


def test_a_thousand_rules_at_once(site: Site) -> None:
    prefixes = [f"10.{number // 256}.{number % 256}.0/24" for number in range(1000)]
    wanted = resources(*({"masquerade": prefix, "out": "eno1"} for prefix in prefixes))
    assert site.inside(iptables.missing, wanted) is None
    site.restore(*create(*wanted))
    seen = site.read()
    assert words(seen) == words(wanted)
    site.restore(*delete(*reversed(seen)))
    assert site.read() == []


def test_trying_out_leaves_no_trace(site: Site) -> None:
    wanted = resources(*ENTRIES)
    assert site.inside(iptables.missing, wanted) is None
    for names in ("ip_tables_names", "ip6_tables_names"):
        assert site.run("cat", f"/proc/net/{names}") == ""
    assert site.run("nft", "list", "ruleset") == ""


def test_reading_runs_no_program_and_makes_nothing_where_no_rule_is_ours(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(iptables_program, "run", None)
        assert site.read() == []
    assert site.run("cat", "/proc/net/ip_tables_names", "/proc/net/ip6_tables_names") == ""
    assert site.run("nft", "list", "ruleset") == ""

    site.run("iptables-nft-restore", "--noflush", given=FOREIGN.replace("netapply: ", ""))
    with monkeypatch.context() as patch:
        patch.setattr(iptables_program, "run", None)
        assert site.read() == []


class TestBothVariants:
    """A host whose administrator switched from one variant to the other."""

    def test_rules_of_the_other_variant_count_and_are_not_made_twice(self, site: Site) -> None:
        wanted = resources(MASQUERADE, ZONE)
        site.restore(*create(*wanted))
        switched = self.switched(site)
        assert comparable(switched.read()) == comparable(wanted)

    def test_netapply_goes_on_writing_where_its_rules_are(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        one, two = resources(MASQUERADE, SNAT)
        site.restore(*create(one))
        monkeypatch.delenv(CHOICE)
        monkeypatch.setattr(iptables_program, "_variant_of", lambda _: self.switched(site).variant)
        site.restore(*create(two))
        assert {(item.name, item.facts["variant"]) for item in site.read()} == {
            (one.name, site.variant), (two.name, site.variant),
        }  # fmt: skip

    def test_a_rule_is_deleted_where_it_is(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        one, two = resources(MASQUERADE, SNAT)
        site.restore(*create(one))
        switched = self.switched(site)
        monkeypatch.setenv(CHOICE, switched.variant)
        site.restore(*create(two))
        seen = switched.read()
        assert {(item.name, item.facts["variant"]) for item in seen} == {
            (one.name, site.variant), (two.name, switched.variant),
        }  # fmt: skip
        switched.restore(*delete(*seen))
        assert switched.read() == []
        for variant in VARIANTS:
            assert not [line for line in site.saved(variant) if "netapply" in line]

    @staticmethod
    def switched(site: Site) -> Site:
        return Site(site.netns, "legacy" if site.variant == "nft" else "nft")
