"""Internal port: a device of the host on an Open vSwitch bridge (ovs-vswitchd.conf.db(5), Interface, internal)."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from netapply.model.attribute import LINK, Change, Nla
from netapply.model.link import Link
from netapply.model.values import LinkName, Mac, Mtu


class OvsInternal(Link):
    """Port with a device of its own in the kernel, for addresses of the host in a VLAN of the bridge."""

    kind: ClassVar[str] = "ovs-internal"

    master: Annotated[
        LinkName | None, Nla("IFLA_MASTER", change=Change.RECREATE, unit=LINK, default=None),
        Field(description="the Open vSwitch bridge; another bridge makes the device anew"),
    ] = None  # fmt: skip
    mtu: Annotated[
        Mtu | None, Nla("Interface.mtu_request", default=None),
        Field(description="bytes; none: of the bridge's smallest port"),
    ] = None  # fmt: skip
    mac: Annotated[
        Mac | None, Nla("Interface.mac", change=Change.FLAP, default=None),
        Field(description="link-layer address; none: Open vSwitch chooses"),
    ] = None  # fmt: skip
