"""What a route knows about its path, RTA_METRICS (include/uapi/linux/rtnetlink.h, RTAX_*; ip-route(8))."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final

from netapply.kernel.wire import message as m
from netapply.kernel.wire.definitions import METRICS
from netapply.kernel.wire.scalar import unpack_text
from netapply.model.attribute import Value

U32: Final = struct.Struct("=I")
PLAIN: Final = (
    "mtu", "window", "ssthresh", "cwnd", "advmss", "reordering", "hoplimit", "initcwnd", "rto_min", "initrwnd",
)  # fmt: skip
TIMES: Final = {"rtt": 8, "rttvar": 4}
"""Milliseconds, held by the kernel in smaller parts (net/ipv4/tcp_metrics.c)."""
SWITCHES: Final = ("quickack", "fastopen_no_cookie")
FEATURES: Final = {"ecn": 0x1, "tcp_usec_ts": 0x10}
LOCKABLE: Final = (
    "mtu", "window", "rtt", "rttvar", "ssthresh", "cwnd", "advmss", "reordering", "hoplimit", "initcwnd", "rto_min",
    "initrwnd",
)  # fmt: skip


def _number_of(word: str) -> int:
    return METRICS[f"RTAX_{'CC_ALGO' if word == 'congctl' else word.upper()}"][0]


_LOCKS: Final = {word: 1 << _number_of(word) for word in LOCKABLE}


def _plain(data: bytes) -> Value:
    return U32.unpack_from(data)[0]


def _time(parts: int) -> Callable[[bytes], Value]:
    return lambda data: U32.unpack_from(data)[0] // parts


def _words(bits: dict[str, int]) -> Callable[[bytes], Value]:
    def read(data: bytes) -> Value:
        value = U32.unpack_from(data)[0]
        return tuple(word for word, bit in bits.items() if value & bit)

    return read


READERS: Final[dict[int, tuple[str, Callable[[bytes], Value]]]] = {
    **{_number_of(word): (word, _plain) for word in PLAIN},
    **{_number_of(word): (word, _time(parts)) for word, parts in TIMES.items()},
    **{_number_of(word): (word, lambda data: _plain(data) != 0) for word in SWITCHES},
    _number_of("lock"): ("lock", _words(_LOCKS)),
    _number_of("features"): ("features", _words(FEATURES)),
    _number_of("congctl"): ("congctl", unpack_text),
}


def read_metrics(data: bytes) -> dict[str, Value]:
    """Those that are set; most routes have none, and then nothing is spent on them."""
    values: dict[str, Value] = {}
    for number, payload in m.attributes(data, 0, len(data)):
        if number in READERS:
            word, read = READERS[number]
            if value := read(payload):
                values[word] = value
    return values


def pack_metrics(wish: dict[str, Any]) -> bytes:
    """The metrics among the attributes of a route; empty where it has none."""
    body = b""
    for number, (word, _) in READERS.items():
        value = wish.get(word)
        if value:
            body += m.attribute(number, _packed(word, value))
    return body


def _packed(word: str, value: Value) -> bytes:
    if word == "congctl":
        return str(value).encode() + b"\0"
    if word in ("lock", "features"):
        bits = _LOCKS if word == "lock" else FEATURES
        return U32.pack(sum(bits[item] for item in value))
    return U32.pack(int(value) * TIMES.get(word, 1))
