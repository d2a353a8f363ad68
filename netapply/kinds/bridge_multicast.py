"""How a bridge treats multicast (IGMP, RFC 3376; MLD, RFC 3810; net/bridge/br_multicast.c)."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from netapply.model.attribute import CENTISECONDS, SWITCH, Nla, Unit
from netapply.model.bridge_values import FineSeconds

QUARTER: Final = 31.25
STARTUP: Final = Unit(
    "seconds",
    to_wire=CENTISECONDS.to_wire,
    from_wire=lambda value: QUARTER if value == 3124 else CENTISECONDS.from_wire(value),
    text=CENTISECONDS.text,
)
"""The default is a quarter of 125 s, which a kernel with 250 ticks a second holds and shows as 31.24 s."""
DAY: Final = 86400
"""Seconds; newer kernels make less of a longer query interval."""


class BridgeMulticast:
    """Snooping and querying."""

    mcast_snooping: Annotated[
        bool | None, Nla("IFLA_BR_MCAST_SNOOPING", unit=SWITCH, default=True),
        Field(description="forward groups only to ports that asked for them"),
    ] = None  # fmt: skip
    mcast_router: Annotated[
        int | None, Field(ge=0, le=2, description="the host as multicast router: 0 never, 1 when it queries, 2 always"),
        Nla("IFLA_BR_MCAST_ROUTER", default=1),
    ] = None  # fmt: skip
    mcast_query_use_ifaddr: Annotated[
        bool | None, Nla("IFLA_BR_MCAST_QUERY_USE_IFADDR", unit=SWITCH, default=False),
        Field(description="send queries from the bridge's own address, not from 0.0.0.0"),
    ] = None  # fmt: skip
    mcast_querier: Annotated[
        bool | None, Nla("IFLA_BR_MCAST_QUERIER", unit=SWITCH, default=False),
        Field(description="send queries"),
    ] = None  # fmt: skip
    mcast_hash_max: Annotated[
        int | None, Field(ge=1, lt=2**32, description="most group entries"),
        Nla("IFLA_BR_MCAST_HASH_MAX", default=4096),
    ] = None  # fmt: skip
    mcast_last_member_count: Annotated[
        int | None, Field(ge=0, lt=2**32, description="queries before a group is left"),
        Nla("IFLA_BR_MCAST_LAST_MEMBER_CNT", default=2),
    ] = None  # fmt: skip
    mcast_last_member_interval: Annotated[
        FineSeconds | None, Field(ge=0, le=DAY, description="between these"),
        Nla("IFLA_BR_MCAST_LAST_MEMBER_INTVL", unit=CENTISECONDS, default=1),
    ] = None  # fmt: skip
    mcast_startup_query_count: Annotated[
        int | None, Field(ge=0, lt=2**32, description="queries when the querier starts"),
        Nla("IFLA_BR_MCAST_STARTUP_QUERY_CNT", default=2),
    ] = None  # fmt: skip
    mcast_startup_query_interval: Annotated[
        FineSeconds | None, Field(ge=1, le=DAY, description="between these"),
        Nla("IFLA_BR_MCAST_STARTUP_QUERY_INTVL", unit=STARTUP, default=QUARTER),
    ] = None  # fmt: skip
    mcast_membership_interval: Annotated[
        FineSeconds | None, Field(ge=0, le=DAY, description="until a group without reports is left"),
        Nla("IFLA_BR_MCAST_MEMBERSHIP_INTVL", unit=CENTISECONDS, default=260),
    ] = None  # fmt: skip
    mcast_querier_interval: Annotated[
        FineSeconds | None, Field(ge=0, le=DAY, description="until another querier counts as gone"),
        Nla("IFLA_BR_MCAST_QUERIER_INTVL", unit=CENTISECONDS, default=255),
    ] = None  # fmt: skip
    mcast_query_interval: Annotated[
        FineSeconds | None, Field(ge=1, le=DAY, description="between two general queries"),
        Nla("IFLA_BR_MCAST_QUERY_INTVL", unit=CENTISECONDS, default=125),
    ] = None  # fmt: skip
    mcast_query_response_interval: Annotated[
        FineSeconds | None, Field(ge=0, le=DAY, description="within which members answer"),
        Nla("IFLA_BR_MCAST_QUERY_RESPONSE_INTVL", unit=CENTISECONDS, default=10),
    ] = None  # fmt: skip
    mcast_stats_enabled: Annotated[
        bool | None, Nla("IFLA_BR_MCAST_STATS_ENABLED", unit=SWITCH, default=False),
        Field(description="count IGMP and MLD packets"),
    ] = None  # fmt: skip
    mcast_igmp_version: Annotated[
        int | None, Field(ge=2, le=3, description="of the queries sent"),
        Nla("IFLA_BR_MCAST_IGMP_VERSION", default=2),
    ] = None  # fmt: skip
    mcast_mld_version: Annotated[
        int | None, Field(ge=1, le=2, description="of the queries sent"),
        Nla("IFLA_BR_MCAST_MLD_VERSION", default=1),
    ] = None  # fmt: skip
