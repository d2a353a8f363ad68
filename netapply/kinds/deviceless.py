"""A port that is only in Open vSwitch's database: what a device of the kernel has, it has not."""

from __future__ import annotations

from typing import ClassVar, Final

from netapply.model.attribute import table_of
from netapply.model.link import Link

OF_DEVICES: Final = frozenset(table_of(Link).rows) - {"up", "master"}
"""Attributes of every device."""


class Deviceless(Link):
    """Link without a device."""

    device: ClassVar[bool] = False
    lacks: ClassVar[frozenset[str]] = OF_DEVICES
