"""Bridge: an Ethernet switch in the kernel (IEEE 802.1D; net/bridge, ip-link(8))."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, field_validator

from netapply.model.attribute import CENTISECONDS, SWITCH, Nla
from netapply.model.link import Link
from netapply.model.parts import FdbEntries, MdbEntries
from netapply.model.values import LinkName, Seconds


class Bridge(Link):
    """Bridge with ports; the list of ports names those that the file wants, others stay attached."""

    kind: ClassVar[str] = "bridge"

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

    mdb: MdbEntries = Field(default=(), description="permanent entries of the multicast database")

    @field_validator("fdb")
    @classmethod
    def _of_its_own(cls, entries: FdbEntries) -> FdbEntries:
        """A bridge is a port of no bridge, so the entries are its own."""
        return tuple(entry if entry.own is not None else entry.model_copy(update={"own": True}) for entry in entries)

    def ports_of(self) -> tuple[str, ...]:
        return self.ports
