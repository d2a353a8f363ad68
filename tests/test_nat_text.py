"""The text of iptables-save: words and quotes, netapply's comment, positions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netapply.kernel.iptables_text import MARK, parse, quoted, split_comment, tokens, with_comment

SAVED = """\
# Warning: iptables-legacy tables present, use iptables-legacy-save to see them
*mangle
:INPUT ACCEPT [0:0]
-A INPUT -m comment --comment "netapply: not in a table of ours" -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [12:720]
:DOCKER - [0:0]
-A PREROUTING -i a"b -m comment --comment "say \\"netapply: \\' \\\\ no\\"" -j DOCKER
-A PREROUTING -d 198.51.100.5/32 -p tcp -m tcp --dport 80 -m comment --comment "netapply: dnat x" -j DNAT --to-destination 10.0.0.1
-A POSTROUTING -s 10.10.10.0/24 -o eno1 -m comment --comment "netapply: masquerade y" -j MASQUERADE
-A POSTROUTING -m comment --comment netapply -j RETURN
-A POSTROUTING -s 10.10.10.0/24 -o eno1 -m comment --comment "netapply: masquerade y" -j MASQUERADE
-A POSTROUTING -p tcp -m comment --comment "netapply: edited" -m tcp --dport 80 -j ACCEPT
-A POSTROUTING -p tcp -m comment --comment "netapply: without target"
COMMIT
# Table `raw' is incompatible, use 'nft' tool.
# Table `mangle' contains incompatible base-chains, use 'nft' tool to list them.
"""  # noqa: E501


def test_only_marked_rules_are_ours_and_all_are_counted() -> None:
    saved = parse(SAVED, "inet", "nft")
    found = [(item.key[1:], item.attributes["rule"], item.facts["position"]) for item in saved.resources]
    twice = (("inet", "nat", "POSTROUTING", "masquerade y"), "-s 10.10.10.0/24 -o eno1 -j MASQUERADE")
    assert found == [
        (
            ("inet", "nat", "PREROUTING", "dnat x"),
            "-d 198.51.100.5/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.1", 2,
        ),
        (*twice, 1),
        (*twice, 3),
        (("inet", "nat", "POSTROUTING", "edited"), "-p tcp -m comment -m tcp --dport 80 -j ACCEPT", 4),
        (("inet", "nat", "POSTROUTING", "without target"), "-p tcp", 5),
    ]  # fmt: skip
    assert saved.lengths == {("nat", "PREROUTING"): 2, ("nat", "POSTROUTING"): 5}
    assert saved.unreadable == {"raw"}
    assert {item.facts["variant"] for item in saved.resources} == {"nft"}


def test_nothing_is_found_in_nothing() -> None:
    saved = parse("", "inet6", "legacy")
    assert (saved.resources, dict(saved.lengths), saved.unreadable) == ([], {}, set())


@pytest.mark.parametrize("words", ["dnat x", "masquerade y", "edited", "without target"])
def test_a_rule_goes_back_word_by_word(words: str) -> None:
    spec = next(line.split(" ", 2)[2] for line in SAVED.splitlines() if f'"{MARK}{words}"' in line)
    found = split_comment(tokens(spec))
    assert found is not None
    assert with_comment(*found) == spec


def test_what_iptables_quotes_is_read_as_it_was_meant() -> None:
    assert tokens('--comment "ct \\"q\\\' \\\\ x" -i a"b -j X') == [
        "--comment", 'ct "q\' \\ x', "-i", 'a"b', "-j", "X",
    ]  # fmt: skip


@given(st.lists(st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")))))
def test_quoted_words_are_read_back(words: list[str]) -> None:
    assert tokens(" ".join(map(quoted, words))) == words


def test_a_comment_that_does_not_begin_with_the_mark_is_foreign() -> None:
    assert split_comment(tokens('-m comment --comment "by netapply: x" -j ACCEPT')) is None
    assert split_comment(tokens("-j ACCEPT")) is None
