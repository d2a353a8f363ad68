"""Bond: several links as one (IEEE 802.1AX and others; drivers/net/bonding).

Which option goes with which mode, and what must be down or empty for it to change, is the kernel's own
table (drivers/net/bonding/bond_options.c, Documentation/networking/bonding.rst).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from netapply.kinds.bond_modes import DELAYS, NEEDS, Mode, refuse_contradictions, resent
from netapply.model.attribute import LINK, MILLISECONDS, SECONDS, SWITCH, Change, Nla, Unit, numbered
from netapply.model.link import Link
from netapply.model.values import IpAddress, LinkName, Mac

DOWN, EMPTY = Change.DOWN, Change.EMPTY
ArpValidate = Literal["none", "active", "backup", "all", "filter", "filter_active", "filter_backup"]
ArpAllTargets = Literal["any", "all"]
PrimaryReselect = Literal["always", "better", "failure"]
FailOverMac = Literal["none", "active", "follow"]
XmitHashPolicy = Literal["layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4", "vlan+srcmac"]
LacpRate = Literal["slow", "fast"]
AdSelect = Literal["stable", "bandwidth", "count"]
NO_SYSTEM: Final = "00:00:00:00:00:00"
SYSTEM: Final = Unit("MAC address", from_wire=lambda mac: None if mac == NO_SYSTEM else mac)
Milliseconds = Annotated[int, Field(ge=0, le=2**31 - 1)]


class Bond(Link):
    """Several links as one; its ports must be down to join, and follow its MTU, MAC address and state."""

    kind: ClassVar[str] = "bond"
    governs: ClassVar[frozenset[str]] = frozenset({"mac", "mtu"})

    ports: tuple[LinkName, ...] = Field(default=(), description="links that become ports (slaves) of this bond")
    mode: Annotated[
        Mode | None, Nla("IFLA_BOND_MODE", change=EMPTY, unit=numbered(Mode), default="balance-rr"),
        Field(description="how traffic is spread"),
    ] = None  # fmt: skip
    miimon: Annotated[
        Milliseconds | None, Nla("IFLA_BOND_MIIMON", unit=MILLISECONDS, default=0),
        Field(description="between two looks at the carrier; 0: none"),
    ] = None  # fmt: skip
    updelay: Annotated[
        Milliseconds | None, Nla("IFLA_BOND_UPDELAY", unit=MILLISECONDS, default=0),
        Field(description="until a recovered port is used; a multiple of miimon"),
    ] = None  # fmt: skip
    downdelay: Annotated[
        Milliseconds | None, Nla("IFLA_BOND_DOWNDELAY", unit=MILLISECONDS, default=0),
        Field(description="until a failed port is left; a multiple of miimon"),
    ] = None  # fmt: skip
    peer_notif_delay: Annotated[
        int | None, Field(ge=0, le=300_000, description="between two notices to peers; a multiple of miimon"),
        Nla("IFLA_BOND_PEER_NOTIF_DELAY", unit=MILLISECONDS, default=0),
    ] = None  # fmt: skip
    arp_interval: Annotated[
        Milliseconds | None, Nla("IFLA_BOND_ARP_INTERVAL", unit=MILLISECONDS, default=0),
        Field(description="between two ARP probes; 0: none"),
    ] = None  # fmt: skip
    arp_ip_target: Annotated[
        tuple[IpAddress, ...] | None, Nla("IFLA_BOND_ARP_IP_TARGET", form="addresses", default=()),
        Field(max_length=16, description="IPv4 addresses that are asked for"),
    ] = None  # fmt: skip
    ns_ip6_target: Annotated[
        tuple[IpAddress, ...] | None, Nla("IFLA_BOND_NS_IP6_TARGET", form="addresses", default=()),
        Field(max_length=16, description="IPv6 addresses that are solicited"),
    ] = None  # fmt: skip
    arp_validate: Annotated[
        ArpValidate | None, Nla("IFLA_BOND_ARP_VALIDATE", unit=numbered(ArpValidate), default="none"),
        Field(description="which probes are examined"),
    ] = None  # fmt: skip
    arp_all_targets: Annotated[
        ArpAllTargets | None, Nla("IFLA_BOND_ARP_ALL_TARGETS", unit=numbered(ArpAllTargets), default="any"),
        Field(description="how many targets must answer"),
    ] = None  # fmt: skip
    missed_max: Annotated[
        int | None, Nla("IFLA_BOND_MISSED_MAX", default=2),
        Field(ge=1, le=255, description="unanswered probes until a port is down"),
    ] = None  # fmt: skip
    primary: Annotated[
        LinkName | None, Nla("IFLA_BOND_PRIMARY", unit=LINK, default=None, names_port=True),
        Field(description="preferred port"),
    ] = None  # fmt: skip
    primary_reselect: Annotated[
        PrimaryReselect | None, Nla("IFLA_BOND_PRIMARY_RESELECT", unit=numbered(PrimaryReselect), default="always"),
        Field(description="when the preferred port takes over again"),
    ] = None  # fmt: skip
    active_slave: Annotated[
        LinkName | None, Nla("IFLA_BOND_ACTIVE_SLAVE", unit=LINK, names_port=True, living=True),
        Field(description="port to use now; the kernel chooses another whenever it must"),
    ] = None  # fmt: skip
    fail_over_mac: Annotated[
        FailOverMac | None, Nla("IFLA_BOND_FAIL_OVER_MAC", change=EMPTY, unit=numbered(FailOverMac), default="none"),
        Field(description="what happens to MAC addresses on failover"),
    ] = None  # fmt: skip
    xmit_hash_policy: Annotated[
        XmitHashPolicy | None, Nla("IFLA_BOND_XMIT_HASH_POLICY", unit=numbered(XmitHashPolicy), default="layer2"),
        Field(description="what tells flows apart"),
    ] = None  # fmt: skip
    resend_igmp: Annotated[
        int | None, Nla("IFLA_BOND_RESEND_IGMP", default=1),
        Field(ge=0, le=255, description="membership reports after a failover"),
    ] = None  # fmt: skip
    num_grat_arp: Annotated[
        int | None, Nla("IFLA_BOND_NUM_PEER_NOTIF", default=1),
        Field(ge=0, le=255, description="gratuitous ARPs and neighbour advertisements after a failover"),
    ] = None  # fmt: skip
    all_slaves_active: Annotated[
        bool | None, Nla("IFLA_BOND_ALL_SLAVES_ACTIVE", unit=SWITCH, default=False),
        Field(description="deliver duplicates that inactive ports receive"),
    ] = None  # fmt: skip
    min_links: Annotated[
        int | None, Nla("IFLA_BOND_MIN_LINKS", default=0),
        Field(ge=0, le=2**31 - 1, description="ports that must be up for the bond to have carrier"),
    ] = None  # fmt: skip
    lp_interval: Annotated[
        int | None, Nla("IFLA_BOND_LP_INTERVAL", unit=SECONDS, default=1),
        Field(ge=1, le=2**31 - 1, description="between two learning packets"),
    ] = None  # fmt: skip
    packets_per_slave: Annotated[
        int | None, Nla("IFLA_BOND_PACKETS_PER_SLAVE", default=1),
        Field(ge=0, le=65535, description="packets before the next port; 0: at random"),
    ] = None  # fmt: skip
    lacp_active: Annotated[
        bool | None, Nla("IFLA_BOND_AD_LACP_ACTIVE", change=DOWN, unit=SWITCH, default=True),
        Field(description="send LACPDUs without being asked"),
    ] = None  # fmt: skip
    lacp_rate: Annotated[
        LacpRate | None, Nla("IFLA_BOND_AD_LACP_RATE", change=DOWN, unit=numbered(LacpRate), default="slow"),
        Field(description="LACPDUs every 30 seconds, or every second"),
    ] = None  # fmt: skip
    ad_select: Annotated[
        AdSelect | None, Nla("IFLA_BOND_AD_SELECT", change=DOWN, unit=numbered(AdSelect), default="stable"),
        Field(description="which aggregator is used"),
    ] = None  # fmt: skip
    ad_actor_sys_prio: Annotated[
        int | None, Nla("IFLA_BOND_AD_ACTOR_SYS_PRIO", default=65535),
        Field(ge=1, le=65535, description="LACP priority of this system"),
    ] = None  # fmt: skip
    ad_actor_system: Annotated[
        Mac | None, Nla("IFLA_BOND_AD_ACTOR_SYSTEM", unit=SYSTEM, form="mac", default=None, at_birth=(None,)),
        Field(description="LACP name of this system, instead of the bond's MAC address"),
    ] = None  # fmt: skip
    ad_user_port_key: Annotated[
        int | None, Nla("IFLA_BOND_AD_USER_PORT_KEY", change=DOWN, default=0),
        Field(ge=0, le=1023, description="upper ten bits of the port key"),
    ] = None  # fmt: skip
    coupled_control: Annotated[
        bool | None, Nla("IFLA_BOND_COUPLED_CONTROL", change=DOWN, unit=SWITCH, default=True),
        Field(description="collect and distribute in one step (802.1AX coupled control)"),
    ] = None  # fmt: skip
    tlb_dynamic_lb: Annotated[
        bool | None, Nla("IFLA_BOND_TLB_DYNAMIC_LB", change=DOWN, unit=SWITCH, default=True),
        Field(description="move flows to less loaded ports"),
    ] = None  # fmt: skip

    def ports_of(self) -> tuple[str, ...]:
        return self.ports

    @classmethod
    def messages(cls, settings: dict[str, Any], after: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """What the next mode does not know is taken back before the mode changes; what a new mode or another
        miimon would reset is said again."""
        mode = settings.get("mode")
        leaving = {name: value for name, value in settings.items() if mode and mode not in NEEDS.get(name, (mode,))}
        rest = {name: value for name, value in settings.items() if name not in leaving}
        yield from (part for part in (leaving, resent(rest, after)) if part)

    @classmethod
    def has(cls, attribute: str, after: dict[str, Any]) -> bool:
        """Each mode has options of its own; a delay is counted in looks at the carrier."""
        if attribute in DELAYS and not after.get("miimon"):
            return False
        mode = after.get("mode") or "balance-rr"
        return mode in NEEDS.get(attribute, (mode,))

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        refuse_contradictions(self)
        return self
