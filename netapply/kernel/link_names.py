"""Devices called as a file calls them, although the kernel calls them otherwise still."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Final

from netapply.errors import ForeignError

if TYPE_CHECKING:
    from netapply.kernel.links import Links

RENAMES_LIVE: Final = (6, 2)
"""The first Linux release that renames a device which is up (net/core/dev.c, dev_change_name)."""


def call(links: Links, called: Mapping[int, str]) -> None:
    """Call the devices with these indexes so. ForeignError where another device has such a name."""
    there = {index: name for index, name in called.items() if index in links.names}
    names = {links.names[index]: name for index, name in there.items() if links.names[index] != name}
    for former, name in names.items():
        if name in links.indexes and links.indexes[name] not in there:
            raise ForeignError(f"cannot call {former} {name}: another device has that name; rename or delete it first")
    for item in links.resources:
        item.key = (item.key[0], names.get(item.key[1], item.key[1]), *item.key[2:])
    links.settings = {names.get(name, name): data for name, data in links.settings.items()}
    links.indexes = {names.get(name, name): index for name, index in links.indexes.items()}
    links.present = {name: former for former, name in names.items()}
    links.names.update(there)
    _tell(links, there)


def _tell(links: Links, there: Mapping[int, str]) -> None:
    """As attributes, what the kernel calls them, and whether it would rename them as they are."""
    for item in links.resources:
        if item.family == "link" and item.facts["ifindex"] in there:
            item.attributes["name"] = links.present.get(item.key[1], item.key[1])
            item.facts["renames_live"] = renames_live()


@cache
def renames_live() -> bool:
    """Whether this kernel renames a device that is up. One to which that was added later counts as one that does
    not: the device then goes down without need, and the plan says so."""
    found = re.match(r"(\d+)\.(\d+)", os.uname().release)
    return found is not None and (int(found[1]), int(found[2])) >= RENAMES_LIVE
