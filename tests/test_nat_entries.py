"""NAT entries: what people write, the rule in words, and the rule as iptables-save prints it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from netapply.model.nat import ENTRIES, NatEntry
from netapply.model.resource import Resource

ENTRY: TypeAdapter[Any] = TypeAdapter(NatEntry)

RULES: list[tuple[dict[str, Any], str, str, str]] = [
    (
        {"masquerade": "10.10.10.0/24", "out": "eno1"},
        "inet nat POSTROUTING", "masquerade 10.10.10.0/24 out eno1",
        "-s 10.10.10.0/24 -o eno1 -j MASQUERADE",
    ),
    (
        {"masquerade": "any", "out": "eno1", "family": "inet6"},
        "inet6 nat POSTROUTING", "masquerade any out eno1", "-o eno1 -j MASQUERADE",
    ),
    (
        {
            "masquerade": "0.0.0.0/0", "out": "eno+", "not_dst": "10.0.0.0/8",
            "proto": "tcp", "to_ports": "1024-2048",
        },
        "inet nat POSTROUTING", "masquerade any out eno+ not dst 10.0.0.0/8 tcp to ports 1024-2048",
        "! -d 10.0.0.0/8 -o eno+ -p tcp -j MASQUERADE --to-ports 1024-2048",
    ),
    (
        {"masquerade": "2001:DB8::/64", "out": "eno1", "dst": "2001:db8:1::7"},
        "inet6 nat POSTROUTING", "masquerade 2001:db8::/64 out eno1 dst 2001:db8:1::7",
        "-s 2001:db8::/64 -d 2001:db8:1::7/128 -o eno1 -j MASQUERADE",
    ),
    (
        {"snat": "10.10.10.5", "out": "eno1", "to": "198.51.100.5"},
        "inet nat POSTROUTING", "snat 10.10.10.5 out eno1 to 198.51.100.5",
        "-s 10.10.10.5/32 -o eno1 -j SNAT --to-source 198.51.100.5",
    ),
    (
        {"snat": "any", "out": "eno1", "to": "198.51.100.5 - 198.51.100.9", "proto": "udp", "to_ports": 4000},
        "inet nat POSTROUTING", "snat any out eno1 udp to 198.51.100.5-198.51.100.9 ports 4000",
        "-o eno1 -p udp -j SNAT --to-source 198.51.100.5-198.51.100.9:4000",
    ),
    (
        {"snat": "2001:db8::/64", "out": "eno1", "to": "2001:db8:1::5", "proto": "tcp", "to_ports": "1-9"},
        "inet6 nat POSTROUTING", "snat 2001:db8::/64 out eno1 tcp to 2001:db8:1::5 ports 1-9",
        "-s 2001:db8::/64 -o eno1 -p tcp -j SNAT --to-source [2001:db8:1::5]:1-9",
    ),
    (
        {"dnat": "198.51.100.5", "proto": "tcp", "port": "8080", "in": "eno1", "to": "10.10.10.5:80"},
        "inet nat PREROUTING", "dnat 198.51.100.5 tcp port 8080 in eno1 to 10.10.10.5:80",
        "-d 198.51.100.5/32 -i eno1 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.10.10.5:80",
    ),
    (
        {"dnat": "any", "proto": "udp", "port": ["8000-8010", "53", 53], "in": "eno1", "to": "10.10.10.5"},
        "inet nat PREROUTING", "dnat any udp port 53,8000-8010 in eno1 to 10.10.10.5",
        "-i eno1 -p udp -m multiport --dports 53,8000:8010 -j DNAT --to-destination 10.10.10.5",
    ),
    (
        {"dnat": "192.0.2.5", "proto": "tcp", "port": "8000-8010", "to": "10.10.10.5:9000-9010"},
        "inet nat PREROUTING", "dnat 192.0.2.5 tcp port 8000-8010 to 10.10.10.5:9000-9010",
        "-d 192.0.2.5/32 -p tcp -m tcp --dport 8000:8010 -j DNAT --to-destination 10.10.10.5:9000-9010/8000",
    ),
    (
        {"dnat": "198.51.100.5", "proto": "tcp", "port": "8000-8010", "to": "10.10.10.5:8000-8010"},
        "inet nat PREROUTING", "dnat 198.51.100.5 tcp port 8000-8010 to 10.10.10.5:8000-8010",
        "-d 198.51.100.5/32 -p tcp -m tcp --dport 8000:8010 -j DNAT --to-destination 10.10.10.5:8000-8010",
    ),
    (
        {"dnat": "2001:db8:1::5", "proto": "tcp", "port": "8080", "in": "eno1", "to": "[2001:db8:0::5]:80"},
        "inet6 nat PREROUTING", "dnat 2001:db8:1::5 tcp port 8080 in eno1 to [2001:db8::5]:80",
        "-d 2001:db8:1::5/128 -i eno1 -p tcp -m tcp --dport 8080 -j DNAT --to-destination [2001:db8::5]:80",
    ),
    (
        {"dnat": "2001:db8:1::5", "to": "[2001:db8::5]"},
        "inet6 nat PREROUTING", "dnat 2001:db8:1::5 to 2001:db8::5",
        "-d 2001:db8:1::5/128 -j DNAT --to-destination 2001:db8::5",
    ),
    (
        {"ct_zone": "1", "in": "fwbr+"},
        "inet raw PREROUTING", "ct zone 1 in fwbr+", "-i fwbr+ -j CT --zone 1",
    ),
]  # fmt: skip


def resources(entry: dict[str, Any]) -> list[Resource]:
    found: list[Resource] = ENTRY.validate_python(entry).resources()
    return found


@pytest.mark.parametrize(("entry", "place", "words", "rule"), RULES, ids=[row[2] for row in RULES])
def test_an_entry_is_one_rule_in_one_spelling(entry: dict[str, Any], place: str, words: str, rule: str) -> None:
    (resource,) = resources(entry)
    assert resource.key == ("nat", *place.split(), words)
    assert resource.kind == "nat"
    assert resource.attributes == {"rule": rule}
    assert json.loads(json.dumps(resource.attributes)) == resource.attributes


def test_a_zone_for_both_families_is_two_rules() -> None:
    keys = [item.key for item in resources({"ct_zone": "1", "in": "fwbr+", "family": "both"})]
    assert keys == [("nat", inet, "raw", "PREROUTING", "ct zone 1 in fwbr+") for inet in ("inet", "inet6")]


REFUSED: list[tuple[dict[str, Any], tuple[str, ...], str]] = [
    ({"masquerade": "10.10.10.1/24", "out": "eno1"}, ("masquerade",), "write 10.10.10.0/24"),
    ({"masquerade": "default", "out": "eno1"}, ("masquerade",), "it is 'any'"),
    ({"masquerade": "fe80::%eno1/64", "out": "eno1"}, ("masquerade",), "is no network"),
    ({"masquerade": "::1.2.0.0/112", "out": "eno1"}, ("masquerade",), "IPv4-compatible"),
    ({"masquerade": "10.0.0.0/8"}, ("out",), "Field required"),
    ({"masquerade": "10.0.0.0/8", "out": "+"}, ("out",), "no lone '+'"),
    ({"masquerade": "10.0.0.0/8", "out": "-j"}, ("out",), "leading '-'"),
    ({"masquerade": "10.0.0.0/8", "out": 'e"1'}, ("out",), "no quotes"),
    ({"masquerade": "10.0.0.0/8", "out": "interface-too-long+"}, ("out",), "at most 15"),
    ({"masquerade": "10.0.0.0/8", "out": "eno1", "dst": "2001:db8::/64"}, (), "IPv4 or for IPv6"),
    ({"masquerade": "10.0.0.0/8", "out": "eno1", "family": "inet6"}, (), "IPv4 or for IPv6"),
    ({"masquerade": "10.0.0.0/8", "out": "e", "dst": "10.0.0.0/9", "not_dst": "10.0.0.0/9"}, (), "together"),
    ({"masquerade": "10.0.0.0/8", "out": "e", "not_dst": "any"}, (), "match no packet"),
    ({"masquerade": "10.0.0.0/8", "out": "e", "to_ports": "80"}, (), "needs proto"),
    ({"masquerade": "10.0.0.0/8", "out": "e", "proto": "tcp", "to_ports": "0"}, ("to_ports",), "no port"),
    ({"masquerade": "10.0.0.0/8", "out": "e", "proto": "sctp"}, ("proto",), "'tcp' or 'udp'"),
    ({"masquerade": "10.0.0.0/8", "out": "e", "prot": "tcp"}, ("prot",), "not permitted"),
    ({"snat": "10.0.0.0/8", "out": "eno1"}, ("to",), "Field required"),
    ({"snat": "10.0.0.0/8", "out": "eno1", "to": "224.0.0.5"}, ("to",), "multicast"),
    ({"snat": "10.0.0.0/8", "out": "eno1", "to": "10.0.0.9-10.0.0.5"}, ("to",), "10.0.0.5-10.0.0.9"),
    ({"snat": "10.0.0.0/8", "out": "eno1", "to": "2001:db8::1"}, (), "IPv4 or for IPv6"),
    ({"dnat": "198.51.100.5", "to": "2001:db8::1"}, (), "IPv4 or for IPv6"),
    ({"dnat": "198.51.100.5", "port": "80", "to": "10.0.0.1"}, (), "port needs proto"),
    ({"dnat": "198.51.100.5", "proto": "tcp", "to": "10.0.0.1:80"}, (), "which port it is for"),
    ({"dnat": "198.51.100.5", "proto": "tcp", "port": "8080", "to": "10.0.0.1:"}, ("to",), "is no port"),
    ({"dnat": "198.51.100.5", "proto": "tcp", "port": "8080", "to": "[10.0.0.1]:80"}, ("to",), "brackets"),
    ({"dnat": "198.51.100.5", "proto": "tcp", "port": "8080", "to": "guest:80"}, ("to",), "no IP address"),
    ({"dnat": "198.51.100.5", "proto": "tcp", "port": "8080", "to": "10.0.0.1:90-99"}, (), "same length"),
    ({"dnat": "198.51.100.5", "proto": "tcp", "port": "8010-8000", "to": "10.0.0.1"}, ("port",), "no port"),
    ({"dnat": "198.51.100.5", "proto": "tcp", "port": "65536", "to": "10.0.0.1"}, ("port",), "no port"),
    ({"dnat": "198.51.100.5", "proto": "tcp", "port": [], "to": "10.0.0.1"}, ("port",), "1 to 15"),
    ({"dnat": "1.2.3.4", "proto": "tcp", "port": list(range(1, 17)), "to": "10.0.0.1"}, ("port",), "1 to 15"),
    ({"dnat": "any", "proto": "tcp", "port": "80", "to": "10.0.0.1"}, (), "needs in and port"),
    ({"dnat": "any", "in": "eno1", "to": "10.0.0.1"}, (), "needs in and port"),
    ({"ct_zone": "0", "in": "fwbr+"}, ("ct_zone",), "greater than or equal to 1"),
    ({"ct_zone": "65536", "in": "fwbr+"}, ("ct_zone",), "less than or equal to 65535"),
    ({"ct_zone": "1"}, ("in",), "Field required"),
    ({"out": "eno1"}, (), "exactly one of masquerade, snat, dnat and ct_zone"),
    ({"snat": "10.0.0.0/8", "dnat": "10.0.0.1"}, (), "this one has snat and dnat"),
]


@pytest.mark.parametrize(("entry", "place", "said"), REFUSED)
def test_what_is_wrong_is_refused_where_it_stands(entry: dict[str, Any], place: tuple[str, ...], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ENTRY.validate_python(entry)
    (error,) = caught.value.errors()
    assert error["loc"] == place
    assert said in error["msg"]


@pytest.mark.parametrize("entry", ["masquerade", None, ["snat"], 7])
def test_what_is_no_mapping_is_told_what_one_looks_like(entry: object) -> None:
    with pytest.raises(ValidationError, match=r"a NAT entry is a mapping, such as"):
        ENTRY.validate_python(entry)


ports = st.integers(1, 65535).map(str)
spans = st.tuples(st.integers(1, 65535), st.integers(1, 65535)).map(lambda ends: f"{min(ends)}-{max(ends)}")
six = st.ip_addresses(v=6, network="2001:db8::/32").map(str)


@given(st.lists(ports, min_size=1, max_size=15, unique=True), six, six)
def test_no_rule_in_words_is_too_long_for_a_comment(listed: list[str], one: str, two: str) -> None:
    entry = {"dnat": one, "proto": "tcp", "port": listed, "in": "a-long-ifname15", "to": f"[{two}]"}
    (resource,) = resources(entry)
    assert len(f"netapply: {resource.name}".encode()) < 256  # XT_MAX_COMMENT_LEN, its NUL included


@given(st.lists(ports | spans, min_size=1, max_size=7), st.randoms())
def test_the_order_of_ports_makes_no_other_rule(listed: list[str], random: Any) -> None:
    entry = {"dnat": "198.51.100.5", "proto": "tcp", "to": "10.0.0.1"}
    shuffled = random.sample(listed, len(listed))
    assert resources({**entry, "port": listed}) == resources({**entry, "port": shuffled})


def test_the_schema_describes_every_entry() -> None:
    described = ENTRY.json_schema(by_alias=True)
    assert {option["$ref"].rpartition("/")[2] for option in described["anyOf"]} == {
        model.__name__ for model in ENTRIES.values()
    }
    assert "in" in described["$defs"]["Dnat"]["properties"]
