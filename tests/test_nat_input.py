"""The input of iptables-restore, run by a model of a chain: everything ends where it belongs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from netapply.kernel.iptables_input import Line, NatChange, compose
from netapply.kernel.iptables_text import Saved, split_comment, tokens
from netapply.model.resource import Key, Resource

CHAIN = ("nat", "inet", "nat", "POSTROUTING")
FOREIGN = "(foreign)"


def key(words: str) -> Key:
    return (*CHAIN, words)


def saved_from(chain: Sequence[tuple[str, str]]) -> Saved:
    """A chain of (words, rule), where foreign rules have FOREIGN for words."""
    saved = Saved()
    for position, (words, rule) in enumerate(chain, 1):
        saved.lengths["nat", "POSTROUTING"] += 1
        if words != FOREIGN:
            saved.resources.append(Resource(key(words), "nat", {"rule": rule}, {"position": position}))
    return saved


def run(lines: Sequence[Line], chain: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """What iptables-restore makes of a chain; ValueError where it would refuse."""
    rules = list(chain)
    for text, _ in lines:
        match = re.fullmatch(r"-([ADI]) POSTROUTING (?:(\d+) )?(.*)", text)
        if match is None:
            assert text in ("*nat", "COMMIT")
            continue
        found = split_comment(tokens(match[3]))
        assert found is not None
        rule = (found[1], found[0])
        if match[1] == "D":
            rules.remove(rule)
        else:
            at = int(match[2]) - 1 if match[2] else len(rules)
            if at > len(rules):
                raise ValueError(f"index of insertion too big: {text}")
            rules.insert(at, rule)
    return rules


def positions(chain: Sequence[tuple[str, str]]) -> dict[str, tuple[str, int]]:
    return {words: (rule, at) for at, (words, rule) in enumerate(chain, 1) if words != FOREIGN}


def changes_between(now: Sequence[tuple[str, str]], wanted: Sequence[tuple[str, str]]) -> list[NatChange]:
    """Changes as a plan makes them: created where they are to stand."""
    present, goal = positions(now), positions(wanted)
    gone = [words for words, (rule, _) in present.items() if goal.get(words, ("", 0))[0] != rule]
    made = [words for words, (rule, _) in goal.items() if present.get(words, ("", 0))[0] != rule]
    return [
        *(NatChange("delete", key(words), *present[words]) for words in gone),
        *(NatChange("create", key(words), *goal[words]) for words in made),
    ]


Chain = list[tuple[str, str]]


@st.composite
def transactions(draw: st.DrawFn) -> tuple[Chain, Chain]:
    """A chain before, and what a transaction made of it: rules gone, changed in place, come anywhere."""
    kinds = draw(st.lists(st.sampled_from([FOREIGN, "stays", "goes", "changes", "comes"]), max_size=12))
    numbered = [(kind, FOREIGN if kind == FOREIGN else f"{kind} {at}", at) for at, kind in enumerate(kinds)]
    before = [(words, f"-j R{at}") for kind, words, at in numbered if kind != "comes"]
    present = [(kind == "changes", words, at) for kind, words, at in numbered if kind != "goes"]
    return before, [(words, f"-j {'S' if changed else 'R'}{at}") for changed, words, at in present]


@given(transactions())
def test_an_undone_transaction_leaves_the_chain_as_it_was(pair: tuple[Chain, Chain]) -> None:
    before, now = pair
    lines = compose(changes_between(now, before), saved_from(now))
    assert run(lines, now) == before


@given(transactions(), st.randoms())
def test_the_order_in_which_changes_come_does_not_matter(pair: tuple[Chain, Chain], random: Any) -> None:
    before, now = pair
    changes = changes_between(now, before)
    lines = compose(random.sample(changes, len(changes)), saved_from(now))
    assert run(lines, now) == before


def test_a_changed_rule_stays_in_its_place_while_others_go_and_come() -> None:
    now = [("gone", "-j A"), (FOREIGN, "1"), ("edited", "-j B"), (FOREIGN, "2"), ("kept", "-j C")]
    changes = [
        NatChange("delete", key("gone"), "-j A", 1),
        NatChange("delete", key("edited"), "-j B", 3),
        NatChange("create", key("edited"), "-j D", 2),
        NatChange("create", key("last"), "-j E"),
    ]
    assert run(compose(changes, saved_from(now)), now) == [
        (FOREIGN, "1"), ("edited", "-j D"), (FOREIGN, "2"), ("kept", "-j C"), ("last", "-j E"),
    ]  # fmt: skip


def test_rules_without_a_position_go_to_the_end_as_they_come() -> None:
    changes = [NatChange("create", key(words), "-j A") for words in "cab"]
    after = run(compose(changes, saved_from([(FOREIGN, "1")])), [(FOREIGN, "1")])
    assert [words for words, _ in after] == [FOREIGN, "c", "a", "b"]


def test_a_position_behind_the_end_is_the_end() -> None:
    changes = [NatChange("create", key("a"), "-j A", 7), NatChange("create", key("b"), "-j A", 9)]
    after = run(compose(changes, saved_from([(FOREIGN, "1")])), [(FOREIGN, "1")])
    assert [words for words, _ in after] == [FOREIGN, "a", "b"]


def test_a_chain_is_shorter_by_what_goes() -> None:
    now = [("a", "-j A"), ("b", "-j B")]
    gone = [NatChange("delete", key(words), rule) for words, rule in now]
    after = run(compose([*gone, NatChange("create", key("c"), "-j C", 2)], saved_from(now)), now)
    assert after == [("c", "-j C")]


def test_a_moved_rule_goes_to_the_end() -> None:
    now = [("a", "-j A"), ("b", "-j B")]
    changes = [NatChange("delete", key("a"), "-j A", 1), NatChange("create", key("a"), "-j A")]
    assert run(compose(changes, saved_from(now)), now) == [("b", "-j B"), ("a", "-j A")]


def test_each_table_is_committed_once() -> None:
    raw = NatChange("create", ("nat", "inet", "raw", "PREROUTING", "z"), "-j CT --zone 1")
    lines = compose([raw, NatChange("create", key("a"), "-j A")], Saved())
    assert [line.text for line in lines] == [
        "*nat", '-A POSTROUTING -m comment --comment "netapply: a" -j A', "COMMIT",
        "*raw", '-A PREROUTING -m comment --comment "netapply: z" -j CT --zone 1', "COMMIT",
    ]  # fmt: skip
    assert [line.change and line.change.key[4] for line in lines] == [None, "a", None, None, "z", None]
