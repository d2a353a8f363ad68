"""Everything that iproute2, /proc, iptables and nft say of a namespace, made comparable.

It deliberately asks other programs than netapply's own reader, so that a blind spot of the reader is
seen. What moves by itself is left out: indexes, counters, timers, duplicate address detection.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from typing import Any, Final

MOVING: Final = {
    "ifindex", "operstate", "flags", "stats", "stats64", "link_index", "timer", "hello_timer", "tcn_timer",
    "topology_change_timer", "gc_timer", "root_timer", "preferred_life_time", "valid_life_time", "tentative",
    "dadfailed", "optimistic", "link_netnsid", "expires", "used", "cacheinfo", "message_age_timer",
    "forward_delay_timer", "hold_timer", "state", "topology_change", "topology_change_detected",
    "config_pending", "priority_hex", "no", "id", "designated_port", "bridge_id", "root_id", "root_port",
    "root_path_cost", "promiscuity", "allmulti", "qdisc", "designated_cost", "multicast_router",
    "tso_max_size", "tso_max_segs",
    "topology_change_ack", "mcast_n_groups", "carrier_changes", "updated", "link_failure_count", "mii_status",
}  # fmt: skip
IP_COMMANDS: Final = (
    ("-d", "link"), ("-d", "address"), ("-4", "-d", "route", "show", "table", "all"),
    ("-6", "-d", "route", "show", "table", "all"), ("-4", "rule"), ("-6", "rule"),
    ("neigh", "show", "nud", "permanent"),
)  # fmt: skip
PARAMETERS: Final = "cd /proc/sys/net && grep -rs . ipv4/conf ipv6/conf ipv4/ip_forward"
RANDOM: Final = ("stable_secret", "mc_forwarding")
XTABLES: Final = ("filter", "nat", "mangle", "raw", "security")
SETTLING_SECONDS: Final = 5.0
REST_SECONDS: Final = 1.3


def ip(netns: str, *arguments: str) -> list[Any]:
    """What `ip -json` says in a namespace."""
    command = ["ip", "-n", netns, "-j", *arguments]
    output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout
    return list(json.loads(output or "[]"))


def _still(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _still(item) for key, item in sorted(value.items()) if key not in MOVING}
    return [_still(item) for item in value] if isinstance(value, list) else value


def _run(netns: str, *command: str) -> str:
    full = ["ip", "netns", "exec", netns, *command]
    return subprocess.run(full, check=False, capture_output=True, text=True, timeout=30).stdout


def _parameters(netns: str) -> list[str]:
    lines = _run(netns, "sh", "-c", PARAMETERS).splitlines()
    return sorted(line for line in lines if not any(word in line for word in RANDOM))


def _iptables(netns: str, program: str) -> list[str]:
    """Tables in which there is a rule, a chain or a policy; one that does nothing counts as absent."""
    text = _run(netns, program)
    lines = [line.split(" [")[0] for line in text.splitlines() if not line.startswith("#")]
    tables = "\n".join(lines).split("COMMIT")
    return [table.strip() for table in tables if any(_does_something(line) for line in table.splitlines())]


def _nft_tables(netns: str) -> list[str]:
    """The tables that are not iptables' own, without counters. The order in which tables and chains were made
    means nothing."""
    if shutil.which("nft") is None:
        return []
    tables = re.split(r"^(?=table )", _run(netns, "nft", "-s", "list", "ruleset"), flags=re.MULTILINE)
    return sorted(_by_chain(table) for table in tables if table and table.split()[2] not in XTABLES)


def _by_chain(table: str) -> str:
    head, *parts = re.split(r"^\t(?=(?:chain|set|map) )", table.removesuffix("}\n"), flags=re.MULTILINE)
    return "\n".join((head, *sorted(part.strip() for part in parts)))


def _does_something(line: str) -> bool:
    return line.startswith("-") or (line.startswith(":") and not line.endswith(" ACCEPT"))


def _is_link_local_noise(entry: Any) -> bool:
    """The kernel makes these when duplicate address detection ends, a second or two after link up."""
    text = json.dumps(entry)
    return (
        '"multicast"' in text
        or '"fe80::/64"' in text
        or ('"fe80::' in text and '"local"' in text)
        or "ff00::/8" in text
    )


def _fdb(netns: str) -> list[Any]:
    """Static forwarding entries: of bridges those that lead to a port, of VXLANs those with a remote."""
    entries = json.loads(_run(netns, "bridge", "-j", "fdb", "show") or "[]")
    return [entry for entry in entries if entry["state"] == "static" or (entry["state"] and "dst" in entry)]


def snapshot(netns: str) -> dict[str, list[Any]]:
    """The namespace's whole state; two of them are equal when nothing differs but what moves by itself."""
    parts: dict[str, list[Any]] = {}
    for arguments in IP_COMMANDS:
        entries = [_still(entry) for entry in ip(netns, *arguments)]
        if "rule" in arguments:  # a namespace's first VRF brings the kernel's own rule, which stays for good
            entries = [entry for entry in entries if "l3mdev" not in entry]
        if "route" in arguments:
            entries = [entry for entry in entries if not _is_link_local_noise(entry)]
        if arguments[-1] in ("address", "link"):
            entries = [_with_lasting_mac(entry, entries) for entry in entries]
        if arguments[-1] in ("address", "link"):
            entries = [_with_lasting_mac(entry, entries) for entry in entries]
        if arguments[-1] == "address":
            entries = [_without_link_local(entry) for entry in entries if entry]
        parts[" ".join(arguments)] = sorted(entries, key=json.dumps)
    parts["fdb"] = sorted((_still(entry) for entry in _fdb(netns)), key=json.dumps)
    parts["qdisc"] = [line for line in _run(netns, "tc", "qdisc", "show").splitlines() if " 0: " not in line]
    parts["parameters"] = _parameters(netns)
    for program in ("iptables-save", "ip6tables-save"):
        parts[program] = _iptables(netns, program)
    parts["nft"] = _nft_tables(netns)
    return parts


def _with_lasting_mac(entry: dict[str, Any], links: list[Any]) -> dict[str, Any]:
    """A bridge that lost its last port has no MAC address, and nothing but a port gives it none again."""
    bridge = entry.get("linkinfo", {}).get("info_kind") == "bridge"
    alone = bridge and not any(link.get("master") == entry["ifname"] for link in links)
    return {**entry, "address": "alone"} if alone else entry


def _without_link_local(entry: dict[str, Any]) -> dict[str, Any]:
    """Link-local addresses come late, and older kernels do not say that they made them."""
    addresses = [info for info in entry.get("addr_info", ()) if info and not info["local"].startswith("fe80::")]
    return {**entry, "addr_info": addresses}


def settled(netns: str, wanted: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """A snapshot, taken again for a few seconds while it differs from the wanted one (carrier, DAD)."""
    deadline = time.monotonic() + SETTLING_SECONDS
    seen = snapshot(netns)
    while seen != wanted and time.monotonic() < deadline:
        time.sleep(0.05)
        seen = snapshot(netns)
    return seen


def steady(netns: str) -> dict[str, list[Any]]:
    """A snapshot of a namespace that has come to rest.

    A port's carrier is noticed up to a second after it is there, and only then the link gets its
    link-local address.
    """
    deadline = time.monotonic() + 3 * SETTLING_SECONDS
    seen, since = snapshot(netns), time.monotonic()
    while time.monotonic() - since < REST_SECONDS and time.monotonic() < deadline:
        time.sleep(0.1)
        latest = snapshot(netns)
        if latest != seen:
            seen, since = latest, time.monotonic()
    return seen


def difference(before: dict[str, list[Any]], after: dict[str, list[Any]]) -> str:
    """The first lines that differ, for an assertion's message; empty where nothing does."""
    lines = []
    for part in before:
        former, latter = (set(map(json.dumps, state[part])) for state in (before, after))
        lines += [f"- {part}: {text}" for text in sorted(former - latter)]
        lines += [f"+ {part}: {text}" for text in sorted(latter - former)]
        if former == latter and before[part] != after[part]:
            lines.append(f"~ {part}: another order")
    return "\n".join(lines[:40])
