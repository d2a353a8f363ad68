"""What a bridge has to do with VLANs (IEEE 802.1Q, 802.1ad; net/bridge/br_vlan.c, br_mst.c)."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field

from netapply.model.attribute import SWITCH, Change, Nla, choice
from netapply.model.bridge_values import in_lower_case

FLAP, EMPTY = Change.FLAP, Change.EMPTY
VLAN_PROTOCOL: Final = choice({"802.1q": 0x8100, "802.1ad": 0x88A8})


class BridgeVlans:
    """The bridge's VLAN switches; which VLANs there are stands in `vids` and `pvid` of the bridge and its ports."""

    vlan_filtering: Annotated[
        bool | None, Nla("IFLA_BR_VLAN_FILTERING", unit=SWITCH, default=False, unsaid=True),
        Field(description="forward only the VLANs that a port is a member of"),
    ] = None  # fmt: skip
    vlan_protocol: Annotated[
        Annotated[Literal["802.1q", "802.1ad"], BeforeValidator(in_lower_case)] | None,
        Nla("IFLA_BR_VLAN_PROTOCOL", change=FLAP, unit=VLAN_PROTOCOL, default="802.1q", unsaid=True),
        Field(description="which tags count: 802.1ad are service tags (QinQ)"),
    ] = None
    vlan_default_pvid: Annotated[
        int | None, Field(ge=0, le=4094, description="untagged VLAN of ports that say nothing else; 0: none"),
        Nla("IFLA_BR_VLAN_DEFAULT_PVID", change=FLAP, default=1, unsaid=True, may_lack=True),
    ] = None  # fmt: skip
    vlan_stats_enabled: Annotated[
        bool | None, Nla("IFLA_BR_VLAN_STATS_ENABLED", unit=SWITCH, default=False, unsaid=True),
        Field(description="count packets for each VLAN"),
    ] = None  # fmt: skip
    vlan_stats_per_port: Annotated[
        bool | None, Nla("IFLA_BR_VLAN_STATS_PER_PORT", change=EMPTY, unit=SWITCH, default=False, unsaid=True),
        Field(description="count packets for each VLAN of each port"),
    ] = None  # fmt: skip
    mst_enabled: Annotated[
        bool | None, Nla("IFLA_BR_MULTI_BOOLOPT", bit=0x4, change=EMPTY, unit=SWITCH, default=False, unsaid=True),
        Field(description="multiple spanning trees: one state for each group of VLANs"),
    ] = None  # fmt: skip
    mcast_vlan_snooping: Annotated[
        bool | None, Nla("IFLA_BR_MULTI_BOOLOPT", bit=0x2, unit=SWITCH, default=False, unsaid=True),
        Field(description="IGMP and MLD snooping for each VLAN; only with vlan_filtering"),
    ] = None  # fmt: skip
