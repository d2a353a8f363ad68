"""Values that only bridges have: finer durations, masks, group addresses."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import BeforeValidator

from netapply.model.values import text_of

_DURATION: Final = re.compile(r"([0-9]{1,10})(?:\.([0-9]{1,3}))?\s*(ms|s|sec|min|m|h)?")
_FACTORS: Final = {None: 1000, "ms": 1, "s": 1000, "sec": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000}
TICK: Final = 20
"""Milliseconds. Multiples of it are whole ticks at 100, 250, 300 and 1000 ticks a second: no kernel rounds them."""
QUARTER: Final = 31_250
"""The kernel's own startup query interval, in ms, held whatever its ticks are."""
_GROUP: Final = re.compile(r"01:80:c2:00:00:0([0-9a-f])")


def fine_seconds(value: object) -> int | float:
    """A duration in steps of 20 ms: `1s`, `0.5s`, `500ms`, `5min`."""
    match = _DURATION.fullmatch(text_of(value).strip())
    if match is None:
        raise ValueError(f"{value!r} is no duration; write it like 1s, 500ms or 5min")
    factor, fraction = _FACTORS[match[3]], (match[2] or "").ljust(3, "0")
    thousandths = int(match[1] + fraction) * factor
    if thousandths % (1000 * TICK) and thousandths != 1000 * QUARTER:
        raise ValueError(f"{value!r} is finer than kernel clocks hold; write a multiple of 20 ms")
    seconds = thousandths / 1_000_000
    return int(seconds) if seconds == int(seconds) else seconds


def mask(value: object) -> int:
    """Bits as one number, decimal or like 0x4000."""
    text = text_of(value)
    try:
        return int(text, 0)
    except ValueError:
        raise ValueError(f"{text!r} is no mask; write a number, like 0x4000") from None


def groups_of_bridge(value: object) -> int:
    """Link-local groups that a bridge may forward (net/bridge/br_private.h, BR_GROUPFWD_RESTRICTED)."""
    number = mask(value)
    if number & 0b111:
        raise ValueError(f"{number:#x} has one of bits 0 to 2 set: BPDUs, pause frames and LACP stay; clear them")
    return number


def groups_of_port(value: object) -> int:
    """Link-local groups that a port may forward (net/bridge/br_private.h, BR_GROUPFWD_MACPAUSE)."""
    number = mask(value)
    if number & 0b10:
        raise ValueError(f"{number:#x} has bit 1 set: pause frames are never forwarded; clear it")
    return number


def group_address(value: object) -> str:
    """A link-local group that a bridge may send BPDUs to (net/bridge/br_netlink.c, br_changelink)."""
    text = text_of(value).lower().replace("-", ":")
    match = _GROUP.fullmatch(text)
    if match is None or match[1] in "123":
        raise ValueError(f"{value!r} is no group of a bridge: 01:80:c2:00:00:00, or one with 4 to f at its end")
    return text


def in_lower_case(value: object) -> str:
    """`802.1Q` and `802.1AD` are written either way."""
    return text_of(value).lower()


FineSeconds = Annotated[int | float, BeforeValidator(fine_seconds, json_schema_input_type=int | float | str)]
BridgeGroups = Annotated[int, BeforeValidator(groups_of_bridge, json_schema_input_type=int | str)]
PortGroups = Annotated[int, BeforeValidator(groups_of_port, json_schema_input_type=int | str)]
GroupAddress = Annotated[str, BeforeValidator(group_address)]
