"""The device of a route whose file names only the gateway: the link whose subnet holds it. Pure.

The kernel decides that when the route is added and never again, so a route stays on the former device
when an address moves to another link. The file means the link that has the address in the file.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Final

from netapply.model.attribute import Value
from netapply.model.resource import Desired, Resource
from netapply.model.routing import Nexthop

MAIN: Final = "254"
"""The table of links that are in no VRF; others may hold routes over them, too."""
Networks = dict[tuple[int, int], dict[int, str]]
"""Link by network number, by (IP version, prefix length)."""


def with_devices(desired: Desired) -> Desired:
    """The same desired state, with a device at every nexthop whose gateway is in a subnet of the file."""
    open_ended = any(_is_open(Nexthop(*hop)) for route in desired.family("route") for hop in _hops(route))
    by_table = _networks_by_table(desired) if open_ended else {}
    for route in desired.family("route"):
        networks = by_table.get(route.key[2]) or by_table.get(MAIN, {})
        hops = tuple(_with_device(Nexthop(*hop), networks) for hop in _hops(route))
        route.attributes["nexthops"] = hops
    return desired


def _hops(route: Resource) -> Iterable[Value]:
    return route.attributes.get("nexthops") or ()


def _is_open(hop: Nexthop) -> bool:
    """Whether the file leaves it to the addresses over which link the gateway is reached."""
    return hop.dev is None and hop.via is not None and not hop.via.startswith("fe80:")


def _networks_by_table(desired: Desired) -> dict[str, Networks]:
    """The subnets that a route of a table can lead through: in a VRF's table, those of the VRF's ports."""
    sorted_out: dict[str, list[Resource]] = {}
    for address in desired.family("address"):
        link = desired.link(address.key[1])
        master = desired.link((link.attributes.get("master") if link is not None else None) or "")
        table = str(master.attributes["table"]) if master is not None and master.kind == "vrf" else MAIN
        sorted_out.setdefault(table, []).append(address)
    return {table: _networks(addresses) for table, addresses in sorted_out.items()}


def _networks(addresses: Iterable[Resource]) -> Networks:
    networks: Networks = {}
    for address in addresses:
        bits = address.name.partition("/")[2]
        there = f"{address.attributes['peer']}/{bits}" if address.attributes.get("peer") else address.name
        network = ipaddress.ip_interface(there).network
        by_number = networks.setdefault((network.version, network.prefixlen), {})
        by_number.setdefault(int(network.network_address), address.key[1])
    return networks


def _with_device(hop: Nexthop, networks: Networks) -> Nexthop:
    if hop.via is None or not _is_open(hop):
        return hop
    gateway = ipaddress.ip_address(hop.via)
    size = gateway.max_prefixlen
    for version, length in sorted(networks, reverse=True):
        if version != gateway.version:
            continue
        number = int(gateway) >> (size - length) << (size - length)
        link = networks[version, length].get(number)
        if link is not None:
            return hop._replace(dev=link)
    return hop
