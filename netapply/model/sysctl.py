"""Kernel parameters below /proc/sys/net, named by path.

A path is written with slashes, because a device's name may hold a dot (`eno1.5`). A name with dots
is read as sysctl(8) reads it: dots separate, and where the first separator is a slash, dots do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Final

from pydantic import BeforeValidator

from netapply.model.values import text_of

_DEVICE_TREES: Final = (
    "net/ipv4/conf/", "net/ipv6/conf/", "net/ipv4/neigh/", "net/ipv6/neigh/", "net/mpls/conf/",
)  # fmt: skip
_PART: Final = re.compile(r"[A-Za-z0-9_.:@-]+")
_LINK_NAMES: Final = re.compile(r"(ipv4|ipv6)\.(neigh\.)?([a-z0-9_]+)|mpls\.([a-z0-9_]+)")
_SWITCHES: Final = {"true": "1", "false": "0"}


def sysctl_path(value: object) -> str:
    """`net.ipv4.ip_forward` or `net/ipv4/conf/eno1.5/proxy_arp` as a path below /proc/sys."""
    text = text_of(value)
    path = text if _slashed(text) else _undotted(text)
    parts = path.split("/")
    well_formed = all(_PART.fullmatch(part) for part in parts) and not {".", ".."} & set(parts)
    if parts[0] != "net" or len(parts) < 3 or not well_formed:
        raise ValueError(f"{text!r} is no network parameter; write it like net.ipv4.ip_forward")
    return path


def _slashed(text: str) -> bool:
    slash, dot = text.find("/"), text.find(".")
    return slash >= 0 and (dot < 0 or slash < dot)


def _undotted(text: str) -> str:
    """Dots to slashes, but a device's own dots stay: `net.ipv4.conf.eno1.5.proxy_arp`."""
    path = text.replace(".", "/")
    for tree in _DEVICE_TREES:
        if path.startswith(tree):
            device, _, name = path[len(tree) :].rpartition("/")
            return f"{tree}{device.replace('/', '.')}/{name}"
    return path


def link_sysctl(value: object) -> str:
    """A per-interface parameter as written at a link: `ipv4.proxy_arp`, `ipv6.neigh.gc_stale_time`."""
    text = text_of(value)
    if not _LINK_NAMES.fullmatch(text):
        raise ValueError(f"{text!r} is no per-interface parameter; write it like ipv4.proxy_arp")
    return text


def link_sysctl_path(name: str, link: str) -> str:
    """The path of `ipv4.proxy_arp` for one link."""
    protocol, _, rest = name.partition(".")
    tree = "conf"
    if rest.startswith("neigh."):
        tree, rest = "neigh", rest.removeprefix("neigh.")
    return f"net/{protocol}/{tree}/{link}/{rest}"


SPREADING: Final = {
    "net/ipv4/ip_forward": "net/ipv4/conf/{}/forwarding",
    "net/ipv4/conf/all/forwarding": "net/ipv4/conf/{}/forwarding",
    "net/ipv6/conf/all/forwarding": "net/ipv6/conf/{}/forwarding",
    "net/ipv6/conf/all/disable_ipv6": "net/ipv6/conf/{}/disable_ipv6",
}
"""Global parameters that, when they change, overwrite every interface's own and the default
(net/ipv4/devinet.c inet_forward_change, net/ipv6/addrconf.c addrconf_fixup_forwarding)."""
COUPLED: Final = {
    "net/ipv4/ip_forward": ("net/ipv4/conf/all/forwarding", "net/ipv4/conf/all/accept_redirects"),
    "net/ipv4/conf/all/forwarding": ("net/ipv4/ip_forward", "net/ipv4/conf/all/accept_redirects"),
}
"""Global parameters that change other global ones."""


def touched_by(path: str, links: Iterable[str]) -> Iterator[str]:
    """Every parameter that a write to `path` may change besides itself, for these links."""
    yield from COUPLED.get(path, ())
    template = SPREADING.get(path, "")
    if path.startswith("net/ipv4/conf/default/"):
        template = "net/ipv4/conf/{}/" + path.rpartition("/")[2]
    if template:
        yield from (template.format(link) for link in ("default", *links))


def device_of(path: str) -> str | None:
    """The device whose parameter this is; None for a global one, `all` and `default`."""
    for tree in _DEVICE_TREES:
        if path.startswith(tree):
            device = path[len(tree) :].rpartition("/")[0]
            return None if device in ("all", "default") else device
    return None


def sysctl_value(value: object) -> str:
    """The value as text with single blanks: the kernel separates numbers by tabs.

    `true` and `false` are written as the kernel's 1 and 0; no network parameter takes these words.
    """
    text = " ".join(text_of(value).split())
    text = _SWITCHES.get(text.lower(), text)
    if not text or not text.isprintable() or len(text) > 4096:
        raise ValueError(f"{value!r} is no value for a kernel parameter")
    return text


SysctlPath = Annotated[str, BeforeValidator(sysctl_path)]
SysctlValue = Annotated[str, BeforeValidator(sysctl_value)]
LinkSysctl = Annotated[str, BeforeValidator(link_sysctl)]
Sysctls = dict[SysctlPath, SysctlValue]
LinkSysctls = dict[LinkSysctl, SysctlValue]
