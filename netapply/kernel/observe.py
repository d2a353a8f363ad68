"""The observed state: one dump a family, /proc and iptables only for what netlink does not carry."""

from __future__ import annotations

import errno
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from netapply.errors import KernelError
from netapply.kernel import iptables_presence
from netapply.kernel.addresses import read_addresses
from netapply.kernel.inet6 import read_inet6
from netapply.kernel.links import Links, read_links
from netapply.kernel.netlink import Netlink
from netapply.kernel.routes import read_routes
from netapply.kernel.rules import read_rules
from netapply.kernel.sysctls import Defaults, read_sysctls, unusual_settings
from netapply.kernel.vnis import read_vnis
from netapply.kernel.wire import message as m
from netapply.model.resource import Resource, State
from netapply.model.sysctl import touched_by

NHMSG_SIZE: Final = 8
"""Bytes of struct nhmsg, which asks for all where it is zero."""
BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
OPTIONAL_FAMILIES: Final = frozenset({"nexthop", "route", "rule", "nat", "filter"})


@dataclass(slots=True)
class Observed(State):
    """What the kernel says, and what sending to it needs."""

    indexes: dict[str, int] = field(default_factory=dict)
    settings: dict[str, bytes] = field(default_factory=dict)
    defaults: Defaults = field(default_factory=dict, compare=False, repr=False)

    def unusual_settings(self, link: str) -> list[Resource]:
        """Per-interface parameters that are lost with the link, unless somebody remembers them."""
        return unusual_settings(link, self.settings.get(link, b""), self.defaults)


def observe(netlink: Netlink, parameters: Iterable[str] = (), families: Container[str] = OPTIONAL_FAMILIES) -> Observed:
    """Everything in the thread's namespace that netapply knows, and the kernel parameters named.

    A global parameter brings along those that a write to it would change. `families` leaves out routes, rules
    or rules of netfilter, for a caller that would not look at them: a router may have a million routes.
    """
    links = read_links(netlink)
    state = Observed(indexes=links.indexes, settings=links.settings)
    found = [
        *links.resources,
        *read_inet6(links.settings),
        *_read_tables(netlink, links),
        *read_addresses(netlink, links.names),
        *(_read_nexthops(netlink, links.names) if "nexthop" in families or "route" in families else ()),
        *(read_routes(netlink, links.names) if "route" in families else ()),
        *(read_rules(netlink) if "rule" in families else ()),
        *(read_vnis(netlink, links.names) if _filter_vnis(links.resources) else ()),
        *_read_wireguard(links.resources),
        *read_sysctls(_with_touched(parameters, links.indexes), links.settings),
        *(_read_netfilter() if "nat" in families or "filter" in families else ()),
    ]
    for resource in found:
        while resource.key in state.resources:
            resource.key = (*resource.key, "again")
        state.resources[resource.key] = resource
    return state


def _read_nexthops(netlink: Netlink, names: dict[int, str]) -> list[Resource]:
    """Most hosts have no nexthop object, and kernels before 5.3 know none."""
    try:
        answers = netlink.dump(m.RTM_GETNEXTHOP, bytes(NHMSG_SIZE))
    except KernelError as error:
        if error.code != errno.EOPNOTSUPP:
            raise
        return []
    if not answers:
        return []
    from netapply.kernel.nexthops import nexthops_of

    return nexthops_of(answers, names)


def _filter_vnis(links: Iterable[Resource]) -> bool:
    return any(link.kind == "vxlan" and link.attributes["vnifilter"] for link in links)


def _read_wireguard(links: Iterable[Resource]) -> list[Resource]:
    """Most hosts have no link of the kind."""
    names = [link.name for link in links if link.kind == "wireguard"]
    if not names:
        return []
    from netapply.kernel.wireguard import read_wireguard

    return read_wireguard(names)


def _read_tables(netlink: Netlink, links: Links) -> list[Resource]:
    """Only where there is a bridge, and a kernel that is built with its VLANs."""
    if not any(link.attributes.get("vlan_default_pvid") is not None for link in links.resources):
        return []
    from netapply.kernel.bridge_vlans import read_tables

    return read_tables(netlink, links)


def _read_netfilter() -> list[Resource]:
    """Most hosts have no rule of ours, and then nothing is imported that would read it."""
    if not iptables_presence.possible():
        return []
    from netapply.kernel import netfilter

    return netfilter.read()


def _with_touched(parameters: Iterable[str], links: Iterable[str]) -> list[str]:
    paths = dict.fromkeys(parameters)
    for path in list(paths):
        paths.update(dict.fromkeys(touched_by(path, links)))
    return list(paths)


def boot_id() -> str:
    """A word that is another one after every boot (random(4))."""
    return BOOT_ID.read_text().strip()
