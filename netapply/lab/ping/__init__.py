"""Pings out of a lab's hosts: ARP, neighbour discovery, ICMP, ICMPv6 and TCP, plain or VLAN-tagged.

    ping.icmp(guest, "10.0.0.2")                                     # routed as the guest routes
    ping.icmp(guest, "10.0.0.2", size=1472, dont_fragment=True)      # does the path carry 1500 bytes?
    ping.icmp(trunk, "10.0.0.2", interface="eth0", source="10.0.0.9", vlan=100)
    ping.arp(trunk, "eth0", "10.0.0.2", vlan=(Tag(20, "802.1ad"), 100))

Each call sends a request up to `attempts` times over `timeout` seconds and comes back with the first
answer: a Reply; a Refusal (somebody said no, and why) or None (nobody said anything), both false.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netapply.lab.ping.outcome import Outcome, Refusal, Reply, State
from netapply.lab.ping.path import Leaving

if TYPE_CHECKING:
    from netapply.lab.ping.questions import arp, icmp, icmpv6, ndp, tcp

__all__ = ["Leaving", "Outcome", "Refusal", "Reply", "State", "arp", "icmp", "icmpv6", "ndp", "tcp"]


def __getattr__(name: str) -> Any:
    """Load the questions, and scapy with them, when the first one is asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from netapply.lab.ping import questions

    return getattr(questions, name)
