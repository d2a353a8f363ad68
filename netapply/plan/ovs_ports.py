"""What Open vSwitch holds of the ports of a bridge, and takes away with it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from netapply.model.family import table_of_family
from netapply.model.ovs_values import is_ovs
from netapply.model.resource import Resource, State


def port_settings(bridge: str, observed: State) -> Iterator[tuple[Resource, Resource]]:
    """Every port of a bridge of Open vSwitch, with its settings."""
    link = observed.link(bridge)
    for settings in observed.family("ovs_port") if link is not None and is_ovs(link.kind) else ():
        port = observed.link(settings.key[1])
        if port is not None and port.attributes.get("master") == bridge:
            yield port, settings


def says_something(settings: Resource) -> bool:
    """Whether anything of it is not as a port begins with."""
    rows = table_of_family(settings.family)
    return any(settings.attributes.get(row.attribute) != row.nla.default for row in rows)
