"""A namespace with foreign rules in it, and the NAT entries that the tests of iptables share."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from os import getpid
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter

from netapply.kernel import iptables
from netapply.kernel.iptables import NatChange
from netapply.kernel.namespace import entered
from netapply.model.nat import NatEntry
from netapply.model.resource import Key, Resource

T = TypeVar("T")
VARIANTS: Final = ("nft", "legacy")
MASQUERADE: Final[dict[str, Any]] = {"masquerade": "10.10.10.0/24", "out": "eno1"}
SNAT: Final[dict[str, Any]] = {"snat": "10.10.10.0/24", "out": "eno1", "to": "198.51.100.5"}
ZONE: Final[dict[str, Any]] = {"ct_zone": "1", "in": "fwbr+", "family": "both"}
ENTRIES: Final[list[dict[str, Any]]] = [
    MASQUERADE,
    {"masquerade": "10.10.11.7", "out": "abcdefghijklmn+", "dst": "192.0.2.0/24"},
    {"masquerade": "any", "out": "eno1.5", "not_dst": "10.0.0.0/8", "proto": "tcp", "to_ports": "1024-2048"},
    {"masquerade": "any", "out": "eno1", "proto": "udp", "to_ports": "4000"},
    {"masquerade": "2001:db8::/64", "out": "eno1", "not_dst": "2001:db8::/32"},
    {"masquerade": "::ffff:10.0.0.1", "out": "eno1", "proto": "tcp", "to_ports": "1-65535"},
    SNAT,
    {
        "snat": "10.10.10.0/24",
        "out": "eno1",
        "to": "198.51.100.5-198.51.100.9",
        "proto": "udp",
        "to_ports": "9-99",
    },
    {"snat": "2001:db8::/64", "out": "eno1", "to": "2001:db8:1::5"},
    {
        "snat": "any",
        "out": "eno1",
        "to": "2001:db8:1::5-2001:db8:1::9",
        "proto": "tcp",
        "to_ports": "1024-65535",
    },
    {"dnat": "198.51.100.5", "proto": "tcp", "port": "8080", "in": "eno1", "to": "10.10.10.5:80"},
    {"dnat": "198.51.100.0/28", "proto": "udp", "port": "1-65535", "to": "10.10.10.5"},
    {"dnat": "198.51.100.5", "proto": "udp", "port": ["53", "5000-65535"], "in": "e+", "to": "10.10.10.5:53"},
    {"dnat": "any", "proto": "tcp", "port": "8000-8010", "in": "eno1", "to": "10.10.10.5:9000-9010"},
    {"dnat": "198.51.100.6", "proto": "tcp", "port": "8000-8010", "to": "10.10.10.5:8000-8010"},
    {"dnat": "198.51.100.7", "to": "10.10.10.7"},
    {"dnat": "2001:db8:1::5", "proto": "tcp", "port": "8080", "in": "eno1", "to": "[2001:db8::5]:80"},
    {"dnat": "2001:db8:1::5", "proto": "udp", "port": "8000-8010", "to": "[2001:db8::5]:9000-9010"},
    {"dnat": "2001:db8:1::6", "to": "2001:db8::6"},
    ZONE,
    {"ct_zone": "65535", "in": "fwbr100i0"},
    {"ct_zone": "7", "in": "ä*,$(x)#+"},
]
"""Every form of every entry, each with values at its edges."""
FOREIGN: Final = """\
*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -j DOCKER
-A POSTROUTING -o eno9 -m comment --comment "first \\"netapply: \\' \\\\ no\\"" -j MASQUERADE
-A POSTROUTING -o eno8 -m comment --comment "netapply" -j MASQUERADE
-A POSTROUTING -o eno7 -j ACCEPT
COMMIT
*mangle
-A FORWARD -m comment --comment "netapply: not mine" -j ACCEPT
COMMIT
"""
_numbers = count()


def resources(*entries: dict[str, Any]) -> list[Resource]:
    parsed = TypeAdapter(list[NatEntry]).validate_python(list(entries))
    return [resource for entry in parsed for resource in entry.resources()]


def create(*wanted: Resource, position: int | None = None) -> list[NatChange]:
    return [NatChange("create", item.key, item.attributes["rule"], position) for item in wanted]


def delete(*seen: Resource) -> list[NatChange]:
    return [NatChange("delete", item.key, item.attributes["rule"], item.facts["position"]) for item in seen]


def back(*seen: Resource) -> list[NatChange]:
    """Created again where they were."""
    return [NatChange("create", item.key, item.attributes["rule"], item.facts["position"]) for item in seen]


def comparable(found: list[Resource]) -> dict[Key, Any]:
    assert len({item.key for item in found}) == len(found)
    return {item.key: item.attributes for item in found}


def words(found: list[Resource]) -> list[str]:
    return [item.name for item in found]


@dataclass(frozen=True)
class Site:
    """A namespace, and the variant that its administrator uses."""

    netns: str
    variant: str

    def inside(self, function: Callable[..., T], *arguments: Any) -> T:
        with entered(self.netns):
            return function(*arguments)

    def read(self) -> list[Resource]:
        return self.inside(iptables.read)

    def restore(self, *changes: NatChange) -> None:
        self.inside(iptables.restore, changes)

    def run(self, *command: str, given: str = "") -> str:
        full = ["ip", "netns", "exec", self.netns, *command]
        return subprocess.run(full, input=given, check=True, capture_output=True, text=True, timeout=60).stdout

    def iptables(self, *arguments: str, program: str = "iptables", variant: str = "") -> str:
        return self.run(f"{program}-{variant or self.variant}", *arguments)

    def foreign(self, given: str, program: str = "iptables") -> None:
        self.run(f"{program}-{self.variant}-restore", "--noflush", given=given)

    def saved(self, variant: str = "") -> list[str]:
        """What both families' iptables-save print, without times and counters."""
        text = "".join(self.run(f"{program}-{variant or self.variant}-save") for program in ("iptables", "ip6tables"))
        lines = [line for line in text.splitlines() if not line.startswith("#")]
        return [re.sub(r"\[\d+:\d+\]", "", line) for line in lines]


@contextmanager
def opened(variant: str) -> Iterator[Site]:
    """A namespace that goes with the block."""
    name = f"nat{getpid()}-{next(_numbers)}"
    subprocess.run(["ip", "netns", "add", name], check=True, timeout=60)
    try:
        yield Site(name, variant)
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True, timeout=60)
