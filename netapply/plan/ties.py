"""What hangs on which link: what is on it, leads over it, or stands on it; and what comes back by itself. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from netapply.model.family import link_of
from netapply.model.ovs_values import is_ovs
from netapply.model.resource import Resource, State
from netapply.model.routing import PROTOCOL
from netapply.model.sysctl import device_of
from netapply.plan import entries

REFERENCES = ("link", "dev", "peer")
"""Attributes by which a link stands on another: it goes when the other goes."""
REMADE_BY_OTHERS = frozenset({"kernel", "ra", "redirect"})
"""Protocols of routes that come back by themselves."""


def returns_by_itself(item: Resource) -> bool:
    """Whether the kernel makes it anew: connected routes, link-local addresses, what a router announces."""
    if item.family == "route":
        return item.attributes.get("protocol") in REMADE_BY_OTHERS
    if item.family != "address":
        return False
    leased = item.attributes.get("lifetimes") is not None and not item.facts.get("permanent")
    from_router = ":" in item.key[2] and leased and item.attributes.get("protocol") != PROTOCOL
    return bool(item.facts.get("kernel_made") or from_router)


def by_link(observed: State) -> dict[str, list[Resource]]:
    """Everything that is on a link or stands on it, by the link's name."""
    found: dict[str, list[Resource]] = {}
    for item in observed:
        for name in links_of(item):
            found.setdefault(name, []).append(item)
    return found


def links_of(item: Resource) -> Iterator[str]:
    """The links that a resource is on, leads over, or stands on."""
    if item.family == "route":
        yield from (hop[1] for hop in item.attributes.get("nexthops") or () if hop[1])
    elif item.family == "nexthop":
        yield from filter(None, (item.attributes.get("dev"),))
    elif item.family == "sysctl":
        device = device_of(item.key[1])
        if device:
            yield device
    elif item.family == "link":
        yield item.name
        yield from standing_on(item)
    elif link_of(item.key):
        yield link_of(item.key)
        if entries.second_link(item):
            yield entries.second_link(item)


def standing_on(link: Resource) -> Iterator[str]:
    """The links without which this one would not be; a port that Open vSwitch made goes with its bridge."""
    names = (*REFERENCES, "master") if is_ovs(link.kind) else REFERENCES
    yield from (link.attributes[name] for name in names if link.attributes.get(name))
