"""Tunnel port: a tunnel that ends in an Open vSwitch bridge (ovs-vswitchd.conf.db(5), Interface, tunnels)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from netapply.kinds.deviceless import Deviceless
from netapply.model.attribute import Change, Nla
from netapply.model.ovs_values import WordMap
from netapply.model.values import IpAddress

FLAP = Change.FLAP


class OvsTunnel(Deviceless):
    """Tunnel as a port of a bridge; in the kernel there is at most one device for all of a type."""

    kind: ClassVar[str] = "ovs-tunnel"

    type: Annotated[
        Literal["vxlan", "gre", "geneve"], Nla("Interface.type", change=FLAP), Field(description="protocol")
    ]
    remote: Annotated[
        IpAddress | Literal["flow"], Nla("Interface.options:remote_ip", change=FLAP, form="text"),
        Field(description="the other endpoint; flow: each OpenFlow flow says which"),
    ]  # fmt: skip
    local: Annotated[
        IpAddress | None, Nla("Interface.options:local_ip", change=FLAP, form="text", default=None),
        Field(description="source of the outer packets; none: by route"),
    ] = None  # fmt: skip
    key: Annotated[
        int | None, Nla("Interface.options:key", change=FLAP, form="number", default=None),
        Field(ge=0, lt=2**32, description="VNI or GRE key; none: 0, or no key"),
    ] = None  # fmt: skip
    port: Annotated[
        int | None, Nla("Interface.options:dst_port", change=FLAP, form="number", default=None),
        Field(ge=1, le=65535, description="UDP destination port; none: the protocol's"),
    ] = None  # fmt: skip
    options: Annotated[
        WordMap | None, Nla("Interface.options", change=FLAP, form="map", default=()),
        Field(description="everything else that a tunnel has there; the list is complete"),
    ] = None  # fmt: skip
