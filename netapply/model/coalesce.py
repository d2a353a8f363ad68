"""Coalescing of interrupts: how long, and for how many packets, a device waits before it interrupts."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from netapply.model.attribute import SECONDS, SWITCH, Nla, Unit
from netapply.model.part import Part

MICROSECONDS = Unit("microseconds", text=lambda value: "(none)" if value is None else f"{value} µs")
Count = Annotated[int | None, Field(ge=0, lt=2**32)]


class Coalesce(Part):
    """Times are in microseconds. What a driver does not have it says by not showing it (`ethtool -c`)."""

    family: ClassVar[str] = "coalesce"

    rx_usecs: Annotated[
        Count, Nla("ETHTOOL_A_COALESCE_RX_USECS", unit=MICROSECONDS),
        Field(description="wait before an interrupt, receive, µs"),
    ] = None  # fmt: skip
    rx_frames: Annotated[
        Count, Nla("ETHTOOL_A_COALESCE_RX_MAX_FRAMES"),
        Field(description="packets before an interrupt, receive"),
    ] = None  # fmt: skip
    rx_usecs_irq: Annotated[
        Count, Nla("ETHTOOL_A_COALESCE_RX_USECS_IRQ", unit=MICROSECONDS),
        Field(description="the same while an interrupt is served, µs"),
    ] = None  # fmt: skip
    rx_frames_irq: Annotated[
        Count, Nla("ETHTOOL_A_COALESCE_RX_MAX_FRAMES_IRQ"),
        Field(description="the same while an interrupt is served"),
    ] = None  # fmt: skip
    tx_usecs: Annotated[
        Count, Nla("ETHTOOL_A_COALESCE_TX_USECS", unit=MICROSECONDS),
        Field(description="wait before an interrupt, transmit, µs"),
    ] = None  # fmt: skip
    tx_frames: Annotated[
        Count, Nla("ETHTOOL_A_COALESCE_TX_MAX_FRAMES"),
        Field(description="packets before an interrupt, transmit"),
    ] = None  # fmt: skip
    tx_usecs_irq: Annotated[
        Count, Nla("ETHTOOL_A_COALESCE_TX_USECS_IRQ", unit=MICROSECONDS),
        Field(description="the same while an interrupt is served, µs"),
    ] = None  # fmt: skip
    tx_frames_irq: Annotated[
        Count, Nla("ETHTOOL_A_COALESCE_TX_MAX_FRAMES_IRQ"),
        Field(description="the same while an interrupt is served"),
    ] = None  # fmt: skip
    stats_block_usecs: Annotated[
        Count, Nla("ETHTOOL_A_COALESCE_STATS_BLOCK_USECS", unit=MICROSECONDS),
        Field(description="between two updates of the statistics, µs"),
    ] = None  # fmt: skip
    adaptive_rx: Annotated[
        bool | None, Nla("ETHTOOL_A_COALESCE_USE_ADAPTIVE_RX", unit=SWITCH),
        Field(description="the driver adapts receive to the load"),
    ] = None  # fmt: skip
    adaptive_tx: Annotated[
        bool | None, Nla("ETHTOOL_A_COALESCE_USE_ADAPTIVE_TX", unit=SWITCH),
        Field(description="the driver adapts transmit to the load"),
    ] = None  # fmt: skip
    pkt_rate_low: Annotated[
        Count, Nla("ETHTOOL_A_COALESCE_PKT_RATE_LOW"),
        Field(description="packets per second below which the _low values count"),
    ] = None  # fmt: skip
    rx_usecs_low: Annotated[
        Count, Nla("ETHTOOL_A_COALESCE_RX_USECS_LOW", unit=MICROSECONDS),
        Field(description="with few packets, µs"),
    ] = None  # fmt: skip
    rx_frames_low: Annotated[
        Count, Nla("ETHTOOL_A_COALESCE_RX_MAX_FRAMES_LOW"),
        Field(description="with few packets"),
    ] = None  # fmt: skip
    tx_usecs_low: Annotated[
        Count, Nla("ETHTOOL_A_COALESCE_TX_USECS_LOW", unit=MICROSECONDS),
        Field(description="with few packets, µs"),
    ] = None  # fmt: skip
    tx_frames_low: Annotated[
        Count, Nla("ETHTOOL_A_COALESCE_TX_MAX_FRAMES_LOW"),
        Field(description="with few packets"),
    ] = None  # fmt: skip
    pkt_rate_high: Annotated[
        Count, Nla("ETHTOOL_A_COALESCE_PKT_RATE_HIGH"),
        Field(description="packets per second above which the _high values count"),
    ] = None  # fmt: skip
    rx_usecs_high: Annotated[
        Count, Nla("ETHTOOL_A_COALESCE_RX_USECS_HIGH", unit=MICROSECONDS),
        Field(description="with many packets, µs"),
    ] = None  # fmt: skip
    rx_frames_high: Annotated[
        Count, Nla("ETHTOOL_A_COALESCE_RX_MAX_FRAMES_HIGH"),
        Field(description="with many packets"),
    ] = None  # fmt: skip
    tx_usecs_high: Annotated[
        Count, Nla("ETHTOOL_A_COALESCE_TX_USECS_HIGH", unit=MICROSECONDS),
        Field(description="with many packets, µs"),
    ] = None  # fmt: skip
    tx_frames_high: Annotated[
        Count, Nla("ETHTOOL_A_COALESCE_TX_MAX_FRAMES_HIGH"),
        Field(description="with many packets"),
    ] = None  # fmt: skip
    sample_interval: Annotated[
        Count, Nla("ETHTOOL_A_COALESCE_RATE_SAMPLE_INTERVAL", unit=SECONDS),
        Field(description="between two looks at the rate, s"),
    ] = None  # fmt: skip
    cqe_mode_tx: Annotated[
        bool | None, Nla("ETHTOOL_A_COALESCE_USE_CQE_MODE_TX", unit=SWITCH),
        Field(description="the timer starts anew with each completion, transmit"),
    ] = None  # fmt: skip
    cqe_mode_rx: Annotated[
        bool | None, Nla("ETHTOOL_A_COALESCE_USE_CQE_MODE_RX", unit=SWITCH),
        Field(description="the timer starts anew with each completion, receive"),
    ] = None  # fmt: skip

    @model_validator(mode="after")
    def _fixed_or_adaptive(self) -> Self:
        for way in ("rx", "tx"):
            if getattr(self, f"adaptive_{way}") and getattr(self, f"{way}_usecs") is not None:
                raise ValueError(f"adaptive_{way} lets the driver choose {way}_usecs; leave one of the two out")
        return self
