"""Kernel parameters: per-interface ones from the link dump, others from /proc/sys (proc(5), sysctl(8)).

Paths hold slashes only, so a device called `eno1.5` is no problem. The thread must be in the
namespace: /proc/sys/net shows the namespace of whoever opens it.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from netapply.errors import KernelError
from netapply.kernel.wire import message as m
from netapply.kernel.wire.definitions import INET6, INET6_CONF, INET_CONF
from netapply.model.resource import Resource
from netapply.model.sysctl import device_of

ROOT: Final = Path("/proc/sys")
AF_INET, AF_INET6 = 2, 10
IFLA_INET_CONF: Final = 1
RENAMED: Final = {
    "arpfilter": "arp_filter", "noxfrm": "disable_xfrm", "nopolicy": "disable_policy",
    "src_vmark": "src_valid_mark", "temp_preferred_lft": "temp_prefered_lft",
}  # fmt: skip
"""Names of the message's fields that /proc/sys spells otherwise (include/uapi/linux/ip.h)."""
OTHERWISE: Final = frozenset({
    "tag", "medium_id", "router_solicitation_interval", "router_solicitation_delay", "router_probe_interval",
    "router_solicitations", "mtu", "hop_limit", "max_desync_factor", "regen_max_retry", "mc_forwarding",
})  # fmt: skip
"""Fields whose unit or sign in the message is not that of /proc/sys: read from there."""

BY_ITSELF: Final = frozenset({"mtu", "mc_forwarding"})
"""Settings that follow the link's MTU, and a running multicast daemon."""


def read_sysctls(
    paths: Iterable[str], settings: dict[str, bytes], present: Mapping[str, str] = MappingProxyType({})
) -> list[Resource]:
    """The parameters that exist among `paths`; each link's message is decoded at most once. `present` tells
    what the kernel calls a device now."""
    decoded: dict[tuple[str, str], dict[str, str]] = {}
    values = []
    for path in paths:
        value = _from_links(path, settings, decoded)
        if value is None:
            value = read_file(_as_present(path, present))
        if value is not None:
            values.append(Resource(("sysctl", path), "sysctl", {"value": value}))
    return values


def _as_present(path: str, present: Mapping[str, str]) -> str:
    device = device_of(path) if present else None
    return path.replace(f"/{device}/", f"/{present[device]}/", 1) if device and device in present else path


def read_file(path: str) -> str | None:
    """The value with single blanks; None where the parameter does not exist or cannot be read."""
    try:
        return " ".join((ROOT / path).read_text().split())
    except OSError:
        return None


def _from_links(path: str, settings: dict[str, bytes], decoded: dict[tuple[str, str], dict[str, str]]) -> str | None:
    parts = path.split("/")
    if len(parts) != 5 or parts[2] != "conf" or parts[3] not in settings:
        return None
    protocol, link = parts[1], parts[3]
    if (protocol, link) not in decoded:
        decoded[protocol, link] = link_settings(protocol, settings[link])
    return decoded[protocol, link].get(parts[4])


def link_settings(protocol: str, data: bytes) -> dict[str, str]:
    """The settings of one protocol in an IFLA_AF_SPEC, by their names in /proc/sys."""
    inet = protocol == "ipv4"
    number = IFLA_INET_CONF if inet else INET6["IFLA_INET6_CONF"][0]
    conf = _inside(data, AF_INET if inet else AF_INET6, number)
    names: tuple[str, ...] = INET_CONF if inet else INET6_CONF
    count = min(len(names), len(conf) // 4)
    values = struct.unpack_from(f"={count}i", conf)
    pairs = zip((RENAMED.get(name, name) for name in names), values, strict=False)
    return {name: str(value) for name, value in pairs if name not in OTHERWISE}


Defaults = dict[str, dict[str, str]]
"""What links begin with, by directory; filled as it is asked for."""


def unusual_settings(
    link: str, data: bytes, defaults: Defaults, present: Mapping[str, str] = MappingProxyType({})
) -> list[Resource]:
    """The settings of a link that are not those which a new link begins with.

    What the message does not hold (every year's additions) is read from its file.
    """
    found = []
    for protocol in ("ipv4", "ipv6"):
        told = link_settings(protocol, data)
        for tree in ("conf", "neigh"):
            directory = f"net/{protocol}/{tree}"
            if directory not in defaults:
                defaults[directory] = _defaults(directory)
            for name, begin in defaults[directory].items():
                path = f"net/{protocol}/{tree}/{link}/{name}"
                value = told.get(name) if tree == "conf" else None
                value = read_file(_as_present(path, present)) if value is None else value
                if value not in (None, begin):
                    found.append(Resource(("sysctl", path), "sysctl", {"value": value}))
    return found


def _defaults(tree: str) -> dict[str, str]:
    """What is in `default`; `neigh/default` is in the first namespace only, elsewhere `lo` has the same."""
    begin = "default" if exists(f"{tree}/default") else "lo"
    values = ((name, read_file(f"{tree}/{begin}/{name}")) for name in _names(ROOT / tree / begin))
    return {name: value for name, value in values if value is not None and name not in BY_ITSELF}


def _names(directory: Path) -> list[str]:
    try:
        return [path.name for path in directory.iterdir()]
    except FileNotFoundError:
        return []


def _inside(data: bytes, family: int, number: int) -> bytes:
    outer = dict(m.attributes(data, 0, len(data))).get(family, b"")
    return dict(m.attributes(outer, 0, len(outer))).get(number, b"")


def write_sysctl(path: str, value: str) -> None:
    """Write one parameter; raises KernelError with the kernel's reason."""
    try:
        descriptor = os.open(ROOT / path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(descriptor, value.encode() + b"\n")
        finally:
            os.close(descriptor)
    except OSError as error:
        raise KernelError(f"set {path.replace('/', '.')} to {value}", error.errno or 0) from None


def exists(path: str) -> bool:
    return (ROOT / path).exists()
