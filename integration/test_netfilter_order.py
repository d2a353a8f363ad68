"""Netapply's rules among foreign ones, in its own chains and beside them, in both backends."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from typing import Any

import pytest

from integration.iptables_site import MASQUERADE, SNAT, VARIANTS, Site, back, comparable, delete, opened, words
from integration.netfilter_site import creation, filters, read, restore, ruleset, translations
from netapply.errors import KernelError, MissingError, RefusedError
from netapply.kernel import netfilter, nft
from netapply.kernel.iptables import NatChange
from netapply.kernel.iptables_program import CHOICE
from netapply.model.netfilter import Backend
from netapply.model.resource import Resource

RULES: list[dict[str, Any]] = [
    {"accept": "forward", "state": ["established", "related"]},
    {"accept": "forward", "in": "vmbr1", "out": "eno1"},
    {"drop": "forward", "in": "eno1", "to": "10.0.0.0/24"},
    {"policy": {"forward": "drop"}},
]
CHAIN = {"iptables": ("filter", "NETAPPLY-FORWARD"), "nftables": ("netapply", "forward")}


@pytest.fixture(params=VARIANTS)
def site(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv(CHOICE, request.param)
    with opened(request.param) as made:
        yield made


def foreign(site: Site, backend: Backend, place: int) -> None:
    """A rule that somebody puts into netapply's own chain, in front of the rule with this number from 0."""
    table, chain = CHAIN[backend]
    if backend == "iptables":
        site.iptables("-I", chain, str(place + 1), "-i", f"foreign{place}", "-j", "ACCEPT")
        return
    listed = site.run("nft", "-a", "list", "chain", "ip", table, chain)
    handles = re.findall(r"# handle (\d+)$", listed, re.MULTILINE)[1:]
    where = ["insert", "rule", "ip", table, chain, "position", handles[place]] if place < len(handles) else [
        "add", "rule", "ip", table, chain,
    ]  # fmt: skip
    site.run("nft", *where, "iifname", f"foreign{place}", "counter", "accept")


def rules(site: Site, backend: Backend) -> object:
    """All rules in their order, of everybody; which base chains iptables leaves behind is its own affair."""
    if backend == "nftables":
        return ruleset(site)
    return [line for line in site.saved() if line.startswith(("-A", ":NETAPPLY"))]


def mine(site: Site) -> list[Resource]:
    return [item for item in read(site) if item.key[1] == "inet"]


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("backend", ["iptables", "nftables"])
def test_a_foreign_rule_at_any_place_stays_while_ours_go_and_come_back(
    site: Site, backend: Backend, place: int
) -> None:
    restore(site, *creation(*filters(backend, *RULES)))
    foreign(site, backend, place)
    before, seen = rules(site, backend), read(site)
    for part in (seen, seen[::2], seen[1:3]):
        restore(site, *delete(*part))
        assert f"foreign{place}" in str(rules(site, backend)), "and so does the chain that it is in"
        restore(site, *back(*reversed(part)))
        assert rules(site, backend) == before

    restore(site, *delete(*read(site)))
    assert read(site) == []
    left = str(rules(site, backend))
    assert f"foreign{place}" in left and "netapply: " not in left and "jump" not in left


@pytest.mark.parametrize("backend", ["iptables", "nftables"])
def test_an_edited_rule_is_changed_in_its_place(site: Site, backend: Backend) -> None:
    wanted = filters(backend, *RULES)
    restore(site, *creation(*wanted))
    foreign(site, backend, 1)
    before = ruleset(site)
    victim = next(item for item in mine(site) if item.key[4].startswith("drop "))
    other = next(item for item in filters(backend, {"drop": "forward", "in": "eno9"}) if item.key[1] == "inet")
    restore(site, *delete(victim), NatChange("create", victim.key, other.attributes["rule"], victim.facts["position"]))
    edited = next(item for item in mine(site) if item.key == victim.key)
    assert edited.attributes == other.attributes
    assert edited.facts["position"] == victim.facts["position"]
    restore(site, *delete(edited), *creation(victim))
    assert ruleset(site) == before


def test_the_jump_comes_first_and_goes_without_touching_its_neighbours(site: Site) -> None:
    site.iptables("-A", "FORWARD", "-i", "docker0", "-j", "ACCEPT")
    site.iptables("-P", "FORWARD", "DROP")
    before = [line for line in site.saved() if "FORWARD" in line]
    restore(site, *creation(*filters("iptables", *RULES)))
    chain = [line for line in site.saved() if line.startswith("-A FORWARD")]
    assert "NETAPPLY-FORWARD" in chain[0] and "docker0" in chain[1]
    restore(site, *delete(*read(site)))
    assert [line for line in site.saved() if "FORWARD" in line and not line.endswith("ACCEPT ")] == before


def test_a_chain_of_ours_that_somebody_jumps_to_stays(site: Site) -> None:
    restore(site, *creation(*filters("iptables", *RULES)))
    site.iptables("-A", "FORWARD", "-i", "docker0", "-j", "NETAPPLY-FORWARD")
    restore(site, *delete(*read(site)))
    assert "-A FORWARD -i docker0 -j NETAPPLY-FORWARD" in site.saved()
    restore(site, *creation(*filters("iptables", *RULES)))
    assert comparable(read(site)) == comparable(filters("iptables", *RULES))


def test_a_table_with_something_of_somebody_else_stays(site: Site) -> None:
    (rule,) = translations("nftables", MASQUERADE)
    restore(site, *creation(rule))
    site.run("nft", "add set ip netapply guests { type ipv4_addr; }")
    restore(site, *delete(*read(site)))
    assert "set guests" in ruleset(site) and "chain" not in ruleset(site)
    restore(site, *creation(rule))
    site.run("nft", "delete set ip netapply guests")
    restore(site, *delete(*read(site)))
    assert ruleset(site) == ""


def test_a_rule_that_is_there_twice_is_deleted_once(site: Site) -> None:
    (rule,) = translations("nftables", MASQUERADE)
    restore(site, *creation(rule))
    restore(site, *creation(rule))
    one, two = read(site)
    assert (one.key, one.attributes) == (two.key, two.attributes)
    two.key = (*two.key, "again")
    restore(site, *delete(two))
    assert comparable(read(site)) == comparable([rule])


class TestOneTransaction:
    """What nftables refuses is refused whole, for both families."""

    BROKEN = Resource(("nat", "inet6", "netapply", "forward", "broken"), "nat", {"rule": '[{"masquerade":null}]'})

    def test_a_refused_rule_changes_nothing_and_is_named_before(self, site: Site) -> None:
        kept, other = translations("nftables", MASQUERADE, SNAT)
        restore(site, *creation(kept))
        before = ruleset(site)
        with pytest.raises(KernelError, match=r"^cannot change 3 rules in table netapply of nftables: .*nft: "):
            restore(site, *delete(*read(site)), *creation(other, self.BROKEN))
        assert ruleset(site) == before
        reason = site.inside(netfilter.missing, [other, self.BROKEN])
        assert reason is not None and reason.startswith("cannot create NAT rule broken: this host lacks")
        with pytest.raises(KernelError, match=r"^cannot create NAT rule broken: Operation not supported") as caught:
            restore(site, *creation(self.BROKEN))
        assert caught.value.code == errno.EOPNOTSUPP
        assert ruleset(site) == before

    def test_a_rule_that_somebody_removed_is_named_and_nothing_is_changed(self, site: Site) -> None:
        kept, other = translations("nftables", MASQUERADE, SNAT)
        restore(site, *creation(kept))
        before = ruleset(site)
        with pytest.raises(KernelError, match=rf"^cannot delete NAT rule {re.escape(other.key[4])}: .*just now"):
            restore(site, NatChange("delete", other.key, other.attributes["rule"]))
        assert ruleset(site) == before

    @pytest.mark.parametrize(
        ("chain", "change"),
        [
            ("srcnat", "type nat hook postrouting priority 50; policy accept"),
            ("forward", "type filter hook forward priority 0; policy drop"),
            ("input", "type filter hook forward priority 0; policy accept"),
        ],
    )
    def test_a_chain_that_is_not_as_netapply_makes_it_is_refused(self, site: Site, chain: str, change: str) -> None:
        site.run("nft", f"table ip netapply {{ chain {chain} {{ {change}; }}; }}")
        before = ruleset(site)
        with pytest.raises(RefusedError, match=f"its chain {chain} is not as netapply makes it"):
            site.inside(netfilter.missing, translations("nftables", MASQUERADE))
        assert read(site) == [], "without a rule of ours it is not looked at"
        assert ruleset(site) == before

    def test_without_the_program_rules_are_not_taken_for_gone(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wanted = translations("nftables", MASQUERADE)
        restore(site, *creation(*wanted))
        monkeypatch.setattr(nft, "which", lambda _: None)
        with pytest.raises(MissingError, match="there is no program nft; install the package nftables"):
            read(site)
        reason = site.inside(netfilter.missing, wanted)
        assert reason is not None and reason.endswith("install the package nftables")

    def test_a_thousand_rules_at_once(self, site: Site) -> None:
        prefixes = [f"10.{number // 256}.{number % 256}.0/24" for number in range(1000)]
        wanted = translations("nftables", *({"masquerade": prefix, "out": "eno1"} for prefix in prefixes))
        restore(site, *creation(*wanted))
        seen = read(site)
        assert words(seen) == words(wanted)
        restore(site, *delete(*reversed(seen)))
        assert ruleset(site) == ""
