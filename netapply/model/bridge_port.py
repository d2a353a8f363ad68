"""What a link is set to as a port of a bridge (IFLA_BRPORT_*; net/bridge/br_netlink.c, br_setport; bridge(8))."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Self

from pydantic import Field, model_validator

from netapply.model.attribute import LINK, SWITCH, Nla
from netapply.model.bridge_values import PortGroups
from netapply.model.part import Part
from netapply.model.resource import Resource
from netapply.model.values import LinkName

AUTOMATIC_COSTS: Final = frozenset({1, 2, 4, 19, 100})
"""What the kernel chooses by the link's speed (net/bridge/br_if.c, port_cost)."""


class BridgePort(Part):
    """Settings that last as long as the link is a port of this bridge; a new port has the defaults.

    The state of the spanning tree is none of them: it follows carrier and protocol.
    """

    family: ClassVar[str] = "bridge_port"

    cost: Annotated[
        int | None, Nla("IFLA_BRPORT_COST"),
        Field(ge=1, le=65535, description="of the path, in the spanning tree; the kernel's own follows the speed"),
    ] = None  # fmt: skip
    priority: Annotated[
        int | None, Nla("IFLA_BRPORT_PRIORITY", default=32),
        Field(ge=0, le=63, description="among equal ports, in the spanning tree"),
    ] = None  # fmt: skip
    learning: Annotated[
        bool | None, Nla("IFLA_BRPORT_LEARNING", unit=SWITCH, default=True),
        Field(description="learn source addresses"),
    ] = None  # fmt: skip
    flood: Annotated[
        bool | None, Nla("IFLA_BRPORT_UNICAST_FLOOD", unit=SWITCH, default=True),
        Field(description="send frames out here whose destination is not learned"),
    ] = None  # fmt: skip
    mcast_flood: Annotated[
        bool | None, Nla("IFLA_BRPORT_MCAST_FLOOD", unit=SWITCH, default=True),
        Field(description="send multicast out here that nobody asked for"),
    ] = None  # fmt: skip
    bcast_flood: Annotated[
        bool | None, Nla("IFLA_BRPORT_BCAST_FLOOD", unit=SWITCH, default=True),
        Field(description="send broadcast out here"),
    ] = None  # fmt: skip
    hairpin: Annotated[
        bool | None, Nla("IFLA_BRPORT_MODE", unit=SWITCH, default=False),
        Field(description="send frames back out of the port that they came in"),
    ] = None  # fmt: skip
    isolated: Annotated[
        bool | None, Nla("IFLA_BRPORT_ISOLATED", unit=SWITCH, default=False),
        Field(description="exchange no frames with other isolated ports"),
    ] = None  # fmt: skip
    guard: Annotated[
        bool | None, Nla("IFLA_BRPORT_GUARD", unit=SWITCH, default=False),
        Field(description="close the port when a BPDU comes in (BPDU guard)"),
    ] = None  # fmt: skip
    root_block: Annotated[
        bool | None, Nla("IFLA_BRPORT_PROTECT", unit=SWITCH, default=False),
        Field(description="never let this port lead to the root (root guard)"),
    ] = None  # fmt: skip
    fast_leave: Annotated[
        bool | None, Nla("IFLA_BRPORT_FAST_LEAVE", unit=SWITCH, default=False),
        Field(description="leave a group at the first word"),
    ] = None  # fmt: skip
    neigh_suppress: Annotated[
        bool | None, Nla("IFLA_BRPORT_NEIGH_SUPPRESS", unit=SWITCH, default=False),
        Field(description="answer ARP and neighbour solicitations from known neighbours (EVPN)"),
    ] = None  # fmt: skip
    neigh_vlan_suppress: Annotated[
        bool | None, Nla("IFLA_BRPORT_NEIGH_VLAN_SUPPRESS", unit=SWITCH, default=False, since="6.4"),
        Field(description="the same for each VLAN on its own"),
    ] = None  # fmt: skip
    proxyarp: Annotated[
        bool | None, Nla("IFLA_BRPORT_PROXYARP", unit=SWITCH, default=False),
        Field(description="answer ARP for what is behind the bridge"),
    ] = None  # fmt: skip
    proxyarp_wifi: Annotated[
        bool | None, Nla("IFLA_BRPORT_PROXYARP_WIFI", unit=SWITCH, default=False),
        Field(description="the same as IEEE 802.11 wants it"),
    ] = None  # fmt: skip
    vlan_tunnel: Annotated[
        bool | None, Nla("IFLA_BRPORT_VLAN_TUNNEL", unit=SWITCH, default=False),
        Field(description="map VLANs to tunnel ids, as `tunnel` says"),
    ] = None  # fmt: skip
    locked: Annotated[
        bool | None, Nla("IFLA_BRPORT_LOCKED", unit=SWITCH, default=False),
        Field(description="let in only frames of known addresses (IEEE 802.1X)"),
    ] = None  # fmt: skip
    mab: Annotated[
        bool | None, Nla("IFLA_BRPORT_MAB", unit=SWITCH, default=False, since="6.2"),
        Field(description="learn the others as locked (MAC authentication bypass); only with locked"),
    ] = None  # fmt: skip
    mcast_router: Annotated[
        int | None, Nla("IFLA_BRPORT_MULTICAST_ROUTER", default=1),
        Field(ge=0, le=2, description="a multicast router is behind it: 0 never, 1 where queries come from, 2 always"),
    ] = None  # fmt: skip
    mcast_to_unicast: Annotated[
        bool | None, Nla("IFLA_BRPORT_MCAST_TO_UCAST", unit=SWITCH, default=False),
        Field(description="send each member a copy of its own"),
    ] = None  # fmt: skip
    mcast_max_groups: Annotated[
        int | None, Nla("IFLA_BRPORT_MCAST_MAX_GROUPS", default=0, since="6.3"),
        Field(ge=0, lt=2**32, description="most group entries, 0: any number"),
    ] = None  # fmt: skip
    group_fwd_mask: Annotated[
        PortGroups | None, Nla("IFLA_BRPORT_GROUP_FWD_MASK", default=0),
        Field(ge=0, le=0xFFFD, description="bit X: forward group 01:80:c2:00:00:0X, but for 1"),
    ] = None  # fmt: skip
    backup_port: Annotated[
        LinkName | None, Nla("IFLA_BRPORT_BACKUP_PORT", unit=LINK, default=None),
        Field(description="another port of the bridge, for frames to this one while it has no carrier"),
    ] = None  # fmt: skip

    @model_validator(mode="after")
    def _keeps_the_kernels_rules(self) -> Self:
        if self.mab and not self.locked:
            raise ValueError("mab works only on a locked port; add locked: true")
        return self

    @classmethod
    def said(cls, resource: Resource) -> dict[str, Any] | None:
        said = super().said(resource) or {}
        if said.get("cost") in AUTOMATIC_COSTS:
            del said["cost"]
        return said or None
