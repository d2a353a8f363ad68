"""Attribute numbers of ethtool's netlink messages that pyroute2 does not know (include/uapi/linux/ethtool_netlink.h).

In the header the attributes of a message are counted: 1 is the device, the rest follow in the order given here.
"""

from __future__ import annotations

from typing import Final

_U8: Final = frozenset({
    "USE_ADAPTIVE_RX", "USE_ADAPTIVE_TX", "USE_CQE_MODE_TX", "USE_CQE_MODE_RX", "AUTONEG", "ACTIVE", "ENABLED",
    "TX_LPI_ENABLED",
})  # fmt: skip
_NESTED: Final = frozenset({"MODES_OURS", "MODES_PEER", "STATS", "HW", "WANTED", "NOCHANGE", "FLAGS"})


def _counted(message: str, names: str) -> dict[str, tuple[int, str]]:
    return {
        f"ETHTOOL_A_{message}_{name}": (number, _kind(message, name)) for number, name in enumerate(names.split(), 1)
    }


def _kind(message: str, name: str) -> str:
    if name in _NESTED or name == "HEADER" or message == "FEATURES":
        return "hex"
    return "uint8" if name in _U8 or message == "PAUSE" else "uint32"


TABLES: Final[dict[str, dict[str, tuple[int, str]]]] = {
    "features": _counted("FEATURES", "HEADER HW WANTED ACTIVE NOCHANGE"),
    "private_flags": _counted("PRIVFLAGS", "HEADER FLAGS"),
    "channels": _counted(
        "CHANNELS", "HEADER RX_MAX TX_MAX OTHER_MAX COMBINED_MAX RX_COUNT TX_COUNT OTHER_COUNT COMBINED_COUNT"
    ),
    "coalesce": _counted(
        "COALESCE",
        "HEADER RX_USECS RX_MAX_FRAMES RX_USECS_IRQ RX_MAX_FRAMES_IRQ TX_USECS TX_MAX_FRAMES TX_USECS_IRQ "
        "TX_MAX_FRAMES_IRQ STATS_BLOCK_USECS USE_ADAPTIVE_RX USE_ADAPTIVE_TX PKT_RATE_LOW RX_USECS_LOW "
        "RX_MAX_FRAMES_LOW TX_USECS_LOW TX_MAX_FRAMES_LOW PKT_RATE_HIGH RX_USECS_HIGH RX_MAX_FRAMES_HIGH "
        "TX_USECS_HIGH TX_MAX_FRAMES_HIGH RATE_SAMPLE_INTERVAL USE_CQE_MODE_TX USE_CQE_MODE_RX",
    ),
    "pause": _counted("PAUSE", "HEADER AUTONEG RX TX STATS"),
    "eee": _counted("EEE", "HEADER MODES_OURS MODES_PEER ACTIVE ENABLED TX_LPI_ENABLED TX_LPI_TIMER"),
    "link_modes": {"ETHTOOL_A_LINKMODES_LANES": (9, "uint32")},
}
