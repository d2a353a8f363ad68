"""A NAT rule in words leads back to the entry that made it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from netapply.model.nat import NatEntry
from netapply.model.nat_words import entry_of

ENTRIES: list[dict[str, Any]] = [
    {"masquerade": "10.10.10.0/24", "out": "eno1"},
    {"masquerade": "any", "out": "eth+", "not_dst": "10.0.0.0/8", "proto": "udp", "to_ports": "1000-2000"},
    {"masquerade": "any", "out": "eno1", "family": "inet6"},
    {"snat": "10.10.10.0/24", "out": "eno1", "to": "198.51.100.5", "dst": "192.0.2.0/24"},
    {"snat": "2001:db8::/64", "out": "eno1", "to": "2001:db8:1::5", "proto": "tcp", "to_ports": "7-9"},
    {"dnat": "198.51.100.5", "proto": "tcp", "port": "8080", "in": "eno1", "to": "10.10.10.5:80"},
    {"dnat": "any", "proto": "udp", "port": ["53", "100-110"], "in": "eno1", "to": "10.10.10.5"},
    {"dnat": "2001:db8::1", "to": "2001:db8::5"},
    {"ct_zone": "1", "in": "fwbr+"},
    {"ct_zone": "7", "in": "fwbr+", "family": "inet6"},
]


@pytest.mark.parametrize("entry", ENTRIES, ids=str)
def test_words_lead_back_to_the_entry(entry: dict[str, Any]) -> None:
    read = TypeAdapter(NatEntry).validate_python
    (rule,) = read(entry).resources()
    assert read(entry_of(rule.key)).resources() == [rule]
