"""Off-loads and private flags: switches whose names the kernel and the drivers make up (ethtool(8)).

A feature has three states for whoever asks for it: in effect or not, and what was asked for where the kernel
cannot have it so (segmentation without checksums). The two odd ones are written as `ethtool -k` writes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any, ClassVar, Final

from pydantic import ConfigDict

from netapply.model.attribute import FORCED, INACTIVE, Change, Nla, Row, Table, Unit, Value
from netapply.model.part import Part
from netapply.model.resource import Resource

SHORT: Final = {
    "rx": "rx-checksum", "rx-checksumming": "rx-checksum",
    "tx": "tx-checksum-*", "tx-checksumming": "tx-checksum-*",
    "sg": "tx-scatter-gather*", "scatter-gather": "tx-scatter-gather*",
    "tso": "tx-tcp*-segmentation", "tcp-segmentation-offload": "tx-tcp*-segmentation",
    "ufo": "tx-udp-fragmentation", "udp-fragmentation-offload": "tx-udp-fragmentation",
    "gso": "tx-generic-segmentation", "generic-segmentation-offload": "tx-generic-segmentation",
    "gro": "rx-gro", "generic-receive-offload": "rx-gro",
    "lro": "rx-lro", "large-receive-offload": "rx-lro",
    "rxvlan": "rx-vlan-hw-parse", "rx-vlan-offload": "rx-vlan-hw-parse",
    "txvlan": "tx-vlan-hw-insert", "tx-vlan-offload": "tx-vlan-hw-insert",
    "ntuple": "rx-ntuple-filter", "ntuple-filters": "rx-ntuple-filter",
    "rxhash": "rx-hashing", "receive-hashing": "rx-hashing",
}  # fmt: skip
"""ethtool(8)'s own names, short and as `-k` lists them, and the kernel's names that each stands for."""
IN_SOFTWARE: Final = ("tx-*", "rx-gro", "rx-gro-list", "rx-udp-gro-forwarding", "highdma")
"""What takes effect with the next packet. For other features a driver may restart the device."""


def members(name: str, known: Iterable[str]) -> list[str]:
    """Of the kernel's names those that a name in a file stands for; most stand for themselves."""
    pattern = SHORT.get(name)
    return [each for each in known if (fnmatchcase(each, pattern) if pattern else each == name)]


def asked_for(value: Value) -> bool:
    """Whether somebody wants the feature, be it in effect or not."""
    return value is True or value == INACTIVE


def state_of(wanted: bool, active: bool) -> Value:
    if wanted == active:
        return active
    return INACTIVE if wanted else FORCED


FEATURE: Final = Unit("on or off", text=lambda value: value if isinstance(value, str) else "on" if value else "off")


class OpenTable(Table):
    """A table that has a row for every name."""

    def get(self, attribute: str) -> Row | None:
        """A feature's row says whether a device may have to be restarted for it."""
        live = any(fnmatchcase(attribute, pattern) for pattern in IN_SOFTWARE) or attribute in SHORT
        return Row(attribute, Nla("", change=Change.LIVE if live else Change.FLAP, unit=FEATURE))


class Switches(Part):
    """A mapping of names to true or false."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, bool]

    def resources(self, link: str) -> Iterator[Resource]:
        yield Resource((self.family, link), self.family, dict(self.__pydantic_extra__))

    @classmethod
    def table(cls) -> Table:
        return OpenTable()

    @classmethod
    def said(cls, resource: Resource) -> dict[str, Any] | None:
        return {name: value for name, value in resource.attributes.items() if isinstance(value, bool)} or None


class Features(Switches):
    """Off-loads, by the kernel's names (`tx-tcp-segmentation`) or ethtool's short ones (`tso`)."""

    family: ClassVar[str] = "features"


class PrivateFlags(Switches):
    """A driver's own switches, by the names that `ethtool --show-priv-flags` shows."""

    family: ClassVar[str] = "private_flags"


__all__ = ["Features", "PrivateFlags", "asked_for", "members", "state_of"]
