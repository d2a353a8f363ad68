"""Which options of a bond go together, and which others a change resets (drivers/net/bonding/bond_options.c)."""

from __future__ import annotations

from typing import Any, Final, Literal

Mode = Literal["balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb"]
ONE_ACTIVE: Final = ("active-backup", "balance-tlb", "balance-alb")
"""Modes in which one port is the active one, so that a port can be preferred."""
CARRIER_ONLY: Final = ("802.3ad", "balance-tlb", "balance-alb")
"""Modes that watch the carrier and nothing else; the kernel gives them a miimon if they have none."""
PROBING: Final = ("balance-rr", "active-backup", "balance-xor", "broadcast")
_LACP: Final = ("802.3ad",)
NEEDS: Final = {
    "primary": ONE_ACTIVE,
    "primary_reselect": ONE_ACTIVE,
    "active_slave": ONE_ACTIVE,
    "arp_interval": PROBING,
    "arp_validate": PROBING,
    "missed_max": PROBING,
    "lacp_active": _LACP,
    "lacp_rate": _LACP,
    "ad_actor_sys_prio": _LACP,
    "ad_actor_system": _LACP,
    "ad_user_port_key": _LACP,
    "coupled_control": _LACP,
    "packets_per_slave": ("balance-rr",),
    "tlb_dynamic_lb": ("balance-tlb", "balance-alb"),
}
"""Option by option, the modes that have it; the kernel refuses it in others."""
DELAYS: Final = ("updelay", "downdelay", "peer_notif_delay")
"""Held as multiples of miimon, so that another miimon moves them."""
USUAL_MIIMON: Final = 100
"""Milliseconds that the kernel chooses itself (BOND_DEFAULT_MIIMON)."""


def refuse_contradictions(bond: Any) -> None:
    """ValueError for the first two options that do not go together."""
    mode = bond.mode or "balance-rr"
    for option, modes in NEEDS.items():
        if getattr(bond, option) and mode not in modes:
            raise ValueError(f"{option} needs mode {' or '.join(modes)}, not {mode}")
    if bond.miimon and bond.arp_interval:
        raise ValueError("miimon and arp_interval do not go together: each watches the ports in its own way")
    if bond.miimon == 0 and mode in CARRIER_ONLY:
        raise ValueError(f"mode {mode} watches the carrier: miimon cannot be 0")
    for delay in DELAYS:
        if getattr(bond, delay) and not bond.miimon and not (mode in CARRIER_ONLY and bond.miimon is None):
            raise ValueError(f"{delay} needs miimon")
    _refuse_strange_names(bond)


def _refuse_strange_names(bond: Any) -> None:
    for option in ("primary", "active_slave"):
        port = getattr(bond, option)
        if port and bond.ports and port not in bond.ports:
            raise ValueError(f"{option} {port} is none of the ports {', '.join(bond.ports)}")
    if bond.arp_interval and not (bond.arp_ip_target or bond.ns_ip6_target):
        raise ValueError("arp_interval needs an arp_ip_target or an ns_ip6_target to ask for")
    for option, colon in (("arp_ip_target", False), ("ns_ip6_target", True)):
        for address in getattr(bond, option) or ():
            if (":" in address) is not colon:
                raise ValueError(f"{option} {address} is no {'IPv6' if colon else 'IPv4'} address")


def resent(settings: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """The settings with all those that they would reset, as they are to be."""
    if settings.get("mode"):
        known = {name: value for name, value in after.items() if settings["mode"] in NEEDS.get(name, ())}
        kept = {name: value for name, value in known.items() if value is not None and name not in _LIVING}
        settings = {**kept, **{name: after[name] for name in _WATCHING if after.get(name)}, **settings}
    if "miimon" not in settings:
        return settings
    said = {name: after[name] for name in DELAYS if after.get("miimon") and after.get(name) is not None}
    return {name: value for name, value in {**settings, **said}.items() if name not in DELAYS or name in said}


_LIVING: Final = ("primary", "active_slave")
"""Set when the ports are there."""
_WATCHING: Final = ("miimon", "arp_interval")


def normal(bond: dict[str, Any]) -> dict[str, int]:
    """What the kernel makes of a wish, where that is something else: `miimon` by itself, delays in whole steps."""
    found: dict[str, int] = {}
    if bond.get("mode") in CARRIER_ONLY and bond.get("miimon") is None:
        found["miimon"] = USUAL_MIIMON
    step = found.get("miimon") or bond.get("miimon")
    for name in DELAYS if step else ():
        value = bond.get(name)
        if value and value % step:
            found[name] = value - value % step
    return found
