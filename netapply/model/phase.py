"""The order of a transaction: take away what stands in the way, build from the bottom, open last."""

from __future__ import annotations

from enum import IntEnum


class Phase(IntEnum):
    """One stretch of a transaction; within it, operations go by their depth."""

    GLOBAL_SYSCTL = 0
    """First, because a global setting overwrites every interface's own."""
    ROUTE_DELETE = 11
    NEXTHOP_DELETE = 12
    """Of nexthop objects, those that a link would take along."""
    ENTRY_DELETE = 13
    """Neighbours, forwarding entries, VLANs: what a link holds."""
    ADDRESS_DELETE = 14
    NAME_DELETE = 15
    PEER_DELETE = 16
    LINK_PREPARE = 18
    """A link that must be down, or without ports, for what follows."""
    LINK_DELETE = 20
    LINK = 30
    """Create and set, lower devices first; a link that needs its settings before it runs stays down."""
    BRIDGE_MTU = 33
    """When the ports are there, which move the MTU of their bridge."""
    NAME = 35
    PORT = 37
    """What a link is set to as a port, when it is one."""
    VLAN_FILTERING = 38
    """Of a bridge that is at work, when its ports have their VLANs."""
    KEYS = 41
    PEER = 42
    """What an encrypted tunnel is told over generic netlink, before it comes up."""
    LINK_SYSCTL = 40
    """While a new link is still down: some settings matter only before it comes up."""
    LINK_UP = 45
    PREFERENCE = 46
    """Which of its ports a link prefers: they are there, and up."""
    ADDRESS = 50
    ENTRY = 52
    NEXTHOP_REMAKE = 54
    """A nexthop object goes, to come again as what it cannot become in place."""
    NEXTHOP = 55
    ROUTE = 60
    NEXTHOP_END = 62
    """When no route leads over it any more."""
    RULE = 70
    NAT = 80
    """Rules of NAT and filter, all of them together."""
