"""The nouns of routing: tables, protocols, nexthops, and what the kernel tells routes and rules apart by.

What a file says of a route or a rule is in `route` and `rule`. The engine needs only these words, and a plan
without routes is spared the two models (3 ms).
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from netapply.model.attribute import choice
from netapply.model.resource import Key

PROTOCOL: Final = 110
"""The route and rule protocol that marks netapply's own (free in iproute2's rt_protos)."""
PROTOCOLS: Final = {
    "redirect": 1, "kernel": 2, "boot": 3, "static": 4, "ra": 9, "zebra": 11, "bird": 12, "dhcp": 16,
    "babel": 42, "netapply": PROTOCOL, "bgp": 186, "isis": 187, "ospf": 188, "rip": 189, "eigrp": 192,
}  # fmt: skip
DYNAMIC: Final = frozenset({"redirect", "kernel", "ra", "zebra", "bird", "dhcp", "babel", "bgp", "isis", "ospf", "rip"})
"""Protocols whose routes belong to the kernel or to a daemon: never changed, never deleted."""
TABLES: Final = {"default": 253, "main": 254, "local": 255}
METRIC_IPV6: Final = 1024
VRF_MARK: Final = "vrf "
"""In front of a VRF's name in a route's key, until the table is known."""
ANY: Final = {"inet": "0.0.0.0/0", "inet6": "::/0"}
ACTION: Final = choice(lookup=1, goto=2, nop=3, blackhole=6, unreachable=7, prohibit=8)
SELECTORS: Final = (
    "src", "dst", "iif", "oif", "fwmark", "fwmask", "tos", "ipproto", "sport", "dport", "uidrange", "tun_id", "l3mdev",
    "invert",
)  # fmt: skip
OUTCOMES: Final = ("goto", "suppress_prefixlength", "suppress_ifgroup", "realms")
"""What a rule does besides its action, and may leave out."""


class Nexthop(NamedTuple):
    """One way out: a gateway, a device, or both; `weight` counts from 1."""

    via: str | None = None
    dev: str | None = None
    weight: int = 1
    onlink: bool = False
    encap: str | None = None

    def __str__(self) -> str:
        words = [f"encap {self.encap}" if self.encap else ""]
        words += [f"via {self.via}" if self.via else "", f"dev {self.dev}" if self.dev else ""]
        words.append(f"weight {self.weight}" if self.weight != 1 else "")
        words.append("onlink" if self.onlink else "")
        return " ".join(word for word in words if word)

    def fits(self, seen: Nexthop) -> bool:
        """Whether `seen` is what this wish leads to: a device that is not named is the kernel's choice."""
        return self._replace(dev=self.dev or seen.dev) == seen


def route_key(inet: str, table: int | str, to: str, metric: int, tos: int) -> Key:
    if inet == "inet6" and metric == 0:
        metric = METRIC_IPV6
    return ("route", inet, str(table), to, str(metric), str(tos))


def same_nexthops(desired: Any, seen: Any) -> bool:
    """Whether the ways out are the same, in any order; what the file leaves open fits anything."""
    if len(desired) != len(seen):
        return False
    rest = [Nexthop(*hop) for hop in seen]
    for hop in sorted(desired, key=lambda hop: Nexthop(*hop).dev is None):  # the choosy ones first
        match = next((other for other in rest if Nexthop(*hop).fits(other)), None)
        if match is None:
            return False
        rest.remove(match)
    return True


def rule_key(inet: str, priority: int, attributes: dict[str, object]) -> Key:
    """A rule is all that it says: the kernel knows no change of a rule, and several may share a priority."""
    words = [f"{name} {attributes[name]}" for name in SELECTORS if attributes.get(name) is not None] or ["all"]
    lookup = attributes.get("action") == "lookup"
    words.append(f"lookup {attributes.get('table')}" if lookup else str(attributes.get("action")))
    words += [f"{name} {attributes[name]}" for name in OUTCOMES if attributes.get(name) is not None]
    return ("rule", inet, str(priority), " ".join(words))
