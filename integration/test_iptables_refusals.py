"""What iptables or the kernel refuses: found before anything is touched, named, and without a trace."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from integration.iptables_site import (
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
)
from netapply.errors import KernelError, MissingError, RefusedError
from netapply.kernel import iptables, iptables_program, iptables_survey, iptables_trial
from netapply.kernel.iptables import NatChange
from netapply.kernel.iptables_program import CHOICE
from netapply.model.resource import Resource


@pytest.fixture(params=VARIANTS)
def site(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv(CHOICE, request.param)
    with opened(request.param) as made:
        yield made


BROKEN: Final = Resource(("nat", "inet", "nat", "POSTROUTING", "broken"), "nat", {"rule": "-o eno1 -j NOSUCH"})
MISPLACED: Final = Resource(("nat", "inet", "raw", "PREROUTING", "misplaced"), "nat", {"rule": "-j MASQUERADE"})


@pytest.mark.parametrize("bad", [BROKEN, MISPLACED], ids=["unknown target", "target of another table"])
def test_what_the_kernel_refuses_is_named_and_nothing_is_changed(site: Site, bad: Resource) -> None:
    site.foreign(FOREIGN)
    kept, other = resources(MASQUERADE, SNAT)
    same_table = Resource((*bad.key[:4], "beside it"), "nat", {"rule": "-j ACCEPT"})
    site.restore(*create(kept, same_table))
    before = site.saved()

    reason = site.inside(iptables.missing, [other, same_table, bad, *resources(ZONE)])
    assert reason is not None
    target = bad.attributes["rule"].split()[-1]
    assert reason.startswith(f"cannot create NAT rule {bad.name}: ")
    assert f"table {bad.key[2]}, target {target}" in reason
    assert site.saved() == before

    with pytest.raises(
        KernelError, match=r"^cannot (create NAT rule|change NAT rules \(table (nat|raw), inet\): )"
    ) as caught:
        site.restore(*create(bad), *delete(*(item for item in site.read() if item.key == same_table.key)))
    assert f"iptables-{site.variant}-restore: " in str(caught.value)
    assert site.saved() == before


def test_a_rule_that_somebody_removed_is_named_and_nothing_is_changed(site: Site) -> None:
    one, two = resources(MASQUERADE, SNAT)
    site.restore(*create(one))
    before = site.saved()
    gone = NatChange("delete", two.key, two.attributes["rule"])
    with pytest.raises(KernelError, match=rf"^cannot delete NAT rule {re.escape(two.name)}: .*just now"):
        site.restore(*create(*resources({"masquerade": "10.10.11.7", "out": "eno1"})), gone)
    assert site.saved() == before


def test_where_no_namespace_can_be_made_nothing_is_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(iptables_trial, "_restore_apart", refuse)
    assert site.inside(iptables.missing, [BROKEN]) is None


class TestForeignTables:
    """Tables of nf_tables that somebody also writes to with nft(8)."""

    @pytest.fixture
    def nft(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
        monkeypatch.setenv(CHOICE, "nft")
        with opened("nft") as made:
            yield made

    def test_a_table_that_iptables_cannot_show_is_found_before_anything_is_touched(self, nft: Site) -> None:
        nft.run("nft", "table ip nat { chain POSTROUTING { type nat hook postrouting priority 100; } ; }")
        nft.run("nft", "add rule ip nat POSTROUTING ct label 3 counter")
        reason = nft.inside(iptables.missing, resources(MASQUERADE))
        assert reason is not None
        assert reason.startswith("cannot create NAT rules: table ip nat of nf_tables has chains or rules that")
        assert nft.inside(iptables.missing, resources(ZONE)) is None

    def test_rules_of_ours_that_cannot_be_shown_are_not_taken_for_gone(self, nft: Site) -> None:
        nft.restore(*create(*resources(MASQUERADE)))
        nft.run("nft", "add rule ip nat POSTROUTING ct label 3 counter")
        with pytest.raises(RefusedError, match=r"^cannot read netapply's NAT rules: table ip nat of nf_tables"):
            nft.read()

    def test_a_chain_of_our_name_that_is_not_iptables_own_is_refused_unchanged(self, nft: Site) -> None:
        nft.run("nft", "table ip nat { chain POSTROUTING { type nat hook postrouting priority 50; } ; }")
        before = nft.run("nft", "list", "ruleset")
        with pytest.raises(KernelError, match=r"^cannot create NAT rule masquerade .*chain POSTROUTING") as caught:
            nft.restore(*create(*resources(MASQUERADE)))
        assert caught.value.code == errno.EOPNOTSUPP
        assert nft.run("nft", "list", "ruleset") == before

    def test_rules_beside_ours_that_only_nft_can_write_do_not_hide_ours(self, nft: Site) -> None:
        nft.restore(*create(*resources(MASQUERADE)))
        nft.run("nft", "insert rule ip nat POSTROUTING ip saddr { 192.0.2.4, 192.0.2.5 } counter")
        nft.restore(*create(*resources(SNAT)))
        seen = nft.read()
        assert comparable(seen) == comparable(resources(MASQUERADE, SNAT))
        assert [item.facts["position"] for item in seen] == [2, 3]

    def test_rules_of_ours_without_the_program_are_not_taken_for_gone(
        self, nft: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        nft.restore(*create(*resources({"dnat": "2001:db8:1::5", "to": "2001:db8::5"})))
        monkeypatch.setattr(iptables_survey, "backend", lambda *_: None)
        with pytest.raises(MissingError, match="there is no ip6tables-nft-save; install the package iptables"):
            nft.read()


def test_a_program_that_does_not_end_is_given_up(site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sleeper = tmp_path / "iptables-restore"
    sleeper.write_text("#!/bin/sh\nexec sleep 60\n")
    sleeper.chmod(0o755)
    monkeypatch.setattr(iptables_program, "PATIENCE", 0.2)
    stuck = iptables_program.Backend("nft", "inet", str(sleeper), str(sleeper))
    with pytest.raises(KernelError, match=r"no end after 0.2 s"):
        site.inside(stuck.write, "")
