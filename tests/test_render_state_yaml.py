"""`show` as YAML: the same text for the same network, and nothing lost on the way."""

from __future__ import annotations

import random
from typing import Any

import pytest
import yaml

from netapply.render.state_yaml import natural, ordered, render

STATE: dict[str, Any] = {
    "nat": [{"masquerade": "10.10.10.0/24", "out": "eno1"}],
    "sysctl": {"net.ipv4.ip_forward": "1", "net.ipv4.conf.all.rp_filter": "2"},
    "rules": [{"priority": 100, "from": "10.0.0.0/8", "table": 100}],
    "routes": [
        {"to": "10.0.0.0/8", "table": 100, "via": "192.0.2.1"},
        {"to": "192.0.2.0/24", "dev": "vmbr0"},
        {"to": "default", "nexthops": [{"via": "192.0.2.1"}, {"via": "192.0.2.2", "weight": 3}]},
        {"to": "default", "family": "inet6", "via": "fe80::1", "dev": "vmbr0"},
    ],
    "links": {
        "eth10": {"mtu": 1500},
        "eth2": {},
        "vmbr0": {
            "addresses": ["192.0.2.7/24", "2001:db8::7/64"],
            "alias": "yes: # no",
            "mac": "12:34:56:12:34:56",
            "stp": False,
            "kind": "bridge",
        },
    },
    "version": 1,
}
TEXT = """\
version: 1
links:
  eth2: {}
  eth10:
    mtu: 1500
  vmbr0:
    kind: bridge
    stp: false
    mac: '12:34:56:12:34:56'
    alias: 'yes: # no'
    addresses: [192.0.2.7/24, '2001:db8::7/64']
routes:
  - {to: default, nexthops: [{via: 192.0.2.1}, {via: 192.0.2.2, weight: 3}]}
  - {to: 192.0.2.0/24, dev: vmbr0}
  - {to: default, family: inet6, via: 'fe80::1', dev: vmbr0}
  - {to: 10.0.0.0/8, table: 100, via: 192.0.2.1}
rules:
  - {priority: 100, from: 10.0.0.0/8, table: 100}
sysctl:
  net.ipv4.conf.all.rp_filter: 2
  net.ipv4.ip_forward: 1
nat:
  - {masquerade: 10.10.10.0/24, out: eno1}
"""


def test_reads_like_a_file_that_a_person_wrote() -> None:
    assert render(STATE) == TEXT


def test_the_order_of_the_kernel_does_not_show() -> None:
    shuffler = random.Random(7)
    for _ in range(20):
        links, routes = list(STATE["links"].items()), list(STATE["routes"])
        shuffler.shuffle(links)
        shuffler.shuffle(routes)
        assert render({**STATE, "links": dict(links), "routes": routes}) == TEXT


def test_nothing_is_lost() -> None:
    read = yaml.safe_load(render(STATE))
    assert read["links"] == STATE["links"]
    assert sorted(map(str, read["routes"])) == sorted(map(str, STATE["routes"]))
    assert {name: str(value) for name, value in read["sysctl"].items()} == STATE["sysctl"]
    assert read["nat"] == STATE["nat"]


@pytest.mark.parametrize("alias", ["on", "1.5", "0x10", "null", "a: b", "- a", "#a", "{a}", "'", "é访", "*a", "12:30"])
def test_text_stays_text(alias: str) -> None:
    read = yaml.safe_load(render({"version": 1, "links": {"eth0": {"alias": alias}}}))
    assert read["links"]["eth0"]["alias"] == alias


def test_nat_rules_keep_their_order() -> None:
    rules = [{"dnat": "192.0.2.9", "port": 80}, {"dnat": "192.0.2.1", "port": 80}]
    assert ordered({"nat": rules})["nat"] == rules


def test_people_count() -> None:
    assert sorted(["eth10", "eth2", "eth1", "vmbr0", "eth1.5"], key=natural) == [
        "eth1", "eth1.5", "eth2", "eth10", "vmbr0",
    ]  # fmt: skip
