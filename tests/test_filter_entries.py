"""Filter entries: what people write, the rule in words, and the rule in both backends' own language."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from netapply.model.filter import FILTERS, FilterEntry
from netapply.model.filter_words import entries_of
from netapply.model.netfilter import Backend, jump, jumps, twin

ENTRY: TypeAdapter[Any] = TypeAdapter(FilterEntry)
RULES: list[tuple[dict[str, Any], str, str, str]] = [
    (
        {"accept": "forward", "state": ["related", "established", "related"]},
        "accept forward state established,related",
        "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        '[{"match":{"left":{"ct":{"key":"state"}},"op":"in","right":["established","related"]}},{"accept":null}]',
    ),
    (
        {"drop": "forward", "in": "eno1", "out": "vmbr+", "from": "192.0.2.7", "to": "10.0.0.0/24"},
        "drop forward in eno1 out vmbr+ from 192.0.2.7 to 10.0.0.0/24",
        "-s 192.0.2.7/32 -d 10.0.0.0/24 -i eno1 -o vmbr+ -j DROP",
        '[{"match":{"left":{"payload":{"field":"saddr","protocol":"ip"}},"op":"==","right":"192.0.2.7"}},'
        '{"match":{"left":{"payload":{"field":"daddr","protocol":"ip"}},"op":"==",'
        '"right":{"prefix":{"addr":"10.0.0.0","len":24}}}},'
        '{"match":{"left":{"meta":{"key":"iifname"}},"op":"==","right":"eno1"}},'
        '{"match":{"left":{"meta":{"key":"oifname"}},"op":"==","right":"vmbr*"}},{"drop":null}]',
    ),
    (
        {"reject": "input", "proto": "tcp", "port": [443, "22", "8000-8010"], "with": "tcp-reset"},
        "reject input proto tcp port 22,443,8000-8010 with tcp-reset",
        "-p tcp -m multiport --dports 22,443,8000:8010 -j REJECT --reject-with tcp-reset",
        '[{"match":{"left":{"payload":{"field":"dport","protocol":"tcp"}},"op":"==",'
        '"right":{"set":[22,443,{"range":[8000,8010]}]}}},{"reject":{"type":"tcp reset"}}]',
    ),
    (
        {"accept": "input", "proto": "udp", "from_port": 67, "port": 68},
        "accept input proto udp from_port 67 port 68",
        "-p udp -m udp --sport 67 --dport 68 -j ACCEPT",
        '[{"match":{"left":{"payload":{"field":"sport","protocol":"udp"}},"op":"==","right":67}},'
        '{"match":{"left":{"payload":{"field":"dport","protocol":"udp"}},"op":"==","right":68}},{"accept":null}]',
    ),
    (
        {"accept": "input", "proto": "esp"}, "accept input proto esp", "-p esp -j ACCEPT",
        '[{"match":{"left":{"meta":{"key":"l4proto"}},"op":"==","right":50}},{"accept":null}]',
    ),
    (
        {"accept": "input", "icmp": "echo-request", "family": "inet"},
        "accept input icmp echo-request", "-p icmp -m icmp --icmp-type 8 -j ACCEPT",
        '[{"match":{"left":{"payload":{"field":"type","protocol":"icmp"}},"op":"==","right":"echo-request"}},'
        '{"accept":null}]',
    ),
    (
        {"policy": {"forward": "reject"}}, "policy forward reject", "-j REJECT --reject-with icmp-port-unreachable",
        '[{"reject":{"expr":"port-unreachable","type":"icmp"}}]',
    ),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "words", "text", "expressions"), RULES, ids=[row[1] for row in RULES])
def test_an_entry_is_one_rule_in_one_spelling(entry: dict[str, Any], words: str, text: str, expressions: str) -> None:
    rule = ENTRY.validate_python(entry).rules()[0]
    there, here = rule.resource("iptables"), rule.resource("nftables")
    assert (there.key[4], there.attributes) == (words, {"rule": text})
    assert (here.key[4], here.attributes) == (words, {"rule": expressions})
    assert twin(there.key) == here.key and twin(here.key) == there.key
    assert json.loads(expressions), "it is what nft is told"


def keys(entry: dict[str, Any], backend: Backend = "iptables") -> list[tuple[str, str, str]]:
    rules = [rule.resource(backend) for rule in ENTRY.validate_python(entry).rules()]
    return [(item.key[1], item.key[3], item.key[4]) for item in rules]


def test_where_no_address_tells_a_rule_is_for_both_families() -> None:
    both = [(inet, "NETAPPLY-INPUT", "drop input in eno1") for inet in ("inet", "inet6")]
    assert keys({"drop": "input", "in": "eno1"}) == both
    assert keys({"drop": "input", "in": "eno1", "family": "both"}) == both
    assert keys({"drop": "input", "in": "eno1", "family": "inet6"}) == both[1:]
    assert keys({"drop": "input", "from": "::/0"}, "nftables") == [("inet6", "input", "drop input")]
    assert keys({"drop": "input", "from": "2001:db8::/32"}, "nftables") == [
        ("inet6", "input", "drop input from 2001:db8::/32")
    ]


def test_a_network_is_isolated_by_rules_that_a_person_could_write() -> None:
    words = [words for _, _, words in keys({"isolate": "10.0.0.0/24", "out": "eno1"})]
    assert words == [
        "accept forward to 10.0.0.0/24 state established,related",
        "accept forward from 10.0.0.0/24 state established,related",
        "accept forward from 10.0.0.0/24 to 10.0.0.0/24",
        "drop forward to 10.0.0.0/24",
        "accept forward out eno1 from 10.0.0.0/24",
        "drop forward from 10.0.0.0/24",
    ]
    assert keys({"isolate": "vmbr1"}) == [
        (inet, "NETAPPLY-FORWARD", words)
        for words in (
            "accept forward out vmbr1 state established,related", "accept forward in vmbr1 out vmbr1",
            "drop forward out vmbr1",
        )
        for inet in ("inet", "inet6")
    ]  # fmt: skip


REFUSED: list[tuple[dict[str, Any], tuple[str, ...], str]] = [
    ({"accept": "input", "out": "eno1"}, (), "no outgoing device"),
    ({"accept": "output", "in": "eno1"}, (), "no incoming device"),
    ({"accept": "through"}, ("accept",), "'forward', 'input' or 'output'"),
    ({"accept": "input", "port": "80"}, (), "ports need proto"),
    ({"accept": "input", "from_port": "80", "proto": "icmp"}, (), "ports need proto"),
    ({"accept": "input", "port": "80", "proto": "esp"}, (), "ports need proto"),
    ({"accept": "input", "proto": "tcp", "port": "0"}, ("port",), "is no port"),
    ({"accept": "input", "proto": "gre"}, ("proto",), "'tcp', 'udp'"),
    ({"accept": "input", "icmp": "echo-request", "proto": "tcp"}, (), "do not go together"),
    ({"accept": "input", "icmp": "ping"}, ("icmp",), "'echo-request'"),
    ({"accept": "input", "icmp": "packet-too-big"}, (), "IPv4 has no ICMP type packet-too-big; write family: inet6"),
    ({"accept": "input", "icmp": "timestamp-reply"}, (), "IPv6 has no ICMP type timestamp-reply; write family: inet"),
    ({"accept": "input", "state": "open"}, ("state",), "open is no state"),
    ({"accept": "input", "state": []}, ("state",), "an empty list is no state"),
    ({"accept": "input", "from": "10.0.0.0/8", "to": "2001:db8::1"}, (), "IPv4 or for IPv6"),
    ({"accept": "input", "from": "10.0.0.0/8", "family": "both"}, (), "leave family out"),
    ({"accept": "input", "from": "10.0.0.0/8", "family": "inet6"}, (), "IPv4 or for IPv6"),
    ({"accept": "input", "from": "10.0.0.1/8"}, ("from",), "write 10.0.0.0/8"),
    ({"accept": "input", "with": "tcp-reset"}, ("with",), "not permitted"),
    ({"reject": "input", "with": "tcp-reset"}, (), "needs proto: tcp"),
    ({"reject": "input", "with": "beep"}, ("with",), "'port-unreachable'"),
    ({"isolate": "any"}, ("isolate",), "everything cannot be isolated"),
    ({"isolate": "0.0.0.0/0"}, ("isolate",), "everything cannot be isolated"),
    ({"isolate": "10.0.0.1/24"}, ("isolate",), "write 10.0.0.0/24"),
    ({"isolate": "vmbr1", "out": "vmbr1"}, (), "the way out"),
    ({"isolate": "10.0.0.0/24", "family": "inet6"}, (), "IPv4 or for IPv6"),
    ({"policy": {"forward": "accept"}}, ("policy", "forward"), "'drop' or 'reject'"),
    ({"policy": {}}, ("policy",), "at least 1"),
    ({"policy": {"prerouting": "drop"}}, ("policy", "prerouting", "[key]"), "'forward', 'input' or 'output'"),
    ({"from": "10.0.0.0/8"}, (), "exactly one of accept"),
    ({"accept": "input", "drop": "input"}, (), "has accept and drop"),
    (
        {
            "accept": "forward", "in": "i" * 15, "out": "o" * 15, "from": "2001:db8:1111:2222:3333:4444:5555:6666",
            "to": "2001:db8:1111:2222:3333:4444:5555:7777", "proto": "tcp",
            "port": [10000 + number for number in range(15)], "state": ["new", "untracked"],
        },
        (), "a comment holds 243",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "where", "why"), REFUSED, ids=[str(row[0])[:60] for row in REFUSED])
def test_a_contradiction_is_refused(entry: dict[str, Any], where: tuple[str, ...], why: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ENTRY.validate_python(entry)
    first = caught.value.errors()[0]
    assert first["loc"] == where
    assert why in first["msg"]


def test_every_rule_in_a_chain_of_ours_needs_its_jump() -> None:
    rules = [rule.resource() for entry in RULES for rule in ENTRY.validate_python(entry[0]).rules()]
    assert {item.key for item in jumps(rules)} == {
        jump(inet, place).key for inet in ("inet", "inet6") for place in ("forward", "input")
        if (inet, place) in {(item.key[1], item.key[3].removeprefix("NETAPPLY-").lower()) for item in rules}
    }  # fmt: skip
    assert jump("inet", "input").key == ("filter", "inet", "filter", "INPUT", "jump NETAPPLY-INPUT")
    assert twin(jump("inet", "input").key) is None
    assert [*jumps([rule.resource("nftables") for rule in ENTRY.validate_python({"isolate": "a"}).rules()])] == []


SELECTORS: dict[str, st.SearchStrategy[Any]] = {
    "in": st.sampled_from(["eno1", "vmbr+"]), "out": st.sampled_from(["eno2", "tap+"]),
    "from": st.sampled_from(["10.0.0.0/24", "any", "192.0.2.7"]), "to": st.sampled_from(["10.1.0.0/24", "10.2.0.9"]),
    "proto": st.sampled_from(["tcp", "udp"]), "port": st.sampled_from(["80", ["22", "8000-8010"]]),
    "from_port": st.sampled_from(["1024-65535", ["67", "68"]]), "state": st.sampled_from(["new", ["new", "invalid"]]),
    "family": st.sampled_from(["inet"]),
}  # fmt: skip


@st.composite
def entries(draw: st.DrawFn) -> dict[str, Any]:
    chosen = draw(st.sets(st.sampled_from(sorted(SELECTORS))))
    if chosen & {"port", "from_port"}:
        chosen.add("proto")
    verb = draw(st.sampled_from(["accept", "drop", "reject"]))
    return {verb: "forward", **{name: draw(SELECTORS[name]) for name in sorted(chosen)}}


@given(st.lists(entries(), max_size=6, unique_by=str))
def test_what_is_shown_makes_the_same_rules(wished: list[dict[str, Any]]) -> None:
    made = {item.key: item for entry in wished for rule in ENTRY.validate_python(entry).rules()
            for item in [rule.resource("nftables")]}  # fmt: skip
    again = [rule.resource("nftables") for entry in entries_of(made) for rule in ENTRY.validate_python(entry).rules()]
    assert {item.key: item for item in again} == made
    for inet in ("inet", "inet6"):
        assert [item.key for item in again if item.key[1] == inet] == [key for key in made if key[1] == inet]


def test_every_sort_of_entry_has_a_description_of_every_field() -> None:
    for model in FILTERS.values():
        assert all(info.description for info in model.model_fields.values()), model
