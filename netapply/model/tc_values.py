"""Rates, sizes, times and shares as tc(8) writes them, and how the kernel holds them (net/sched/sch_api.c)."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import BeforeValidator

from netapply.model.attribute import Unit, Value
from netapply.model.values import text_of

_AMOUNT: Final = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?)\s*([a-z%]*)")
_RATES: Final = {
    "": 1, "bit": 1, "kbit": 10**3, "mbit": 10**6, "gbit": 10**9, "tbit": 10**12,
    "bps": 8, "kbps": 8 * 10**3, "mbps": 8 * 10**6, "gbps": 8 * 10**9,
}  # fmt: skip
_SIZES: Final = {"": 1, "b": 1, "k": 2**10, "kb": 2**10, "m": 2**20, "mb": 2**20, "g": 2**30, "gb": 2**30}
_TIMES: Final = {"": 1, "us": 1, "usec": 1, "ms": 10**3, "msec": 10**3, "s": 10**6, "sec": 10**6}
TICK_NS: Final = 64
"""Nanoseconds of the kernel's packet scheduler tick (include/net/pkt_sched.h, PSCHED_SHIFT)."""
CODEL_SHIFT: Final = 10
"""CoDel counts in units of 1024 ns (include/net/codel.h)."""
_WHOLE: Final = 2**32 - 1


def _amount(value: object, units: dict[str, int], what: str, example: str) -> int:
    match = _AMOUNT.fullmatch(text_of(value).strip().lower())
    if match is None or match[2] not in units:
        raise ValueError(f"{value!r} is no {what}; write it like {example}")
    return round(float(match[1]) * units[match[2]]) if "." in match[1] else int(match[1]) * units[match[2]]


def bit_rate(value: object) -> int:
    """A rate in bit/s: `100mbit`, `2.5gbit`, `1mbps` (bytes). The kernel counts whole bytes."""
    rate = _amount(value, _RATES, "rate", "100mbit") // 8 * 8
    if not 8 <= rate < 2**43:
        raise ValueError(f"{value!r} is no rate that the kernel can hold: 8bit to 8tbit")
    return rate


def byte_size(value: object) -> int:
    """A size in bytes: `1600`, `32kb`, `4mb`."""
    return _amount(value, _SIZES, "size", "32kb")


def microseconds(value: object) -> int:
    """A short time in microseconds: `50ms`, `100us`, `1s`."""
    return _amount(value, _TIMES, "time", "50ms")


def share(value: object) -> float:
    """A share in percent: `1%`, `0.1%`."""
    text = text_of(value).strip().removesuffix("%")
    try:
        percent = float(text)
    except ValueError:
        percent = -1.0
    if not 0 <= percent <= 100:
        raise ValueError(f"{value!r} is no share; write it like 0.1%, at most 100%")
    return percent_of(round(percent / 100 * _WHOLE))


def percent_of(number: int) -> float:
    return round(number / _WHOLE * 100, 6)


def codel_time(value: object) -> int:
    """A time that CoDel can hold: of 44 microseconds in a row it skips one."""
    wish = microseconds(value)
    return wish if _codel(_codel_sent(wish)) == wish else wish - 1


def _codel(sent: int) -> int:
    """What the kernel makes of a number of microseconds."""
    return ((sent * 1000 >> CODEL_SHIFT) << CODEL_SHIFT) // 1000


def _codel_sent(wish: int) -> int:
    return wish if _codel(wish) == wish else wish + 1


def ticks_of(size: int, rate: int) -> int:
    """How long `size` bytes take at `rate` bit/s: the form in which the kernel holds a burst."""
    return round(size * 8 * 10**9 / rate / TICK_NS)


def size_of(ticks: int, rate: int) -> int:
    """Bytes that leave in so many ticks."""
    return round(ticks * TICK_NS * rate / 8 / 10**9)


def held_burst(size: int, rate: int) -> int:
    """What the kernel can hold of a burst: at high rates its clock is coarser than a byte."""
    return size_of(ticks_of(size, rate), rate)


def _worded(value: Value, units: dict[str, int], last: str) -> str:
    """The largest unit in which the number is whole."""
    if value is None:
        return "(none)"
    for word, factor in sorted(units.items(), key=lambda item: -item[1]):
        if word and value and value % factor == 0:
            return f"{value // factor}{word}"
    return f"{value}{last}"


BITS: Final = ("bit", "kbit", "mbit", "gbit")
RATE: Final = Unit(
    "bit/s", to_wire=lambda value: value // 8, from_wire=lambda value: value * 8 or None,
    text=lambda value: _worded(value, {word: _RATES[word] for word in BITS}, "bit"),
)  # fmt: skip
SIZE: Final = Unit("bytes", text=lambda value: _worded(value, {"kb": 2**10, "mb": 2**20}, " bytes"))
TIME: Final = Unit("microseconds", text=lambda value: _worded(value, {"us": 1, "ms": 10**3, "s": 10**6}, "us"))
CODEL: Final = Unit("microseconds", to_wire=_codel_sent, text=TIME.text)
SHARE: Final = Unit(
    "percent", to_wire=lambda value: round(value / 100 * _WHOLE), from_wire=percent_of,
    text=lambda value: f"{value:g}%",
)  # fmt: skip

Rate = Annotated[int, BeforeValidator(bit_rate, json_schema_input_type=int | str)]
Size = Annotated[int, BeforeValidator(byte_size, json_schema_input_type=int | str)]
Micros = Annotated[int, BeforeValidator(microseconds, json_schema_input_type=int | str)]
CodelTime = Annotated[int, BeforeValidator(codel_time, json_schema_input_type=int | str)]
Share = Annotated[float, BeforeValidator(share, json_schema_input_type=float | str)]
