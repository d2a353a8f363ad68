"""What a route that a plan takes away needs to be put back: its source, and its gateways in reach. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from typing import Final

from netapply.errors import ForeignError
from netapply.model.attribute import Value
from netapply.model.owned import Owned
from netapply.model.resource import Desired, Key, Resource, State
from netapply.model.routing import Nexthop
from netapply.plan.change import Action, Change
from netapply.plan.words import noun

MAIN: Final = "254"
"""Table in which the kernel looks for a gateway."""


class Ground:
    """The addresses, and the routes without gateway, that there will be after the plan, by link."""

    def __init__(self, changes: Iterable[Change], observed: State, gone: set[Key]) -> None:
        self._changes, self._observed, self._gone = list(changes), observed, gone
        self._networks: dict[str, list[ipaddress.IPv4Network | ipaddress.IPv6Network]] | None = None
        self._addresses: set[str] = set()

    def require(self, route: Resource, reason: str, owned: Owned, desired: Desired) -> None:
        """ForeignError where somebody else's route could not be put back; a way back is never barred."""
        if not owned.marks_count or route.key in desired or owned.has(route) or self._stands(route):
            return
        raise ForeignError(
            f"cannot go on: {reason}, and {noun(route.key, 'route')} (protocol {route.attributes.get('protocol')}), "
            f"which netapply did not make, would be lost with it; name it in the file, or delete it first"
        )

    def _stands(self, route: Resource) -> bool:
        networks = self._survey()
        source = route.attributes.get("src")
        hops = [Nexthop(*hop) for hop in route.attributes.get("nexthops") or ()]
        return (source is None or source in self._addresses) and all(
            hop.via is None
            or hop.onlink
            or any(_holds(network, hop.via) for network in networks.get(hop.dev or "", ()))
            for hop in hops
        )

    def _survey(self) -> dict[str, list[ipaddress.IPv4Network | ipaddress.IPv6Network]]:
        """Looked at once, and only if a route asks."""
        if self._networks is None:
            self._networks = {}
            for key, attributes in self._after():
                hops = [Nexthop(*hop) for hop in attributes.get("nexthops") or ()]
                if key[0] == "address":
                    self._addresses.add(key[2].partition("/")[0])
                    self._networks.setdefault(key[1], []).append(ipaddress.ip_interface(key[2]).network)
                elif key[2] == MAIN and not any(hop.via for hop in hops):
                    for hop in hops:
                        self._networks.setdefault(hop.dev or "", []).append(ipaddress.ip_network(key[3]))
        return self._networks

    def _after(self) -> Iterator[tuple[Key, dict[str, Value]]]:
        changed = {change.key for change in self._changes}
        for item in self._observed:
            stays = item.family in ("address", "route") and item.key not in changed and item.key not in self._gone
            if stays and item.attributes.get("protocol") != "kernel":
                yield item.key, item.attributes
        for change in self._changes:
            if change.family in ("address", "route") and change.action is not Action.DELETE:
                yield change.key, change.after


def _holds(network: ipaddress.IPv4Network | ipaddress.IPv6Network, address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    return parsed.version == network.version and parsed in network
