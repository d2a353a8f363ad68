"""Open vSwitch bond: several devices as one port of a bridge (ovs-vswitchd.conf.db(5), table Port)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from netapply.kinds.deviceless import Deviceless
from netapply.model.attribute import MILLISECONDS, Change, Nla
from netapply.model.values import LinkName, Mac

FLAP = Change.FLAP
Milliseconds = Annotated[int | None, Field(ge=0, le=3_600_000)]


class OvsBond(Deviceless):
    """Bond in Open vSwitch; there is no such device in the kernel, so it has no MTU, address or state."""

    kind: ClassVar[str] = "ovs-bond"

    ports: tuple[LinkName, ...] = Field(default=(), description="the devices that it bonds, two or more")
    mode: Annotated[
        Literal["active-backup", "balance-slb", "balance-tcp"] | None,
        Nla("Port.bond_mode", change=FLAP, default=None),
        Field(description="none: active-backup; balance-tcp needs lacp"),
    ] = None  # fmt: skip
    lacp: Annotated[
        Literal["active", "passive", "off"] | None, Nla("Port.lacp", change=FLAP, default=None),
        Field(description="link aggregation control protocol (IEEE 802.1AX); none: off"),
    ] = None  # fmt: skip
    lacp_time: Annotated[
        Literal["slow", "fast"] | None, Nla("Port.other_config:lacp-time", form="text", default=None),
        Field(description="between two LACPDUs: 30 s (also if none) or 1 s"),
    ] = None  # fmt: skip
    lacp_system_id: Annotated[
        Mac | None, Nla("Port.other_config:lacp-system-id", change=FLAP, form="text", default=None),
        Field(description="none: the bridge's"),
    ] = None  # fmt: skip
    lacp_system_priority: Annotated[
        int | None, Nla("Port.other_config:lacp-system-priority", change=FLAP, form="number", default=None),
        Field(ge=1, le=65535, description="none: 32768"),
    ] = None  # fmt: skip
    lacp_fallback_ab: Annotated[
        bool | None, Nla("Port.other_config:lacp-fallback-ab", change=FLAP, form="flag", default=None),
        Field(description="active-backup while the other side speaks no LACP; none: no"),
    ] = None  # fmt: skip
    updelay: Annotated[
        Milliseconds, Nla("Port.bond_updelay", unit=MILLISECONDS, default=0),
        Field(description="until a device with carrier is used"),
    ] = None  # fmt: skip
    downdelay: Annotated[
        Milliseconds, Nla("Port.bond_downdelay", unit=MILLISECONDS, default=0),
        Field(description="until a device without carrier is left"),
    ] = None  # fmt: skip
    detect_mode: Annotated[
        Literal["carrier", "miimon"] | None, Nla("Port.other_config:bond-detect-mode", form="text", default=None),
        Field(description="how carrier is noticed; none: carrier"),
    ] = None  # fmt: skip
    miimon: Annotated[
        int | None, Nla("Port.other_config:bond-miimon-interval", unit=MILLISECONDS, form="number", default=None),
        Field(ge=1, le=3_600_000, description="between two looks, with detect_mode: miimon; none: 200 ms"),
    ] = None  # fmt: skip
    rebalance_interval: Annotated[
        int | None, Nla("Port.other_config:bond-rebalance-interval", unit=MILLISECONDS, form="number", default=None),
        Field(ge=0, le=3_600_000, description="between two rebalancings, 0 or from 1000; none: 10 s"),
    ] = None  # fmt: skip
    hash_basis: Annotated[
        int | None, Nla("Port.other_config:bond-hash-basis", form="number", default=None),
        Field(ge=0, lt=2**31, description="mixed into the hash of flows"),
    ] = None  # fmt: skip
    primary: Annotated[
        LinkName | None, Nla("Port.other_config:bond-primary", change=FLAP, form="text", default=None),
        Field(description="the device that is used while it has carrier, in active-backup"),
    ] = None  # fmt: skip

    def ports_of(self) -> tuple[str, ...]:
        return self.ports

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.mode == "balance-tcp" and self.lacp in (None, "off"):
            raise ValueError("mode balance-tcp needs lacp: active or lacp: passive")
        if self.primary is not None and self.mode not in (None, "active-backup"):
            raise ValueError("primary is for mode active-backup; remove one of the two")
        if self.primary is not None and self.ports and self.primary not in self.ports:
            raise ValueError(f"primary {self.primary} is none of its ports")
        if self.miimon is not None and self.detect_mode != "miimon":
            raise ValueError("miimon is used with detect_mode: miimon only; add it")
        if self.rebalance_interval is not None and 0 < self.rebalance_interval < 1000:
            raise ValueError("rebalance_interval is 0 (never) or at least 1000 ms")
        return self
