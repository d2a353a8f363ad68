"""Filter entries of every form, and a namespace for the tests of either backend."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from pydantic import TypeAdapter

from integration.iptables_site import Site, opened
from netapply.kernel import netfilter
from netapply.kernel.iptables import NatChange
from netapply.model.filter import FilterEntry
from netapply.model.nat import NatEntry
from netapply.model.netfilter import Backend, jumps
from netapply.model.resource import Resource

BACKENDS: Final[tuple[Backend, ...]] = ("iptables", "nftables")
FILTERS: Final[list[dict[str, Any]]] = [
    {"accept": "forward", "state": ["established", "related"]},
    *({"drop": "forward", "state": word} for word in ("invalid", "new", "untracked", "established", "related")),
    {"drop": "input", "state": ["untracked", "invalid", "new", "related", "established"]},
    {"accept": "forward", "in": "vmbr1", "out": "eno1", "from": "10.0.0.0/24", "to": "192.0.2.7"},
    {"accept": "forward", "from": "2001:db8::/64", "to": "2001:db8:1::7", "proto": "tcp", "port": "443"},
    {"accept": "input", "in": "ä*,$(x)#+"},
    {"accept": "output", "out": "abcdefghijklmn+", "family": "inet6"},
    {"accept": "input", "in": "e*"},
    {"accept": "input", "proto": "tcp", "port": ["22", "8000-8010", "65535"]},
    {"accept": "input", "proto": "udp", "from_port": "1024-65535", "port": "53"},
    {"accept": "input", "proto": "udp", "from_port": ["67", "68"], "port": ["67", "68"], "state": "new"},
    {"accept": "input", "proto": "tcp", "from_port": "20", "port": ["1024-2047", "4000"]},
    {"accept": "input", "proto": "sctp", "port": "36412"},
    *({"accept": "input", "proto": word} for word in ("tcp", "udp", "sctp", "icmp", "esp")),
    *(
        {"accept": "input", "icmp": word}
        for word in (
            "echo-request", "echo-reply", "destination-unreachable", "time-exceeded", "parameter-problem", "redirect",
            "router-solicitation", "router-advertisement",
        )
    ),
    *({"accept": "input", "icmp": word, "family": "inet"} for word in ("timestamp-request", "timestamp-reply")),
    *(
        {"accept": "input", "icmp": word, "family": "inet6"}
        for word in ("packet-too-big", "neighbour-solicitation", "neighbour-advertisement")
    ),
    {"reject": "forward", "in": "eno1"},
    *(
        {"reject": "forward", "with": word, "in": "eno2"}
        for word in ("port-unreachable", "host-unreachable", "admin-prohibited")
    ),
    {"reject": "forward", "with": "tcp-reset", "proto": "tcp"},
    {"reject": "output", "with": "tcp-reset", "proto": "tcp", "port": "25"},
    {"policy": {"forward": "drop", "input": "drop", "output": "reject"}},
]  # fmt: skip
"""Every selector and target, each with values at its edges."""


def filters(backend: Backend, *entries: dict[str, Any]) -> list[Resource]:
    """The rules of filter entries, with the jumps that they need."""
    parsed = TypeAdapter(list[FilterEntry]).validate_python(list(entries))
    rules = [rule.resource(backend) for entry in parsed for rule in entry.rules()]
    return [*rules, *jumps(rules)]


def translations(backend: Backend, *entries: dict[str, Any]) -> list[Resource]:
    parsed = TypeAdapter(list[NatEntry]).validate_python(list(entries))
    return [resource for entry in parsed for resource in entry.resources(backend)]


def creation(*wanted: Resource) -> list[NatChange]:
    return [
        NatChange("create", item.key, item.attributes["rule"], item.facts.get("position")) for item in wanted
    ]  # fmt: skip


def read(site: Site) -> list[Resource]:
    return site.inside(netfilter.read)


def restore(site: Site, *changes: NatChange) -> None:
    site.inside(netfilter.restore, changes)


def ruleset(site: Site) -> str:
    """All that nft says; iptables' rules of the nft variant are in it too."""
    return site.run("nft", "-s", "list", "ruleset")


@contextmanager
def apart() -> Iterator[Site]:
    with opened("nft") as site:
        yield site
