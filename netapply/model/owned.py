"""What netapply made on this host: the third side of the difference.

`made` are resources that netapply created. `set_here` are attributes that netapply wrote on resources
which exist without it, with the value found before: where the kernel has no default of its own, that
value is what an attribute goes back to.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from netapply.model.attribute import Value
from netapply.model.family import FAMILIES
from netapply.model.resource import Key, Resource
from netapply.model.routing import PROTOCOL


@dataclass(slots=True)
class Owned:
    """Keys and attributes that are netapply's own."""

    made: set[Key] = field(default_factory=set)
    set_here: dict[Key, dict[str, Value]] = field(default_factory=dict)
    marks_count: bool = True
    """Whether the kernel's own marks tell, too. An undo takes away only what its transaction made."""

    def has(self, resource: Resource) -> bool:
        """Whether netapply made it: by the record, or by the kernel's own mark."""
        return resource.key in self.made or (self.marks_count and is_marked(resource))


def is_marked(resource: Resource) -> bool:
    """The kernel carries a mark for routes, rules and addresses (protocol) and for NAT rules (comment); for what
    is Open vSwitch's, its database does (external_ids)."""
    if FAMILIES[resource.family].marked or resource.facts.get("marked"):
        return True
    return resource.family != "link" and resource.attributes.get("protocol") in (PROTOCOL, "netapply")
