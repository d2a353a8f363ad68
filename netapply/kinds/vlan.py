"""VLAN: a tagged part of another link (IEEE 802.1Q, 802.1ad; net/8021q, include/uapi/linux/if_vlan.h).

On a VLAN device, a further VLAN device gives frames with two tags (QinQ).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from netapply.model.attribute import LINK, SWITCH, Change, Nla, choice
from netapply.model.link import Link
from netapply.model.mapping import EgressMap, IngressMap, entries_from
from netapply.model.values import LinkName

RECREATE = Change.RECREATE
PROTOCOL = choice({"802.1q": 0x8100, "802.1ad": 0x88A8})
FLAGS = "IFLA_VLAN_FLAGS"


class Vlan(Link):
    """VLAN device. The kernel accepts another id or protocol for an existing one, and does nothing."""

    kind: ClassVar[str] = "vlan"

    link: Annotated[LinkName, Nla("IFLA_LINK", change=RECREATE, unit=LINK), Field(description="the tagged device")]
    id: Annotated[int, Field(ge=1, le=4094, description="VLAN id"), Nla("IFLA_VLAN_ID", change=RECREATE)]
    protocol: Annotated[
        Literal["802.1q", "802.1ad"] | None,
        Nla("IFLA_VLAN_PROTOCOL", change=RECREATE, unit=PROTOCOL, default="802.1q"),
        Field(description="which tag: customer (802.1q) or service (802.1ad)"),
    ] = None  # fmt: skip
    reorder_hdr: Annotated[
        bool | None, Nla(FLAGS, bit=0x1, unit=SWITCH, default=True),
        Field(description="show received packets without their tag"),
    ] = None  # fmt: skip
    gvrp: Annotated[
        bool | None, Nla(FLAGS, bit=0x2, unit=SWITCH, default=False),
        Field(description="announce the VLAN by GVRP (802.1q only)"),
    ] = None  # fmt: skip
    mvrp: Annotated[
        bool | None, Nla(FLAGS, bit=0x8, unit=SWITCH, default=False),
        Field(description="announce the VLAN by MVRP (802.1q only)"),
    ] = None  # fmt: skip
    loose_binding: Annotated[
        bool | None, Nla(FLAGS, bit=0x4, unit=SWITCH, default=False),
        Field(description="do not go up and down with the tagged device"),
    ] = None  # fmt: skip
    bridge_binding: Annotated[
        bool | None, Nla(FLAGS, bit=0x10, unit=SWITCH, default=False),
        Field(description="carrier of the bridge's ports that carry this VLAN, on a VLAN of a bridge"),
    ] = None  # fmt: skip
    ingress_qos: Annotated[
        IngressMap, Nla("IFLA_VLAN_INGRESS_QOS", form="qos map", delta=entries_from, default=None),
        Field(description="priority of the tag (0 to 7) to priority of the packet"),
    ] = None  # fmt: skip
    egress_qos: Annotated[
        EgressMap, Nla("IFLA_VLAN_EGRESS_QOS", form="qos map", delta=entries_from, default=None),
        Field(description="priority of the packet to priority of the tag (0 to 7)"),
    ] = None  # fmt: skip

    @model_validator(mode="after")
    def _announces_customers(self) -> Self:
        if self.protocol == "802.1ad" and (self.gvrp or self.mvrp):
            raise ValueError("gvrp and mvrp announce VLANs of protocol 802.1q only; leave them out")
        return self

    def references(self) -> Iterator[str]:
        yield from super().references()
        yield self.link
