"""Every NAT entry and every filter selector, in both backends: read back as written, and gone without a trace."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from integration.iptables_site import ENTRIES, VARIANTS, Site, comparable, delete, opened, words
from integration.netfilter_site import (
    BACKENDS,
    FILTERS,
    apart,
    creation,
    filters,
    read,
    restore,
    ruleset,
    translations,
)
from netapply.kernel import netfilter
from netapply.kernel.iptables_program import CHOICE
from netapply.model.filter_words import entries_of
from netapply.model.netfilter import Backend
from netapply.model.resource import Resource


@pytest.fixture
def nft() -> Iterator[Site]:
    with apart() as made:
        yield made


def require_order(seen: list[Resource], wanted: list[Resource]) -> None:
    for chain in {item.key[:4] for item in wanted}:
        mine = [item for item in seen if item.key[:4] == chain]
        assert words(mine) == [item.name for item in wanted if item.key[:4] == chain]
        assert [item.facts["position"] for item in mine] == list(range(1, len(mine) + 1))


def test_nftables_reads_back_every_entry_as_it_was_wished(nft: Site) -> None:
    before = ruleset(nft)
    wanted = translations("nftables", *ENTRIES) + filters("nftables", *FILTERS)
    assert nft.inside(netfilter.missing, wanted) is None
    assert ruleset(nft) == before, "trying out leaves no trace"
    restore(nft, *creation(*wanted))
    seen = read(nft)
    assert comparable(seen) == comparable(wanted)
    require_order(seen, wanted)
    listed = ruleset(nft)
    for item in wanted:
        assert f'comment "netapply: {item.key[4]}"' in listed
    restore(nft, *delete(*seen))
    assert read(nft) == []
    assert ruleset(nft) == before == "", "neither a table nor a chain is left"


@pytest.mark.parametrize("variant", VARIANTS)
def test_iptables_reads_back_every_filter_entry_as_it_was_wished(variant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CHOICE, variant)
    with opened(variant) as site:
        wanted = filters("iptables", *FILTERS)
        assert site.inside(netfilter.missing, wanted) is None
        restore(site, *creation(*wanted))
        seen = read(site)
        assert comparable(seen) == comparable(wanted)
        require_order(seen, wanted)
        saved = site.saved(variant)
        assert sum('"netapply: ' in line for line in saved) == len(wanted)
        restore(site, *delete(*seen))
        assert read(site) == []
        assert not [line for line in site.saved(variant) if "NETAPPLY" in line or line.startswith("-A")]


WITNESS = {
    "accept forward in vmbr1 out eno1 from 10.0.0.0/24 to 192.0.2.7": (
        'iifname "vmbr1"', 'oifname "eno1"', "ip saddr 10.0.0.0/24", "ip daddr 192.0.2.7", "accept",
    ),
    "accept input proto udp from_port 1024-65535 port 53": ("udp sport 1024-65535", "udp dport 53", "accept"),
    "accept input proto tcp port 22,8000-8010,65535": ("tcp dport { 22, 8000-8010, 65535 }", "accept"),
    "accept forward state established,related": ("ct state established,related", "accept"),
    "reject forward in eno2 with admin-prohibited": ('iifname "eno2"', "reject with icmp admin-prohibited"),
    "reject forward proto tcp with tcp-reset": ("reject with tcp reset",),
    "accept input icmp echo-request": ("icmp type echo-request", "accept"),
    "accept input proto esp": ("meta l4proto esp", "accept"),
    "policy forward drop": ("drop",),
    "policy output reject": ("reject",),
}  # fmt: skip


@pytest.mark.parametrize("said", WITNESS)
def test_nft_says_in_its_own_words_what_was_meant(nft: Site, said: str) -> None:
    wanted = [item for item in filters("nftables", *FILTERS) if item.key[1] == "inet" and item.key[4] == said]
    restore(nft, *creation(*wanted))
    (line,) = [line for line in nft.run("nft", "list", "table", "ip", "netapply").splitlines() if "comment" in line]
    for part in WITNESS[said]:
        assert part in line
    assert len(re.findall(r"\S+", line.split(" comment ")[0])) <= sum(len(part.split()) for part in WITNESS[said])


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_shown_makes_the_same_rules_again(nft: Site, backend: Backend) -> None:
    restore(nft, *creation(*filters(backend, *FILTERS)))
    seen = read(nft)
    again = filters(backend, *entries_of(item.key for item in seen))
    assert comparable(again) == comparable(seen)
    for chain in {item.key[:4] for item in seen}:
        mine = [item for item in seen if item.key[:4] == chain]
        assert words(mine) == [item.name for item in again if item.key[:4] == chain]
