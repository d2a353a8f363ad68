"""A permanent entry of a bridge's multicast database: a port that gets a group's packets unasked (bridge(8), mdb).

Entries that snooping learned (RFC 4541), and the groups that the host itself has joined, come and go.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, model_validator

from netapply.model.part import Part
from netapply.model.resource import Key, Resource
from netapply.model.values import IpAddress, LinkName, family_of, hardware_address, ip_address, text_of


def group_address(value: object) -> str:
    """A multicast group: an IPv4 or IPv6 address, or a MAC address of what is no IP."""
    text = text_of(value)
    if text.count(":") == 5 and "::" not in text and all(len(part) == 2 for part in text.split(":")):
        address = hardware_address(text)
        multicast = bool(int(address[:2], 16) & 1) and address != "ff:ff:ff:ff:ff:ff"
    else:
        address = ip_address(text)
        multicast = address.startswith("ff") if ":" in address else 224 <= int(address.partition(".")[0]) < 240
    if not multicast:
        raise ValueError(f"{address} is no multicast group; write one like 239.1.1.1 or ff05::1234")
    if address.startswith("224.0.0.") or address == "ff02::1":
        raise ValueError(f"{address} goes to every port anyway; the bridge keeps no entry for it")
    return address


class Mdb(Part):
    """One group and one port of the bridge; with sources, one entry for each."""

    family: ClassVar[str] = "mdb"

    group: Annotated[
        str, BeforeValidator(group_address),
        Field(description="multicast group: an IP address, or a MAC address for what is no IP"),
    ]  # fmt: skip
    port: Annotated[LinkName, Field(description="port of the bridge that gets the packets")]
    vlan: Annotated[int | None, Field(ge=1, le=4094, description="in a VLAN-aware bridge")] = None
    sources: Annotated[
        tuple[IpAddress, ...], Field(description="only packets from these; without it, from anybody")
    ] = ()

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        for source in self.sources:
            if len(self.group) == 17 and self.group.count(":") == 5:
                raise ValueError(f"{self.group} is no IP group, so it has no sources; leave them out")
            if family_of(source) != family_of(self.group):
                raise ValueError(f"{source} cannot send to {self.group}: one is IPv4 and one IPv6")
        return self

    def resources(self, link: str) -> Iterator[Resource]:
        for source in self.sources or (None,):
            yield mdb_resource(link, self.port, self.group, self.vlan, source)

    @classmethod
    def said(cls, resource: Resource) -> dict[str, Any] | None:
        attributes = resource.attributes
        vlan = {"vlan": attributes["vlan"]} if attributes["vlan"] else {}
        sources = {"sources": [attributes["source"]]} if attributes["source"] else {}
        return {"group": resource.key[3], "port": resource.key[2], **vlan, **sources}


def mdb_resource(bridge: str, port: str, group: str, vlan: int | None, source: str | None) -> Resource:
    """The entry as a resource: all of it is identity."""
    words = f"from {source or 'any'}" + (f" vlan {vlan}" if vlan else "")
    key: Key = ("mdb", bridge, port, group, words)
    return Resource(key, "mdb", {"vlan": vlan, "source": source})
