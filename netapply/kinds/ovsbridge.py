"""Open vSwitch bridge: an Ethernet switch kept by ovs-vswitchd (ovs-vswitchd.conf.db(5), table Bridge)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from netapply.model.attribute import SECONDS, SWITCH, Change, Nla
from netapply.model.link import Link
from netapply.model.ovs_values import VlanRanges, WordMap
from netapply.model.values import LinkName, Mac, Mtu, Seconds

OpenFlow = Literal["OpenFlow10", "OpenFlow11", "OpenFlow12", "OpenFlow13", "OpenFlow14", "OpenFlow15"]
Controller = Annotated[str, Field(pattern=r"^(p?(tcp|ssl):.+|p?unix:/.+)$")]


class OvsBridge(Link):
    """Bridge with ports; the list of ports names those that the file wants, others stay attached."""

    kind: ClassVar[str] = "ovs-bridge"

    ports: tuple[LinkName, ...] = Field(default=(), description="links that become ports of this bridge")
    mtu: Annotated[
        Mtu | None, Nla("Interface.mtu_request", default=None),
        Field(description="of the bridge's own port, bytes; none: of its smallest port"),
    ] = None  # fmt: skip
    mac: Annotated[
        Mac | None, Nla("Bridge.other_config:hwaddr", change=Change.FLAP, form="text", default=None),
        Field(description="of the bridge's own port; none: of a port"),
    ] = None  # fmt: skip
    datapath_type: Annotated[
        Literal["system", "netdev"] | None,
        Nla("Bridge.datapath_type", change=Change.RECREATE, form="word", default=None),
        Field(description="packets in the kernel (system, also if none) or in ovs-vswitchd (netdev)"),
    ] = None  # fmt: skip
    fail_mode: Annotated[
        Literal["standalone", "secure"] | None, Nla("Bridge.fail_mode", default=None),
        Field(description="without a controller: switch by itself (also if none), or only by flows"),
    ] = None  # fmt: skip
    controller: Annotated[
        tuple[Controller, ...] | None, Nla("Bridge.controller", form="targets", default=()),
        Field(description="OpenFlow controllers, like tcp:192.0.2.1:6653"),
    ] = None  # fmt: skip
    protocols: Annotated[
        tuple[OpenFlow, ...] | None, Nla("Bridge.protocols", form="set", default=()),
        Field(description="OpenFlow versions; none: all"),
    ] = None  # fmt: skip
    stp: Annotated[
        bool | None, Nla("Bridge.stp_enable", change=Change.FLAP, unit=SWITCH, default=False),
        Field(description="spanning tree protocol (IEEE 802.1D-1998)"),
    ] = None  # fmt: skip
    rstp: Annotated[
        bool | None, Nla("Bridge.rstp_enable", change=Change.FLAP, unit=SWITCH, default=False),
        Field(description="rapid spanning tree protocol (IEEE 802.1D-2004)"),
    ] = None  # fmt: skip
    stp_priority: Annotated[
        int | None, Nla("Bridge.other_config:stp-priority", form="number", default=None),
        Field(ge=0, le=65535, description="of the bridge in STP; none: 32768"),
    ] = None  # fmt: skip
    stp_hello_time: Annotated[
        Seconds | None, Nla("Bridge.other_config:stp-hello-time", form="number", unit=SECONDS, default=None),
        Field(ge=1, le=10, description="between two BPDUs; none: 2 s"),
    ] = None  # fmt: skip
    stp_max_age: Annotated[
        Seconds | None, Nla("Bridge.other_config:stp-max-age", form="number", unit=SECONDS, default=None),
        Field(ge=6, le=40, description="until a BPDU is too old; none: 20 s"),
    ] = None  # fmt: skip
    stp_forward_delay: Annotated[
        Seconds | None, Nla("Bridge.other_config:stp-forward-delay", form="number", unit=SECONDS, default=None),
        Field(ge=4, le=30, description="in listening and in learning; none: 15 s"),
    ] = None  # fmt: skip
    rstp_priority: Annotated[
        int | None, Nla("Bridge.other_config:rstp-priority", form="number", default=None),
        Field(ge=0, le=61440, multiple_of=4096, description="of the bridge in RSTP; none: 32768"),
    ] = None  # fmt: skip
    ageing_time: Annotated[
        Seconds | None, Nla("Bridge.other_config:mac-aging-time", form="number", unit=SECONDS, default=None),
        Field(ge=15, le=3600, description="until a learned address is forgotten; none: 300 s"),
    ] = None  # fmt: skip
    mac_table_size: Annotated[
        int | None, Nla("Bridge.other_config:mac-table-size", form="number", default=None),
        Field(ge=10, le=1_000_000, description="learned addresses; none: 8192"),
    ] = None  # fmt: skip
    flood_vlans: Annotated[
        VlanRanges | None, Nla("Bridge.flood_vlans", form="vlans", default=()),
        Field(description="VLANs in which nothing is learned and everything is flooded"),
    ] = None  # fmt: skip
    forward_bpdu: Annotated[
        bool | None, Nla("Bridge.other_config:forward-bpdu", form="flag", default=None),
        Field(description="pass BPDUs on; none: no"),
    ] = None  # fmt: skip
    mcast_snooping: Annotated[
        bool | None, Nla("Bridge.mcast_snooping_enable", unit=SWITCH, default=False),
        Field(description="multicast only to ports that asked for it"),
    ] = None  # fmt: skip
    mcast_aging_time: Annotated[
        Seconds | None, Nla("Bridge.other_config:mcast-snooping-aging-time", form="number", unit=SECONDS, default=None),
        Field(ge=1, le=3600, description="until a group's port is forgotten; none: 300 s"),
    ] = None  # fmt: skip
    mcast_flood_unregistered: Annotated[
        bool | None,
        Nla("Bridge.other_config:mcast-snooping-disable-flood-unregistered", form="unflag", default=None),
        Field(description="flood multicast that nobody asked for; none: yes"),
    ] = None  # fmt: skip
    datapath_id: Annotated[
        str | None, Nla("Bridge.other_config:datapath-id", form="text", default=None),
        Field(pattern=r"^[0-9a-f]{16}$", description="OpenFlow datapath id, 16 hexadecimal digits"),
    ] = None  # fmt: skip
    external_ids: Annotated[
        WordMap | None, Nla("Bridge.external_ids", form="map", default=()),
        Field(description="words that others go by; the list is complete, but for netapply's own mark"),
    ] = None  # fmt: skip
    other_config: Annotated[
        WordMap | None, Nla("Bridge.other_config", form="map", default=()),
        Field(description="everything else that a Bridge has there; the list is complete"),
    ] = None  # fmt: skip

    def ports_of(self) -> tuple[str, ...]:
        return self.ports

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.stp and self.rstp:
            raise ValueError("stp and rstp exclude each other; choose one")
        if self.master is not None:
            raise ValueError("an Open vSwitch bridge is a port of nothing; join two by a pair of ovs-patch")
        return self
