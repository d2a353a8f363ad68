"""Bridge: an Ethernet switch in the kernel (IEEE 802.1D; net/bridge, ip-link(8))."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from netapply.kinds.bridge_multicast import BridgeMulticast
from netapply.model.attribute import SWITCH, Nla


class Bridge(BridgeMulticast):
    """Bridge with ports; the list of ports names those that the file wants, others stay attached.

    The table goes over several classes, in the order in which it is documented: switch, VLANs, multicast.
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
