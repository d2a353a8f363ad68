"""A forwarding entry: where a bridge or a VXLAN sends frames for one address (bridge(8); RFC 7348, 4.2).

A bridge has one entry for an address and a VLAN (net/bridge/br_fdb.c); so has a VXLAN, but for all zeros (whatever
has no entry) and for groups it has a list of remotes, to each of which a copy goes: there the remote is
part of the identity (drivers/net/vxlan/vxlan_core.c, vxlan_fdb_append).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from netapply.model.attribute import FLAG, LINK, Change, Nla, Value
from netapply.model.part import Part
from netapply.model.resource import Key, Resource
from netapply.model.values import IpAddress, LinkName, hardware_address, text_of

FLOOD: Final = "00:00:00:00:00:00"
"""On a VXLAN: the remotes that get what has no entry of its own."""
RECREATE = Change.RECREATE


def entry_address(value: object) -> str:
    """The destination of frames: a MAC address, a group's too, or all zeros; in the kernel's spelling."""
    return hardware_address(text_of(value))


class Fdb(Part):
    """One static forwarding entry. Learned ones come and go, and are nobody's wish."""

    family: ClassVar[str] = "fdb"

    mac: Annotated[
        str, BeforeValidator(entry_address),
        Field(description="destination of the frames; 00:00:00:00:00:00 on a VXLAN: all that has no entry"),
    ]  # fmt: skip
    own: Annotated[
        bool | None, Field(alias="self", description="an entry of this bridge or VXLAN itself; else of the bridge "
        "that the link is a port of. Said by itself of a bridge, and where there is dst"),
    ] = None  # fmt: skip
    vlan: Annotated[
        int | None, Field(ge=1, le=4094, description="in a VLAN-aware bridge; without it, in every VLAN of the port"),
        Nla("NDA_VLAN", change=RECREATE, default=None),
    ] = None  # fmt: skip
    dst: Annotated[
        IpAddress | None, Nla("NDA_DST", default=None),
        Field(description="VXLAN: the remote endpoint"),
    ] = None  # fmt: skip
    port: Annotated[
        int | None, Nla("NDA_PORT", default=None),
        Field(ge=1, le=65535, description="VXLAN: UDP port of the remote; without it, the link's own"),
    ] = None  # fmt: skip
    vni: Annotated[
        int | None, Nla("NDA_VNI", default=None),
        Field(ge=1, lt=2**24, description="VXLAN: identifier to send with; without it, the link's own"),
    ] = None  # fmt: skip
    via: Annotated[
        LinkName | None, Nla("NDA_IFINDEX", unit=LINK, default=None),
        Field(description="VXLAN: underlay device to this remote"),
    ] = None  # fmt: skip
    src_vni: Annotated[
        int | None, Nla("NDA_SRC_VNI", change=RECREATE, default=None),
        Field(ge=1, lt=2**24, description="external VXLAN: only for frames of this identifier"),
    ] = None  # fmt: skip
    state: Annotated[
        Literal["static", "permanent"] | None, Nla("NDM_STATE"),
        Field(description="permanent on a port: for this host itself. static for ports, permanent for others "
        "if not given"),
    ] = None  # fmt: skip
    sticky: Annotated[
        bool | None, Nla("NTF_STICKY", unit=FLAG, default=None),
        Field(description="the address does not move to another port"),
    ] = None  # fmt: skip
    extern_learn: Annotated[
        bool | None, Nla("NTF_EXT_LEARNED", change=RECREATE, unit=FLAG, default=None),
        Field(description="marked as a control plane's"),
    ] = None  # fmt: skip

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        reason = contradiction(self)
        if reason:
            raise ValueError(reason)
        return self

    @property
    def itself(self) -> bool:
        """Whether it is an entry of the link itself, not of its bridge."""
        return bool(self.dst or self.src_vni) if self.own is None else self.own

    def attributes(self) -> dict[str, Value]:
        """Everything that the kernel holds: what is not said is as the kernel makes it."""
        said: dict[str, Value] = {name: getattr(self, name) or None for name in ATTRIBUTES}
        said["state"] = self.state or ("permanent" if self.itself else "static")
        return said

    def resources(self, link: str) -> Iterator[Resource]:
        yield fdb_resource(link, self.mac, self.attributes(), itself=self.itself)

    @classmethod
    def said(cls, resource: Resource) -> dict[str, Any] | None:
        """As a file would say it; one that leads over a nexthop object, or a vanished link, no file can."""
        attributes, itself = resource.attributes, is_own(resource.key)
        if attributes.get("nhid") is not None or str(attributes["via"]).startswith("#"):
            return None
        place = {"self": True} if itself else {}
        said = {name: value for name, value in attributes.items() if value is not None}
        if said["state"] == ("permanent" if itself else "static"):
            del said["state"]
        return {"mac": resource.key[2], **place, **said}


ATTRIBUTES: Final = ("vlan", "dst", "port", "vni", "via", "src_vni", "state", "sticky", "extern_learn")
REMOTE: Final = ("dst", "port", "vni", "via")
"""Where frames go: a value for one address, and the identity of one of several."""


def contradiction(entry: Fdb) -> str:
    """What is wrong with the entry on any link; empty where nothing is."""
    remote = [name for name in (*REMOTE, "src_vni") if getattr(entry, name)]
    if remote and entry.own is False:
        return f"an entry with {remote[0]} is one of the VXLAN itself; leave self out"
    if [name for name in remote if name != "dst"] and not entry.dst:
        return f"{remote[0]} says how to reach a remote; add dst"
    if entry.dst and entry.vlan:
        return "an entry with dst is a VXLAN's, which knows no vlan; leave one out"
    if entry.sticky and (entry.itself or entry.state == "permanent" or entry.extern_learn):
        return "sticky is for static entries of a bridge's port; leave out self, dst, permanent and extern_learn"
    if entry.extern_learn and not entry.itself and entry.state == "permanent":
        return "an entry with extern_learn leads out of its port; leave out permanent"
    return ""


def has_remotes(mac: str) -> bool:
    """Whether a VXLAN holds a list of remotes for the address."""
    return bool(int(mac[:2], 16) & 1) or mac == FLOOD


def fdb_resource(link: str, mac: str, attributes: dict[str, Value], *, itself: bool) -> Resource:
    """The entry as a resource, wished for or seen."""
    return Resource(fdb_key(link, mac, attributes, itself=itself), "fdb", attributes)


def fdb_key(link: str, mac: str, attributes: Mapping[str, Value], *, itself: bool) -> Key:
    """What the kernel tells entries apart by, in bridge(8)'s words."""
    names = [*(REMOTE if has_remotes(mac) else ()), "src_vni", "vlan"]
    words = [f"{name} {attributes[name]}" for name in names if attributes.get(name) is not None]
    return ("fdb", link, mac, " ".join([*words, "self" if itself else "master"]))


def is_own(key: Key) -> bool:
    """Whether the entry is one of the link itself (`self`), not of its bridge (`master`)."""
    return key[3].endswith("self")
