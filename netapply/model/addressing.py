"""The nouns of addresses: keys, scopes, and which addresses are somebody's will.

The table of an address's attributes is in `address`; a plan that only adds addresses is spared it (1 ms).
"""

from __future__ import annotations

from typing import Any, Final

from netapply.model.resource import Key, Origin, Resource

SCOPES: Final = {0: "global", 200: "site", 253: "link", 254: "host", 255: "nowhere"}
ADDRESS_FLAGS: Final = {"nodad": 0x02, "home": 0x10, "mngtmpaddr": 0x100, "noprefixroute": 0x200, "autojoin": 0x400}
"""Flags that stay with an address, in the words of ip-address(8) (include/uapi/linux/if_addr.h)."""
FOREVER: Final = 2**32 - 1
"""INFINITY_LIFE_TIME."""
PROTO_KERNEL: Final = (1, 2, 3)
"""IFA_PROTO of addresses that the kernel made itself: loopback, router advertisement, link-local."""


def address_key(link: str, address: str) -> Key:
    return ("address", link, address)


def address_resource(link: str, address: str, origin: Origin | None) -> Resource:
    """The wish for one address, with nothing said about the rest."""
    return Resource(address_key(link, address), "address", {}, origin=origin)


def same_lifetimes(desired: Any, seen: Any) -> bool:
    """Lifetimes run: what counts is whether the address ends, and whether it is deprecated from the beginning."""
    if desired is None or seen is None:
        return (desired is None) == (seen is None)
    ends = (desired[1] == FOREVER) == (seen[1] == FOREVER)
    return bool(ends and (desired[0] > 0 or seen[0] == 0))


def is_static(resource: Resource) -> bool:
    """Whether a person or a tool put the address there for good: no lease, no router, no kernel."""
    facts = resource.facts
    return bool(facts.get("permanent", True)) and not facts.get("kernel_made", False)
