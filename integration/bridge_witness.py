"""How `ip -d -j link` says what a bridge has; what Debian 12's iproute2 does not know comes from a message of ours.

The attributes that are `unnamed` there are read by raw_link, which shares no code with netapply's reader.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

Json = Any
SWITCHES: Final = (
    "no_linklocal_learn", "nf_call_iptables", "nf_call_ip6tables", "nf_call_arptables", "vlan_filtering",
    "vlan_stats_enabled", "vlan_stats_per_port", "mcast_vlan_snooping", "mcast_snooping", "mcast_query_use_ifaddr",
    "mcast_querier", "mcast_stats_enabled",
)  # fmt: skip
INTERVALS: Final = {
    "mcast_last_member_interval": "mcast_last_member_intvl", "mcast_membership_interval": "mcast_membership_intvl",
    "mcast_querier_interval": "mcast_querier_intvl", "mcast_query_interval": "mcast_query_intvl",
    "mcast_query_response_interval": "mcast_query_response_intvl",
}  # fmt: skip
NUMBERS: Final = {
    name: name for name in ("mcast_router", "mcast_hash_max", "mcast_igmp_version", "mcast_mld_version")
} | {"mcast_last_member_count": "mcast_last_member_cnt", "mcast_startup_query_count": "mcast_startup_query_cnt"}
BRIDGE_VLANS: Final = (
    "vlan_protocol", "vlan_filtering", "vlan_default_pvid", "vlan_stats_enabled", "vlan_stats_per_port", "mst_enabled",
    "mcast_vlan_snooping",
)  # fmt: skip
"""Rows of a kernel that is built with bridge VLANs."""


def _switch(name: str) -> Callable[[Json], Any]:
    return lambda data: bool(data.get(name))


def _number(name: str) -> Callable[[Json], Any]:
    return lambda data: data[name]


def _interval(name: str) -> Callable[[Json], Any]:
    return lambda data: data[name] / 100


def _startup(data: Json) -> float:
    """At 250 ticks a second the kernel holds 31.248 s of its own 31.25 s."""
    hundredths = int(data["mcast_startup_query_intvl"])
    return 31.25 if hundredths == 3124 else hundredths / 100


BRIDGE_SHOWN: Final[dict[str, Callable[[Json], Any]]] = {
    **{name: _switch(name) for name in SWITCHES},
    **{name: _interval(theirs) for name, theirs in INTERVALS.items()},
    **{name: _number(theirs) for name, theirs in NUMBERS.items()},
    "mcast_startup_query_interval": _startup,
    "group_fwd_mask": lambda data: int(str(data["group_fwd_mask"]), 0),
    "group_address": lambda data: data["group_addr"],
    "vlan_protocol": lambda data: data.get("vlan_protocol", "802.1q").lower(),
    "vlan_default_pvid": lambda data: data.get("vlan_default_pvid"),
    "mst_enabled": lambda data: bool(data["unnamed"][46][0] >> 2 & 1),
    "fdb_max_learned": lambda data: data["unnamed"].get(49, (0,))[0],
}
"""By attribute, from `linkinfo.info_data`; `unnamed` are 32-bit words of attributes by number."""
