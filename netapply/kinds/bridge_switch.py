"""A bridge as an Ethernet switch with a spanning tree (IEEE 802.1D; net/bridge/br_stp_if.c)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from netapply.model.attribute import CENTISECONDS, SWITCH, Nla
from netapply.model.bridge_values import BridgeGroups, GroupAddress
from netapply.model.values import LinkName, Seconds


class BridgeSwitch:
    """Ports, spanning tree, learned addresses, and the frames that are meant for the switch itself."""

    ports: tuple[LinkName, ...] = Field(default=(), description="links that become ports of this bridge")
    stp: Annotated[
        bool | None, Nla("IFLA_BR_STP_STATE", unit=SWITCH, default=False, first=True),
        Field(description="spanning tree protocol"),
    ] = None  # fmt: skip
    forward_delay: Annotated[
        Seconds | None,
        Field(ge=0, le=30, description="time in listening and in learning; 0 only without STP, else 2 to 30"),
        Nla("IFLA_BR_FORWARD_DELAY", unit=CENTISECONDS, default=15),
    ] = None
    hello_time: Annotated[
        Seconds | None, Field(ge=1, le=10, description="between two BPDUs"),
        Nla("IFLA_BR_HELLO_TIME", unit=CENTISECONDS, default=2),
    ] = None  # fmt: skip
    max_age: Annotated[
        Seconds | None, Field(ge=6, le=40, description="until a BPDU is too old"),
        Nla("IFLA_BR_MAX_AGE", unit=CENTISECONDS, default=20),
    ] = None  # fmt: skip
    ageing_time: Annotated[
        Seconds | None, Field(ge=0, le=1_000_000, description="until a learned address is forgotten"),
        Nla("IFLA_BR_AGEING_TIME", unit=CENTISECONDS, default=300),
    ] = None  # fmt: skip
    priority: Annotated[
        int | None, Field(ge=0, le=65535, description="of the bridge in the spanning tree"),
        Nla("IFLA_BR_PRIORITY", default=32768),
    ] = None  # fmt: skip
    group_fwd_mask: Annotated[
        BridgeGroups | None, Nla("IFLA_BR_GROUP_FWD_MASK", default=0),
        Field(ge=0, le=0xFFF8, description="bit X: forward group 01:80:c2:00:00:0X, but for 0 to 2"),
    ] = None  # fmt: skip
    group_address: Annotated[
        GroupAddress | None, Nla("IFLA_BR_GROUP_ADDR", default="01:80:c2:00:00:00", unsaid=True),
        Field(description="group that BPDUs are sent to; 802.1ad bridges use 01:80:c2:00:00:08"),
    ] = None  # fmt: skip
    no_linklocal_learn: Annotated[
        bool | None, Nla("IFLA_BR_MULTI_BOOLOPT", bit=0x1, unit=SWITCH, default=False),
        Field(description="do not learn from link-local frames"),
    ] = None  # fmt: skip
    fdb_max_learned: Annotated[
        int | None, Field(ge=0, lt=2**32, description="most learned addresses, 0: any number"),
        Nla("IFLA_BR_FDB_MAX_LEARNED", default=0, since="6.8"),
    ] = None  # fmt: skip
