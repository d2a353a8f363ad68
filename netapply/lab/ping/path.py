"""How a ping leaves: interface, source address and next hop.

For plain pings the namespace's own routing decides (`ip route get`), so routes, rules and gateways under
test take part. For VLAN-tagged pings the caller decides: the tags make a host of their own, which the
namespace's stack knows nothing of.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_interface
from typing import Any, TypedDict

from netapply.errors import LabError
from netapply.lab.host import Guest, Host
from netapply.lab.iproute import attempt, ip_json, reason
from netapply.lab.ping.outcome import Refusal
from netapply.lab.tags import Tag, Vlan, stack


class Leaving(TypedDict, total=False):
    """Optional words on how to leave. With `vlan` or `via`, the namespace's routing is not asked."""

    interface: str  # a guest's own interface unless given
    source: str
    via: str  # the next hop, if the destination is not on the link
    vlan: Vlan


@dataclass(frozen=True, slots=True)
class Path:
    """One way out of a namespace."""

    interface: str
    source: str
    destination: str
    next_hop: str
    tags: tuple[Tag, ...] = ()

    @property
    def version(self) -> int:
        """4 or 6."""
        return ip_address(self.destination).version


def find(host: Host, destination: str, leaving: Leaving) -> Path | Refusal:
    """The way to a destination; a Refusal if there is no route. Errors: LabError if the question is wrong."""
    _check(destination, leaving)
    if "vlan" in leaving or "via" in leaving:
        return _explicit(host, destination, leaving)
    question = ["route", "get", destination]
    question += ["from", leaving["source"]] if "source" in leaving else []
    question += ["oif", leaving["interface"]] if "interface" in leaving else []
    answer = attempt(host.netns, "-j", *question)
    if answer.returncode != 0:
        return Refusal(reason(answer.stderr))
    return from_route(host.name, destination, json.loads(answer.stdout)[0], leaving.get("source"))


def from_route(host: str, destination: str, route: Mapping[str, Any], source: str | None = None) -> Path:
    """The path in an answer of `ip -j route get`."""
    if route.get("type", "unicast") != "unicast":
        kind = route["type"]
        raise LabError(
            f"cannot ping {destination} from {host}: a {kind} address there, nothing would cross a cable; "
            "ping it from another host"
        )
    next_hop = route.get("gateway") or route.get("via", {}).get("host") or destination
    chosen = source or route.get("prefsrc")
    if chosen is None:
        raise LabError(
            f"cannot ping {destination} from {host}: {route['dev']} has no address to send from; "
            f"add one, or give source="
        )
    return Path(str(route["dev"]), str(chosen), destination, str(next_hop))


def source_for(host: Host, interface: str, target: str) -> str | None:
    """The address of an interface that best asks for a neighbour, chosen by `nearest`; None without any."""
    version = ip_address(target).version
    links = ip_json(
        host.netns,
        f"-{version}",
        "address",
        "show",
        "dev",
        interface,
        doing=f"read the addresses of {interface} in {host.netns}",
    )
    held = [f"{one['local']}/{one['prefixlen']}" for link in links for one in link["addr_info"]]
    return nearest(held, target)


def nearest(held: Sequence[str], target: str) -> str | None:
    """Of addresses with prefix lengths the first whose subnet holds the target, else the first, else None."""
    interfaces = [ip_interface(one) for one in held]
    inside = [one for one in interfaces if ip_address(target) in one.network]
    return str((inside or interfaces)[0].ip) if interfaces else None


def _explicit(host: Host, destination: str, leaving: Leaving) -> Path:
    interface = leaving.get("interface") or (host.interface if isinstance(host, Guest) else None)
    source = leaving.get("source")
    if interface is None or source is None:
        raise LabError(
            f"cannot ping {destination} from {host.name}: with vlan= or via= the routing table is not asked, "
            "so give interface= and source= too"
        )
    next_hop = leaving.get("via", destination)
    return Path(interface, source, destination, next_hop, stack(leaving.get("vlan")))


def _check(destination: str, leaving: Leaving) -> None:
    for address in (destination, leaving.get("source"), leaving.get("via")):
        try:
            ip_address(address if address is not None else destination)
        except ValueError:
            raise LabError(f"cannot ping with {address!r}: not an IPv4 or IPv6 address") from None
