"""The nouns of addresses: keys, scopes, and which addresses are somebody's will.

The table of an address's attributes is in `address`; a plan that only adds addresses is spared it (1 ms).
"""

from __future__ import annotations

from typing import Final

from netapply.model.resource import Key, Origin, Resource

SCOPES: Final = {0: "global", 200: "site", 253: "link", 254: "host", 255: "nowhere"}
PROTO_KERNEL: Final = (1, 2, 3)
"""IFA_PROTO of addresses that the kernel made itself: loopback, router advertisement, link-local."""


def address_key(link: str, address: str) -> Key:
    return ("address", link, address)


def address_resource(link: str, address: str, origin: Origin | None) -> Resource:
    """The wish for one address, with nothing said about the rest."""
    return Resource(address_key(link, address), "address", {}, origin=origin)


def is_static(resource: Resource) -> bool:
    """Whether a person or a tool put the address there for good: no lease, no router, no kernel."""
    facts = resource.facts
    return bool(facts.get("permanent", True)) and not facts.get("kernel_made", False)
