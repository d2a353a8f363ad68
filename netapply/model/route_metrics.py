"""What the kernel shall know about the path of a route (ip-route(8); include/uapi/linux/rtnetlink.h, RTAX_*)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from netapply.model.attribute import BYTES, MILLISECONDS, SWITCH, Nla
from netapply.model.values import text_of

LOCKABLE = Literal[
    "mtu", "window", "rtt", "rttvar", "ssthresh", "cwnd", "advmss", "reordering", "hoplimit", "initcwnd", "rto_min",
    "initrwnd",
]  # fmt: skip


class PathMetrics(BaseModel):
    """Each is none where nobody says anything, and then TCP and the device decide."""

    mtu: Annotated[
        int | None, Nla("RTAX_MTU", unit=BYTES, default=None), Field(ge=68, le=65520, description="path MTU")
    ] = None
    advmss: Annotated[
        int | None, Nla("RTAX_ADVMSS", unit=BYTES, default=None),
        Field(ge=1, le=65495, description="TCP segment size to announce"),
    ] = None  # fmt: skip
    hoplimit: Annotated[
        int | None, Nla("RTAX_HOPLIMIT", default=None), Field(ge=1, le=255, description="TTL to send with")
    ] = None
    initcwnd: Annotated[
        int | None, Nla("RTAX_INITCWND", default=None),
        Field(ge=1, lt=2**16, description="segments that TCP sends at first"),
    ] = None  # fmt: skip
    initrwnd: Annotated[
        int | None, Nla("RTAX_INITRWND", default=None),
        Field(ge=1, lt=2**16, description="segments that TCP offers to receive at first"),
    ] = None  # fmt: skip
    window: Annotated[
        int | None, Nla("RTAX_WINDOW", unit=BYTES, default=None),
        Field(ge=1, lt=2**31, description="largest window that TCP offers"),
    ] = None  # fmt: skip
    cwnd: Annotated[
        int | None, Nla("RTAX_CWND", default=None),
        Field(ge=1, lt=2**31, description="largest congestion window, segments; needs a lock"),
    ] = None  # fmt: skip
    ssthresh: Annotated[
        int | None, Nla("RTAX_SSTHRESH", default=None), Field(ge=1, lt=2**31, description="slow start threshold")
    ] = None
    reordering: Annotated[
        int | None, Nla("RTAX_REORDERING", default=None),
        Field(ge=1, le=300, description="segments out of order before one counts as lost"),
    ] = None  # fmt: skip
    rtt: Annotated[
        int | None, Nla("RTAX_RTT", unit=MILLISECONDS, default=None),
        Field(ge=1, lt=2**28, description="first guess of the round trip, ms"),
    ] = None  # fmt: skip
    rttvar: Annotated[
        int | None, Nla("RTAX_RTTVAR", unit=MILLISECONDS, default=None),
        Field(ge=1, lt=2**28, description="first guess of its variance, ms"),
    ] = None  # fmt: skip
    rto_min: Annotated[
        int | None, Nla("RTAX_RTO_MIN", unit=MILLISECONDS, default=None),
        Field(ge=1, lt=2**31, description="shortest retransmission time-out, ms"),
    ] = None  # fmt: skip
    quickack: Annotated[
        bool | None, Nla("RTAX_QUICKACK", unit=SWITCH, default=None), Field(description="acknowledge at once")
    ] = None
    fastopen_no_cookie: Annotated[
        bool | None, Nla("RTAX_FASTOPEN_NO_COOKIE", unit=SWITCH, default=None),
        Field(description="TCP Fast Open without a cookie"),
    ] = None  # fmt: skip
    congctl: Annotated[
        str | None, Nla("RTAX_CC_ALGO", default=None),
        Field(pattern=r"^[a-z0-9_]{1,15}$", description="congestion control"),
    ] = None  # fmt: skip
    features: Annotated[
        tuple[Literal["ecn", "tcp_usec_ts"], ...], Nla("RTAX_FEATURES", default=None),
        Field(description="TCP features to use"),
    ] = ()  # fmt: skip
    lock: Annotated[
        tuple[LOCKABLE, ...], Nla("RTAX_LOCK", default=None),
        Field(description="metrics that the kernel must not adapt, `[mtu]` against path MTU discovery"),
    ] = ()  # fmt: skip


METRICS = tuple(PathMetrics.model_fields)


def realm_text(value: object) -> str:
    """`TO` or `FROM/TO`, numbers up to 65535 (ip-route(8))."""
    text = text_of(value)
    source, _, to = text.rpartition("/")
    parts = [part for part in (source, to) if part]
    if not to or not all(part.isascii() and part.isdecimal() and int(part) < 2**16 for part in parts):
        raise ValueError(f"{text!r} is no realm; write a number up to 65535, or two: FROM/TO")
    numbers = [int(part) for part in parts]
    return f"{numbers[0]}/{numbers[1]}" if len(numbers) == 2 and numbers[0] else str(numbers[-1])
