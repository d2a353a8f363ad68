"""A link: what every network device has, whatever its kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from netapply.model.attribute import LINK, SWITCH, Change, Nla, Value
from netapply.model.later import Later
from netapply.model.sysctl import LinkSysctls
from netapply.model.values import Alias, AlternativeName, InterfaceAddress, LinkName, Mac, Mtu

LIVE, FLAP, DOWN, RECREATE = Change.LIVE, Change.FLAP, Change.DOWN, Change.RECREATE


class Link(BaseModel):
    """Attributes of every link (include/uapi/linux/if_link.h, ip-link(8))."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    kind: ClassVar[str] = ""
    created: ClassVar[bool] = True
    """Whether netapply makes and deletes links of this kind; a physical device is only configured."""
    device: ClassVar[bool] = True
    """Whether there is a device in the kernel; some ports of Open vSwitch are only in its database."""

    up: Annotated[bool, Nla("IFF_UP", change=FLAP, unit=SWITCH), Field(description="administrative state")] = True
    mtu: Annotated[Mtu | None, Nla("IFLA_MTU"), Field(description="largest packet, bytes")] = None
    mac: Annotated[
        Mac | None, Nla("IFLA_ADDRESS", change=FLAP), Field(description="link-layer address"),
    ] = None  # fmt: skip
    alias: Annotated[
        Alias | None, Field(description="free text, at most 255 bytes"), Nla("IFLA_IFALIAS", default=None, late=True)
    ] = None
    master: Annotated[
        LinkName | None, Nla("IFLA_MASTER", change=FLAP, unit=LINK, default=None),
        Field(description="the link (bridge, bond, VRF) that this one is a port of"),
    ] = None  # fmt: skip
    txqueuelen: Annotated[
        int | None, Nla("IFLA_TXQLEN"),
        Field(ge=0, lt=2**15, description="transmit queue, packets"),  # Debian's 6.1 refuses more
    ] = None  # fmt: skip
    group: Annotated[
        int | None, Field(ge=0, lt=2**31, description="group that the link belongs to"),
        Nla("IFLA_GROUP", default=0),
    ] = None  # fmt: skip

    altnames: tuple[AlternativeName, ...] = Field(default=(), description="further names")
    addresses: tuple[InterfaceAddress, ...] | None = Field(
        default=None, description="all static addresses of the link; the list is complete"
    )
    ovs_port: Annotated[Any, Later("netapply.model.ovs_port:OvsPort")] | None = Field(
        default=None, description="settings as a port of an Open vSwitch bridge"
    )
    sysctl: LinkSysctls = Field(default_factory=dict, description="per-interface settings: ipv4.NAME, ipv6.NAME")

    def references(self) -> Iterator[str]:
        """Names of the links that must exist before this one can be made."""
        if self.master:
            yield self.master

    def companions(self, name: str) -> Iterator[tuple[str, dict[str, Value]]]:
        """Links that come to be together with this one (called `name`), with what is known of them."""
        return iter(())

    @classmethod
    def messages(cls, settings: dict[str, Value], after: dict[str, Value]) -> Iterator[dict[str, Value]]:
        """The messages, one after another, in which an existing link takes these settings on its way to `after`."""
        yield settings

    @classmethod
    def has(cls, attribute: str, after: dict[str, Value]) -> bool:
        """Whether a link with these attributes takes this one of its kind at all."""
        return True

    def ports_of(self) -> tuple[str, ...]:
        """Names of the links that this one declares as its ports."""
        return ()
