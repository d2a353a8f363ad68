"""Bridge: an Ethernet switch in the kernel (IEEE 802.1D; net/bridge, ip-link(8))."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from netapply.kinds.bridge_multicast import BridgeMulticast
from netapply.kinds.bridge_switch import BridgeSwitch
from netapply.kinds.bridge_vlans import BridgeVlans
from netapply.model.attribute import SWITCH, Nla
from netapply.model.link import Link


class Bridge(BridgeMulticast, BridgeVlans, BridgeSwitch, Link):
    """Bridge with ports; the list of ports names those that the file wants, others stay attached.

    The table goes over several plain classes: switch, VLANs, multicast. Models would each take a millisecond.
    """

    kind: ClassVar[str] = "bridge"

    nf_call_iptables: Annotated[
        bool | None, Nla("IFLA_BR_NF_CALL_IPTABLES", unit=SWITCH, default=False),
        Field(description="show bridged IPv4 to iptables, also where net.bridge.bridge-nf-call-iptables is 0"),
    ] = None  # fmt: skip
    nf_call_ip6tables: Annotated[
        bool | None, Nla("IFLA_BR_NF_CALL_IP6TABLES", unit=SWITCH, default=False),
        Field(description="show bridged IPv6 to ip6tables"),
    ] = None  # fmt: skip
    nf_call_arptables: Annotated[
        bool | None, Nla("IFLA_BR_NF_CALL_ARPTABLES", unit=SWITCH, default=False),
        Field(description="show bridged ARP to arptables"),
    ] = None  # fmt: skip

    @model_validator(mode="after")
    def _snoops_only_in_vlans(self) -> Self:
        """The kernel refuses it without filtering (br_multicast.c, br_multicast_toggle_vlan_snooping)."""
        if self.mcast_vlan_snooping and not self.vlan_filtering:
            raise ValueError("mcast_vlan_snooping works only with vlan_filtering; add vlan_filtering: true")
        return self

    def ports_of(self) -> tuple[str, ...]:
        return self.ports
