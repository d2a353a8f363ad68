"""What a port of an Open vSwitch bridge is set to: its VLANs before all (ovs-vswitchd.conf.db(5), table Port)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from netapply.model.attribute import SWITCH, Nla
from netapply.model.ovs_values import VlanRanges, WordMap
from netapply.model.part import Part
from netapply.model.resource import Resource

VlanMode = Literal["access", "native-tagged", "native-untagged", "trunk", "dot1q-tunnel"]
_TAGGED: Final = ("access", "native-tagged", "native-untagged", "dot1q-tunnel")
_UNHEEDED: Final = ("trunks", "cvlans", "qinq_ethtype", "ingress_policing_burst", "tag", "vlan_mode")
_TRUNKS: Final = ("trunk", "native-tagged", "native-untagged")


class OvsPort(Part):
    """Settings of a link as a port of an Open vSwitch bridge; of the bridge itself, of its local port."""

    family: ClassVar[str] = "ovs_port"

    tag: Annotated[
        int | None, Nla("Port.tag", default=None),
        Field(ge=0, le=4094, description="VLAN of an access port, native VLAN of a trunk, outer VLAN of a tunnel"),
    ] = None  # fmt: skip
    trunks: Annotated[
        VlanRanges | None, Nla("Port.trunks", form="vlans", default=()),
        Field(description="VLANs that a trunk carries, like 2-10,20; none: all"),
    ] = None  # fmt: skip
    vlan_mode: Annotated[
        VlanMode | None, Nla("Port.vlan_mode", default=None),
        Field(description="none: access with a tag, else trunk"),
    ] = None  # fmt: skip
    cvlans: Annotated[
        VlanRanges | None, Nla("Port.cvlans", form="vlans", default=()),
        Field(description="inner VLANs that a dot1q-tunnel takes; none: all"),
    ] = None  # fmt: skip
    qinq_ethtype: Annotated[
        Literal["802.1q", "802.1ad"] | None, Nla("Port.other_config:qinq-ethtype", form="text", default=None),
        Field(description="outer tag of a dot1q-tunnel; none: 802.1ad"),
    ] = None  # fmt: skip
    priority_tags: Annotated[
        Literal["no", "if-nonzero", "always", "never"] | None,
        Nla("Port.other_config:priority-tags", form="text", default=None),
        Field(description="whether an access port sends 802.1p priorities in tags of VLAN 0"),
    ] = None  # fmt: skip
    protected: Annotated[
        bool | None, Nla("Port.protected", unit=SWITCH, default=False),
        Field(description="no traffic to other protected ports"),
    ] = None  # fmt: skip
    stp: Annotated[
        bool | None, Nla("Port.other_config:stp-enable", form="flag", default=None),
        Field(description="takes part in the bridge's STP; none: yes"),
    ] = None  # fmt: skip
    stp_path_cost: Annotated[
        int | None, Nla("Port.other_config:stp-path-cost", form="number", default=None),
        Field(ge=0, le=65535, description="of the port in STP"),
    ] = None  # fmt: skip
    rstp: Annotated[
        bool | None, Nla("Port.other_config:rstp-enable", form="flag", default=None),
        Field(description="takes part in the bridge's RSTP; none: yes"),
    ] = None  # fmt: skip
    mcast_flood: Annotated[
        bool | None, Nla("Port.other_config:mcast-snooping-flood", form="flag", default=None),
        Field(description="gets all multicast although the bridge snoops"),
    ] = None  # fmt: skip
    ofport_request: Annotated[
        int | None, Nla("Interface.ofport_request", default=None),
        Field(ge=1, le=65279, description="OpenFlow port number"),
    ] = None  # fmt: skip
    ingress_policing_rate: Annotated[
        int | None, Nla("Interface.ingress_policing_rate", default=0),
        Field(ge=0, lt=2**32, description="received at most, kbit/s; 0: unlimited"),
    ] = None  # fmt: skip
    ingress_policing_burst: Annotated[
        int | None, Nla("Interface.ingress_policing_burst", default=0),
        Field(ge=0, lt=2**32, description="burst above that, kbit"),
    ] = None  # fmt: skip
    external_ids: Annotated[
        WordMap | None, Nla("Interface.external_ids", form="map", default=()),
        Field(description="words that others go by, such as iface-id; the list is complete"),
    ] = None  # fmt: skip
    port_external_ids: Annotated[
        WordMap | None, Nla("Port.external_ids", form="map", default=()),
        Field(description="the same of the row in table Port"),
    ] = None  # fmt: skip
    other_config: Annotated[
        WordMap | None, Nla("Port.other_config", form="map", default=()),
        Field(description="everything else that a Port has there; the list is complete"),
    ] = None  # fmt: skip

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        mode = self.vlan_mode or ("access" if self.tag is not None and not self.cvlans else "")
        if self.vlan_mode in _TAGGED and self.tag is None:
            raise ValueError(f"vlan_mode {self.vlan_mode} needs a tag; add one")
        if mode == "trunk" and self.tag is not None:
            raise ValueError("vlan_mode trunk has no use for a tag; for a native VLAN write native-untagged")
        if self.trunks and mode not in _TRUNKS and mode:
            raise ValueError(f"{self._said(mode)} carries one VLAN, so no trunks; for both write native-untagged")
        if self.cvlans and mode != "dot1q-tunnel":
            raise ValueError("cvlans are of a tunnel; add vlan_mode: dot1q-tunnel and its tag")
        if self.qinq_ethtype and mode != "dot1q-tunnel":
            raise ValueError("qinq_ethtype is of a tunnel; add vlan_mode: dot1q-tunnel and its tag")
        if self.ingress_policing_burst and not self.ingress_policing_rate:
            raise ValueError("ingress_policing_burst goes with ingress_policing_rate; add the rate")
        return self

    @classmethod
    def said(cls, resource: Resource) -> dict[str, Any] | None:
        """As a file would say it. What Open vSwitch holds and does not heed (trunks beside a tag) no file says."""
        said = super().said(resource) or {}
        for name in ("", *_UNHEEDED):
            said.pop(name, None)
            try:
                cls.model_validate(said)
            except ValueError:
                continue
            break
        return said or None

    def _said(self, mode: str) -> str:
        return f"vlan_mode {mode}" if self.vlan_mode else "a port with a tag and without vlan_mode"
