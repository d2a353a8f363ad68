"""A port's VLANs, or the bridge's own: one resource, whose attributes are ranges (bridge-vlan(8)).

`vids` leave tagged, `untagged` untagged; frames that come in without a tag are in the `pvid` (0: they are
dropped). A table that a file names is exactly that; without `pvid` it has the bridge's default.
"""

from __future__ import annotations

from typing import Any, Final

from netapply.model.attribute import Value
from netapply.model.resource import Key, Resource
from netapply.model.vlan_ranges import Texts, minus, union

FAMILY: Final = "bridge_vlans"
SELF, PORT = "self", "port"
"""Kinds of the resource: of the bridge itself, or of one of its ports."""
ATTRIBUTES: Final = ("vids", "pvid", "untagged", "tunnel")
DEFAULT_PVID: Final = 1
"""What the kernel gives a bridge."""


def table_key(link: str) -> Key:
    return FAMILY, link


def table(members: Texts, pvid: int, untagged: Texts | None = None, tunnel: Texts = ()) -> dict[str, Value]:
    """The attributes, from what a file says: the PVID leaves untagged unless something is said on that."""
    own = (str(pvid),) if pvid else ()
    untagged = own if untagged is None else untagged
    return {
        "vids": minus(union(members, own), untagged), "pvid": pvid, "untagged": untagged, "tunnel": tunnel,
    }  # fmt: skip


def initial(pvid: int) -> dict[str, Value]:
    """What a new port has, or a new bridge, where this is the bridge's default PVID."""
    return table((), pvid)


def members(attributes: dict[str, Value]) -> Texts:
    """Every VLAN of the table."""
    return union(attributes["vids"], attributes["untagged"])


def said_of_table(seen: Resource) -> dict[str, Any]:
    """The observed table as a file says it; nothing where it is as the kernel makes it."""
    default, attributes = seen.facts["default_pvid"], seen.attributes
    if attributes == initial(default):
        return {}
    own = (str(attributes["pvid"]),) if attributes["pvid"] else ()
    said: dict[str, Any] = {"vids": attributes["vids"], "pvid": attributes["pvid"]}
    if attributes["untagged"] != own:
        said["untagged"] = attributes["untagged"]
    if attributes["tunnel"]:
        said["tunnel"] = dict(item.split(":") for item in attributes["tunnel"])
    return said
