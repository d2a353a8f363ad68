"""What nft says of netapply's table, and the transaction that it is given."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from netapply.errors import KernelError, RefusedError
from netapply.kernel.iptables_input import NatChange
from netapply.kernel.nft import _code, _reason
from netapply.kernel.nft_input import compose
from netapply.kernel.nft_listing import Listing, parse, specification
from netapply.model.nft_rule import canonical

CHAIN = {"family": "ip", "table": "netapply", "name": "srcnat", "handle": 1}
RULE = {"family": "ip", "table": "netapply", "chain": "srcnat"}
KEY = ("nat", "inet", "netapply", "srcnat", "masquerade any out eno1")
EXPRESSION: list[dict[str, Any]] = [
    {"match": {"op": "==", "left": {"meta": {"key": "oifname"}}, "right": "eno1"}},
    {"masquerade": None},
]


def listed(*more: dict[str, Any], **changed: Any) -> dict[str, Any]:
    said = [
        {"metainfo": {"version": "1.0.6"}}, {"table": {"family": "ip", "name": "netapply", "handle": 1}},
        {"chain": {**CHAIN, **specification("srcnat"), **changed}},
        {"rule": {**RULE, "handle": 4, "expr": [{"accept": None}]}},
        {"rule": {**RULE, "handle": 5, "comment": f"netapply: {KEY[4]}", "expr": EXPRESSION}},
        {"rule": {**RULE, "handle": 6, "comment": "somebody: else", "expr": [{"drop": None}]}},
    ]  # fmt: skip
    return {"nftables": [*said, *more]}


def test_only_marked_rules_are_ours_and_all_are_counted() -> None:
    (resource,) = parse("inet", listed()).resources()
    assert (resource.key, resource.kind, resource.facts) == (KEY, "nat", {"position": 2})
    assert resource.attributes == {"rule": canonical(EXPRESSION)}


@pytest.mark.parametrize("changed", [{"prio": 50}, {"hook": "prerouting"}, {"type": "filter"}, {"policy": "drop"}])
def test_a_chain_of_our_name_that_is_another_one_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(RefusedError, match=r"its chain srcnat is not as netapply makes it \(hook postrouting"):
        parse("inet", listed(**changed))


def test_protocols_are_the_same_by_name_and_by_number() -> None:
    def match(right: Any) -> dict[str, Any]:
        return {"match": {"op": "==", "left": {"meta": {"key": "l4proto"}}, "right": right}}

    assert canonical([match("tcp")]) == canonical([match(6)])
    assert canonical([match("ipv6-icmp")]) == canonical([match(58)])
    assert canonical([match("gre")]) != canonical([match("tcp")])


def test_table_and_chain_come_and_go_with_their_only_rule() -> None:
    come = compose([NatChange("create", KEY, canonical(EXPRESSION))], {"inet": Listing("inet")})
    named = {"family": "ip", "table": "netapply", "name": "srcnat"}
    assert come == [
        {"add": {"table": {"family": "ip", "name": "netapply"}}},
        {"add": {"chain": {**named, **specification("srcnat")}}},
        {"add": {"rule": {**RULE, "comment": f"netapply: {KEY[4]}", "expr": EXPRESSION}}},
    ]
    alone = listed()
    alone["nftables"] = [item for item in alone["nftables"] if item.get("rule", {}).get("handle") not in (4, 6)]
    go = compose([NatChange("delete", KEY, canonical(EXPRESSION))], {"inet": parse("inet", alone)})
    assert go == [
        {"delete": {"rule": {**RULE, "handle": 5}}}, {"delete": {"chain": named}},
        {"delete": {"table": {"family": "ip", "name": "netapply"}}},
    ]  # fmt: skip
    alone["nftables"].append({"set": {"family": "ip", "table": "netapply", "name": "guests"}})
    left = compose([NatChange("delete", KEY, canonical(EXPRESSION))], {"inet": parse("inet", alone)})
    assert left == go[:2], "a set of somebody else keeps the table"


def test_foreign_rules_keep_the_chain() -> None:
    go = compose([NatChange("delete", KEY, canonical(EXPRESSION))], {"inet": parse("inet", listed())})
    assert go == [{"delete": {"rule": {**RULE, "handle": 5}}}]


def test_a_rule_that_is_gone_is_named() -> None:
    gone = NatChange("delete", KEY, canonical([{"accept": None}]), None, "a.yaml:3:5")
    with pytest.raises(KernelError, match=r"cannot delete NAT rule masquerade any out eno1: .*just now") as caught:
        compose([gone], {"inet": parse("inet", listed())})
    assert (caught.value.code, caught.value.where) == (errno.ENOENT, "a.yaml:3:5")


@pytest.mark.parametrize(
    ("stderr", "reason", "code"),
    [
        (
            "internal:0:0-0: Error: Could not process rule: Operation not supported\n\n",
            "Could not process rule: Operation not supported", errno.EOPNOTSUPP,
        ),
        (
            "Error: syntax error, unexpected newline\nlist table ip\n             ^\n",
            "syntax error, unexpected newline list table ip", errno.EINVAL,
        ),
        ("internal:0:0-0: Error: x\n\ninternal:0:0-0: Error: x\n", "x", errno.EINVAL),
        ("", "no reason given", errno.EINVAL),
    ],
)  # fmt: skip
def test_the_programs_own_words_remain(stderr: str, reason: str, code: int) -> None:
    assert _reason(stderr) == reason
    assert _code(reason) == code
