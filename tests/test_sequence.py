"""The order of rules: what is in order stays, and everything ends where the file, or the past, has it."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from netapply.diff import diff
from netapply.kernel.iptables_input import NatChange, compose
from netapply.kernel.nft_input import compose as nft_compose
from netapply.kernel.nft_listing import Listed, Listing
from netapply.model.owned import Owned
from netapply.model.resource import Desired, Resource, State
from netapply.plan import make_plan
from tests.test_nat_input import FOREIGN, key, run, saved_from

Chain = list[tuple[str, str]]


def state_of(chain: Chain) -> State:
    state = State()
    for resource in saved_from(chain).resources:
        state.add(resource)
    return state


def wish_for(rules: Chain, places: dict[str, int] | None = None) -> Desired:
    desired = Desired(source="a.yaml")
    for words, rule in rules:
        facts = {"position": places[words]} if places else {}
        desired.add(Resource(key(words), "nat", {"rule": rule}, facts))
    return desired


def changes_to(desired: Desired, chain: Chain) -> list[NatChange]:
    plan = make_plan(desired, state_of(chain), Owned())
    return [
        NatChange(item.verb.value, item.key, item.attributes["rule"], item.position) for item in plan.operations
    ]  # fmt: skip


def ours(chain: Chain) -> Chain:
    return [item for item in chain if item[0] != FOREIGN]


def others(chain: Chain) -> Chain:
    return [item for item in chain if item[0] == FOREIGN]


chains = st.lists(st.sampled_from("abcdef"), unique=True, max_size=6).flatmap(
    lambda names: st.lists(st.sampled_from([f"-j F{number}" for number in range(4)]), unique=True, max_size=4).flatmap(
        lambda foreign: st.permutations([*((name, "-j A") for name in names), *((FOREIGN, rule) for rule in foreign)])
    )
)
wishes = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(["-j A", "-j B"])), unique_by=lambda item: item[0]
)


@given(chains, wishes)
def test_ours_are_as_the_file_has_them_and_others_as_they_were(chain: Chain, wished: Chain) -> None:
    desired = wish_for(wished)
    after = run(compose(changes_to(desired, chain), saved_from(chain)), chain)
    assert ours(after) == wished
    assert others(after) == others(chain)
    assert diff(desired, state_of(after), Owned()) == []


@given(chains, wishes)
def test_the_way_back_leads_to_every_place_of_before(chain: Chain, wished: Chain) -> None:
    after = run(compose(changes_to(wish_for(wished), chain), saved_from(chain)), chain)
    places = {words: at for at, (words, _) in enumerate(chain, 1)}
    back = wish_for(ours(chain), places)
    assert run(compose(changes_to(back, after), saved_from(after)), after) == chain


@given(chains, st.permutations("abcdefgh"))
def test_as_few_as_possible_move(chain: Chain, order: Sequence[str]) -> None:
    present = {words for words, _ in ours(chain)}
    wished = [(name, "-j A") for name in order if name in present]
    moved = [change for change in changes_to(wish_for(wished), chain) if change.verb == "delete"]
    if ours(chain) == wished:
        assert moved == []
    else:
        assert 0 < len(moved) < len(wished)


def test_a_rule_that_comes_stands_in_front_of_the_next_one_and_nothing_else_moves() -> None:
    chain = [("a", "-j A"), (FOREIGN, "-j F"), ("policy", "-j D"), (FOREIGN, "-j G")]
    wished = [("a", "-j A"), ("b", "-j B"), ("policy", "-j D")]
    (change,) = changes_to(wish_for(wished), chain)
    assert (change.verb, change.key[4], change.position) == ("create", "b", 3)


def listing_of(chain: Chain) -> Listing:
    rules = [
        Listed(100 + number, None if words == FOREIGN else nft_key(words), rule)
        for number, (words, rule) in enumerate(chain)
    ]
    return Listing("inet", bool(chain), {"srcnat": rules} if rules else {})


def nft_key(words: str) -> tuple[str, ...]:
    return ("nat", "inet", "netapply", "srcnat", words)


def nft_run(commands: list[dict[str, dict[str, dict[str, object]]]], chain: Chain) -> Chain:
    """What nft makes of a chain, by handles."""
    rules = [(100 + number, item) for number, item in enumerate(chain)]
    for command in commands:
        ((verb, said),) = command.items()
        if "rule" not in said:
            continue
        rule = said["rule"]
        if verb == "delete":
            assert len([handle for handle, _ in rules if handle == rule["handle"]]) == 1
            rules = [item for item in rules if item[0] != rule["handle"]]
            continue
        made = (0, (str(rule["comment"]).removeprefix("netapply: "), f"{rule['expr']}"))
        at = next(at for at, item in enumerate(rules) if item[0] == rule["handle"]) if verb == "insert" else len(rules)
        rules.insert(at, made)
    return [item for _, item in rules]


def as_json(chain: Chain) -> Chain:
    return [(words, {"-j A": "1", "-j B": "2"}.get(rule, rule)) for words, rule in chain]


@given(chains, wishes)
def test_nftables_ends_where_iptables_does(chain: Chain, wished: Chain) -> None:
    through_iptables = run(compose(changes_to(wish_for(wished), chain), saved_from(chain)), chain)
    changes = [
        change._replace(key=nft_key(change.key[4]), rule={"-j A": "1", "-j B": "2"}[change.rule])
        for change in changes_to(wish_for(wished), chain)
    ]
    commands = nft_compose(changes, {"inet": listing_of(as_json(chain))})
    assert nft_run(commands, as_json(chain)) == as_json(through_iptables)
    kinds = [(verb, *said) for command in commands for verb, said in command.items()]
    assert (("add", "table") in kinds) == (not chain and bool(wished))
    assert (("delete", "table") in kinds) == (bool(chain) and not through_iptables)
