"""ipvlan: links with IP addresses of their own behind one MAC address (Documentation/networking/ipvlan.rst)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from netapply.model.attribute import LINK, Change, Nla, numbered
from netapply.model.link import Link
from netapply.model.values import LinkName

Mode = Literal["l2", "l3", "l3s"]
Flags = Literal["bridge", "private", "vepa"]


class Ipvlan(Link):
    """A link that shares the MAC address of its lower device; all of one lower share mode and flags."""

    kind: ClassVar[str] = "ipvlan"
    lacks: ClassVar[frozenset[str]] = frozenset({"arp", "mac"})
    """Its lower device has the one, and its mode decides the other."""

    link: Annotated[
        LinkName, Nla("IFLA_LINK", change=Change.RECREATE, unit=LINK), Field(description="the lower device")
    ]
    mode: Annotated[
        Mode | None, Nla("IFLA_IPVLAN_MODE", change=Change.FLAP, unit=numbered(Mode), default="l3"),
        Field(description="switch in layer 2, or route in layer 3 (l3s: with netfilter)"),
    ] = None  # fmt: skip
    flags: Annotated[
        Flags | None, Nla("IFLA_IPVLAN_FLAGS", unit=numbered(Flags), default="bridge"),
        Field(description="who may talk to whom: all, none, or by way of the switch outside"),
    ] = None  # fmt: skip

    def references(self) -> Iterator[str]:
        yield from super().references()
        yield self.link
