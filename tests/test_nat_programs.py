"""Which iptables writes, what its errors say, and when nf_tables is not even asked."""

from __future__ import annotations

import errno
import socket
from pathlib import Path

import pytest

from netapply.errors import MissingError, RefusedError
from netapply.kernel import iptables_presence, iptables_program
from netapply.kernel.iptables_failure import failure, unable
from netapply.kernel.iptables_input import Line, NatChange
from netapply.kernel.iptables_program import CHOICE, Backend, backend, chosen, chosen_backend, first_reason

NFT = Backend("nft", "inet", "/usr/sbin/iptables-nft-save", "/usr/sbin/iptables-nft-restore")
LEGACY = Backend("legacy", "inet", "/usr/sbin/iptables-legacy-save", "/usr/sbin/iptables-legacy-restore")


@pytest.fixture
def sbin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only directory in which programs are found."""
    monkeypatch.setattr(iptables_program, "_SBIN", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(CHOICE, raising=False)
    return tmp_path


def install(sbin: Path, *names: str, version: str = "") -> None:
    for name in names:
        (sbin / name).write_text(f"#!/bin/sh\necho 'iptables {version}'\n")
        (sbin / name).chmod(0o755)


def debian(sbin: Path, alternative: str) -> None:
    """Both variants, and links of the plain names to one of them."""
    install(sbin, "xtables-nft-multi", "xtables-legacy-multi")
    for tool in ("save", "restore"):
        for variant in ("nft", "legacy"):
            (sbin / f"iptables-{variant}-{tool}").symlink_to(f"xtables-{variant}-multi")
        (sbin / f"iptables-{tool}").symlink_to(f"iptables-{alternative}-{tool}")


@pytest.mark.parametrize("alternative", ["nft", "legacy"])
def test_the_variant_is_what_iptables_restore_leads_to(sbin: Path, alternative: str) -> None:
    debian(sbin, alternative)
    assert chosen("inet") == alternative
    assert chosen_backend("inet").restore == str(sbin / f"iptables-{alternative}-restore")


@pytest.mark.parametrize(
    ("version", "variant"),
    [("v1.8.9 (nf_tables)", "nft"), ("v1.8.9 (legacy)", "legacy"), ("v1.6.1", "legacy")],
)
def test_a_program_without_a_telling_name_is_asked_for_its_version(sbin: Path, version: str, variant: str) -> None:
    install(sbin, "iptables-save", "iptables-restore", version=version)
    assert chosen("inet") == variant
    found = chosen_backend("inet")
    assert (found.variant, found.save) == (variant, str(sbin / "iptables-save"))


def test_the_environment_chooses_another_variant(sbin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    debian(sbin, "nft")
    monkeypatch.setenv(CHOICE, "legacy")
    assert chosen_backend("inet").variant == "legacy"


def test_a_choice_that_is_none_is_refused(sbin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    debian(sbin, "nft")
    monkeypatch.setenv(CHOICE, "nftables")
    with pytest.raises(RefusedError, match="cannot use NETAPPLY_IPTABLES=nftables: it is nft or legacy"):
        chosen("inet")


def test_without_a_plain_name_the_variant_that_is_there_writes(sbin: Path) -> None:
    install(sbin, "iptables-legacy-save", "iptables-legacy-restore")
    assert chosen("inet") == "legacy"
    assert backend("inet", "nft") is None


def test_a_missing_program_is_named_with_its_package(sbin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert chosen("inet6") is None
    with pytest.raises(MissingError, match="no program ip6tables-restore; install the package iptables"):
        chosen_backend("inet6")
    monkeypatch.setenv(CHOICE, "nft")
    with pytest.raises(MissingError, match="no program ip6tables-nft-restore"):
        chosen_backend("inet6")


@pytest.mark.parametrize(
    ("stderr", "reason"),
    [
        (
            "iptables-nft-restore: line 2 failed: Index of insertion too big.\n",
            "line 2 failed: Index of insertion too big",
        ),
        (
            "iptables-nft-restore v1.8.9 (nf_tables): \n"
            "line 2: RULE_APPEND failed (Invalid argument): rule in chain X\n",
            "line 2: RULE_APPEND failed (Invalid argument): rule in chain X",
        ),
        (
            "iptables-restore v1.8.9 (legacy): Couldn't load target `NO':No such file or directory\n\n"
            "Error occurred at line: 2\n"
            "Try `iptables-restore -h' or 'iptables-restore --help' for more information.\n",
            "Couldn't load target `NO':No such file or directory",
        ),
        ("", "no reason given"),
    ],
)
def test_the_programs_own_words_remain(stderr: str, reason: str) -> None:
    assert first_reason(stderr) == reason


ONE = NatChange("create", ("nat", "inet", "nat", "POSTROUTING", "masquerade x"), "-j MASQUERADE", None, "a.yaml:3:5")
TWO = NatChange("delete", ("nat", "inet", "nat", "POSTROUTING", "masquerade y"), "-j MASQUERADE")
ZONE = NatChange("create", ("nat", "inet", "raw", "PREROUTING", "ct zone 1 in x"), "-i x -j CT --zone 1")
LINES = [
    Line("*nat"), Line("-D …", TWO), Line("-A …", ONE), Line("COMMIT"),
    Line("*raw"), Line("-A …", ZONE), Line("COMMIT"),
]  # fmt: skip


def test_a_refused_rule_is_named_with_its_place() -> None:
    error = failure(NFT, LINES, "iptables-nft-restore: line 3 failed: Permission denied.\n")
    assert (error.code, error.where) == (errno.EACCES, "a.yaml:3:5")
    assert str(error).startswith("cannot create NAT rule masquerade x: Permission denied (EACCES): iptables-nft-")


def test_a_rule_that_is_gone_is_told_as_that() -> None:
    error = failure(LEGACY, LINES, "iptables-restore: line 2 failed\n")
    assert error.code == errno.ENOENT
    assert str(error).startswith("cannot delete NAT rule masquerade y: ")
    assert str(error).endswith("somebody may have changed or removed that rule just now")


def test_a_refused_table_is_named_where_the_rule_is_not_told() -> None:
    error = failure(LEGACY, LINES, "iptables-restore: line 7 failed\n")
    assert str(error).startswith("cannot change NAT rules (table raw, inet): Invalid argument (EINVAL)")
    assert "dmesg" in str(error)


def test_the_only_change_is_the_refused_one() -> None:
    error = failure(
        NFT, LINES[4:], "iptables v1.8.9 (nf_tables): Chain 'NO' does not exist\nError occurred at line: 3\n"
    )
    assert str(error).startswith("cannot create NAT rule ct zone 1 in x: ")


def test_what_a_rule_needs_is_listed() -> None:
    change = ONE._replace(rule="-p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.1")
    assert "(table nat, match tcp, target DNAT): iptables-nft-restore says: why" in unable(NFT, change, "why")


def test_nf_tables_is_not_loaded_by_looking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel with modules, of which nf_tables is one that is not loaded: not even a socket is opened."""
    places = {name: tmp_path / name for name in ("MODULES", "NF_TABLES", "BUILTIN")}
    for name, place in places.items():
        monkeypatch.setattr(iptables_presence, name, place)
    places["MODULES"].write_text("")
    places["BUILTIN"].write_text("kernel/net/ipv4/netfilter/nf_defrag_ipv4.ko\n")
    monkeypatch.setattr(socket, "socket", None)
    assert iptables_presence.marked_tables("inet") == set()

    for name in ("NF_TABLES", "BUILTIN"):
        places[name].write_text("kernel/net/netfilter/nf_tables.ko\n")
        with pytest.raises(TypeError):
            iptables_presence.marked_tables("inet")
        places[name].unlink()


def test_a_kernel_without_legacy_tables_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(iptables_presence, "NAMES", {"inet": tmp_path / "none"})
    assert iptables_presence.legacy_tables("inet") == set()
