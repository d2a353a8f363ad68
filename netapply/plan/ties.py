"""What hangs on which link: what is on it, leads over it, or stands on it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from netapply.model.attribute import Value
from netapply.model.family import link_of
from netapply.model.resource import Resource, State
from netapply.model.sysctl import device_of
from netapply.plan import entries

REFERENCES = ("link", "dev", "peer")
"""Attributes by which a link stands on another: it goes when the other goes."""
REMADE_BY_OTHERS = frozenset({"kernel", "ra", "redirect"})
"""Protocols of routes that come back by themselves."""


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
    elif item.family == "sysctl":
        device = device_of(item.key[1])
        if device:
            yield device
    elif item.family == "link":
        yield item.name
        yield from _standing_on(item.attributes)
    elif link_of(item.key):
        yield link_of(item.key)
        if entries.second_link(item):
            yield entries.second_link(item)


def _standing_on(attributes: dict[str, Value]) -> Iterator[str]:
    yield from (attributes[name] for name in REFERENCES if attributes.get(name))


def returns_by_itself(item: Resource) -> bool:
    """Whether the kernel makes it anew: connected routes, link-local addresses, what a router announces."""
    if item.family == "route":
        return item.attributes.get("protocol") in REMADE_BY_OTHERS
    if item.family != "address":
        return False
    from_router = ":" in item.key[2] and item.attributes.get("lifetimes") is not None
    return bool(item.facts.get("kernel_made") or from_router)
