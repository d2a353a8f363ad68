"""What Open vSwitch holds of the ports of a bridge, and takes away with it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from netapply.model.family import table_of_family
from netapply.model.ovs_values import is_ovs
from netapply.model.resource import Key, Resource, State
from netapply.plan.change import Action, Change
from netapply.plan.words import noun


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


def drop_strangers(by_key: dict[Key, Change], observed: State) -> Iterator[str]:
    """Settings are not put back on what is no port of Open vSwitch afterwards; in words, those that said something."""
    for key in [key for key, change in by_key.items() if key[0] == "ovs_port" and change.reason]:
        if is_port_after(key[1], by_key, observed):
            continue
        settings = observed.get(key)
        if settings is not None and says_something(settings):
            yield f"{noun(key, 'ovs_port')} goes: {key[1]} is no port of Open vSwitch any more"
        del by_key[key]


def is_port_after(name: str, by_key: dict[Key, Change], observed: State) -> bool:
    """Whether a link is on a bridge of Open vSwitch once the changes are made, or is one."""
    kind, master = after(name, by_key, observed)
    return kind == "ovs-bridge" or after(master, by_key, observed)[0] == "ovs-bridge"


def after(name: str, by_key: dict[Key, Change], observed: State) -> tuple[str, str]:
    """Kind and master of a link after the changes; empty for none."""
    change, seen = by_key.get(("link", name)), observed.link(name)
    if change is not None:
        return ("", "") if change.action is Action.DELETE else (change.kind, change.after.get("master") or "")
    return (seen.kind, seen.attributes.get("master") or "") if seen is not None else ("", "")
