"""What ethtool(8) sets on a device: the field `ethtool` of a link, each part of it a family of its own.

No value has a default: each driver has its own, so what was found before goes back. Bounds here are the
kernel's; the driver's own maxima are read from it (netapply.hardware).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from netapply.model.attribute import SWITCH, Change, Nla, Unit, choice
from netapply.model.coalesce import MICROSECONDS, Coalesce
from netapply.model.features import Features, PrivateFlags
from netapply.model.part import Part

FLAP: Change = Change.FLAP
MEGABITS = Unit("Mbit/s", text=lambda value: "(none)" if value is None else f"{value} Mbit/s")
DUPLEX = choice(half=0, full=1)


def _in_order(names: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """A set, in an order that equal ones share."""
    return None if names is None else tuple(sorted(set(names)))


Names = Annotated[tuple[str, ...], AfterValidator(_in_order)]
Count = Annotated[int | None, Field(ge=0, lt=2**32)]


class Rings(Part):
    """Sizes of the rings of descriptors; most drivers restart their queues to change them."""

    family: ClassVar[str] = "rings"

    rx: Annotated[Count, Nla("ETHTOOL_A_RINGS_RX", change=FLAP), Field(description="receive, entries")] = None
    rx_mini: Annotated[
        Count, Nla("ETHTOOL_A_RINGS_RX_MINI", change=FLAP), Field(description="receive, small packets")
    ] = None
    rx_jumbo: Annotated[
        Count, Nla("ETHTOOL_A_RINGS_RX_JUMBO", change=FLAP), Field(description="receive, large packets")
    ] = None
    tx: Annotated[Count, Nla("ETHTOOL_A_RINGS_TX", change=FLAP), Field(description="transmit, entries")] = None
    rx_buf_len: Annotated[
        Count, Nla("ETHTOOL_A_RINGS_RX_BUF_LEN", change=FLAP), Field(description="receive buffer, bytes")
    ] = None
    cqe_size: Annotated[
        Count, Nla("ETHTOOL_A_RINGS_CQE_SIZE", change=FLAP), Field(description="completion entry, bytes")
    ] = None
    tx_push: Annotated[
        bool | None, Nla("ETHTOOL_A_RINGS_TX_PUSH", change=FLAP, unit=SWITCH),
        Field(description="write descriptors to the device directly"),
    ] = None  # fmt: skip


class Channels(Part):
    """Numbers of queues, each with an interrupt of its own."""

    family: ClassVar[str] = "channels"

    rx: Annotated[Count, Nla("ETHTOOL_A_CHANNELS_RX_COUNT", change=FLAP), Field(description="receive only")] = None
    tx: Annotated[Count, Nla("ETHTOOL_A_CHANNELS_TX_COUNT", change=FLAP), Field(description="transmit only")] = None
    other: Annotated[
        Count, Nla("ETHTOOL_A_CHANNELS_OTHER_COUNT", change=FLAP), Field(description="for link events and the like")
    ] = None
    combined: Annotated[
        Count, Nla("ETHTOOL_A_CHANNELS_COMBINED_COUNT", change=FLAP), Field(description="receive and transmit")
    ] = None


class Pause(Part):
    """Ethernet flow control (IEEE 802.3, Annex 31B)."""

    family: ClassVar[str] = "pause"

    autoneg: Annotated[
        bool | None, Nla("ETHTOOL_A_PAUSE_AUTONEG", change=FLAP, unit=SWITCH),
        Field(description="agreed with the other end; rx and tx are then what is offered"),
    ] = None  # fmt: skip
    rx: Annotated[
        bool | None, Nla("ETHTOOL_A_PAUSE_RX", change=FLAP, unit=SWITCH), Field(description="obey pause frames")
    ] = None
    tx: Annotated[
        bool | None, Nla("ETHTOOL_A_PAUSE_TX", change=FLAP, unit=SWITCH), Field(description="send pause frames")
    ] = None


class LinkModes(Part):
    """Speed and duplex: negotiated, or fixed."""

    family: ClassVar[str] = "link_modes"

    autoneg: Annotated[
        bool | None, Nla("ETHTOOL_A_LINKMODES_AUTONEG", change=FLAP, unit=SWITCH),
        Field(description="negotiate with the other end"),
    ] = None  # fmt: skip
    speed: Annotated[
        int | None, Nla("ETHTOOL_A_LINKMODES_SPEED", change=FLAP, unit=MEGABITS),
        Field(ge=1, lt=2**31, description="Mbit/s, without autoneg"),
    ] = None  # fmt: skip
    duplex: Annotated[
        Literal["half", "full"] | None, Nla("ETHTOOL_A_LINKMODES_DUPLEX", change=FLAP, unit=DUPLEX),
        Field(description="without autoneg"),
    ] = None  # fmt: skip
    lanes: Annotated[
        int | None, Nla("ETHTOOL_A_LINKMODES_LANES", change=FLAP), Field(ge=1, le=8, description="without autoneg")
    ] = None
    advertise: Annotated[
        Names | None, Nla("ETHTOOL_A_LINKMODES_OURS", change=FLAP, form="names"),
        Field(description="modes offered in the negotiation, as ethtool names them: 1000baseT/Full"),
    ] = None  # fmt: skip

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        fixed = [name for name in ("speed", "duplex", "lanes") if getattr(self, name) is not None]
        if fixed and self.autoneg is not False:
            raise ValueError(f"{fixed[0]} is fixed only without negotiation; add autoneg: false, or use advertise")
        if self.advertise and self.autoneg is False:
            raise ValueError("advertise says what is offered in the negotiation; leave it out, or write autoneg: true")
        return self


class Eee(Part):
    """Energy-efficient Ethernet (IEEE 802.3az)."""

    family: ClassVar[str] = "eee"

    enabled: Annotated[
        bool | None, Nla("ETHTOOL_A_EEE_ENABLED", change=FLAP, unit=SWITCH),
        Field(description="agree on sleeping when idle"),
    ] = None  # fmt: skip
    tx_lpi: Annotated[
        bool | None, Nla("ETHTOOL_A_EEE_TX_LPI_ENABLED", change=FLAP, unit=SWITCH),
        Field(description="let the own transmitter sleep"),
    ] = None  # fmt: skip
    tx_lpi_timer: Annotated[
        Count, Nla("ETHTOOL_A_EEE_TX_LPI_TIMER", change=FLAP, unit=MICROSECONDS),
        Field(description="idle time before it sleeps, µs"),
    ] = None  # fmt: skip
    advertise: Annotated[
        Names | None, Nla("ETHTOOL_A_EEE_MODES_OURS", change=FLAP, form="names"),
        Field(description="modes for which it is offered"),
    ] = None  # fmt: skip


class Wol(Part):
    """Wake-on-LAN. The password of `magicsecure` is a secret, and no matter of this file."""

    family: ClassVar[str] = "wol"

    modes: Annotated[
        tuple[Literal["phy", "ucast", "mcast", "bcast", "arp", "magic", "filter"], ...] | None,
        AfterValidator(_in_order), Nla("ETHTOOL_A_WOL_MODES", form="names"),
        Field(description="what wakes the host; [] for nothing"),
    ] = None  # fmt: skip


class Ethtool(BaseModel):
    """The field `ethtool` of a link: each part only where the file has it."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    features: Features | None = Field(default=None, description="off-loads: a mapping of names to true or false")
    rings: Rings | None = Field(default=None, description="sizes of the descriptor rings")
    channels: Channels | None = Field(default=None, description="numbers of queues")
    coalesce: Coalesce | None = Field(default=None, description="how long interrupts wait for more packets")
    pause: Pause | None = Field(default=None, description="flow control")
    link_modes: LinkModes | None = Field(default=None, description="speed, duplex and negotiation")
    eee: Eee | None = Field(default=None, description="energy-efficient Ethernet")
    wol: Wol | None = Field(default=None, description="wake-on-LAN")
    private_flags: PrivateFlags | None = Field(default=None, description="a driver's own switches")
