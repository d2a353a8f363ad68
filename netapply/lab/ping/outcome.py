"""What can come back from a ping: a reply, a refusal, or nothing (None)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer from the one who was asked. `ttl` is what was left of the answer's TTL or hop limit."""

    address: str
    mac: str  # who sent the frame: the neighbour, or the router on the way back
    rtt_seconds: float
    ttl: int | None = None  # None for ARP


@dataclass(frozen=True, slots=True)
class Refusal:
    """Somebody said no: a router (`address`), or this host itself (None). False in a condition, like None.

    `mtu` in bytes is set if the packet was too long for a link.
    """

    reason: str
    address: str | None = None
    mtu: int | None = None

    def __bool__(self) -> Literal[False]:
        return False


class State(StrEnum):
    """What a port said; equal to the plain string."""

    OPEN = "open"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"


Outcome = Reply | Refusal | None
