"""Token bucket filter: a rate, and how much may go at once (tc-tbf(8))."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from netapply.model.attribute import Nla
from netapply.model.qdisc import Qdisc
from netapply.model.resource import Resource
from netapply.model.tc_values import RATE, SIZE, Micros, Rate, Size, held_burst


class Tbf(Qdisc):
    """A shaper. The queue is given in bytes, or as the time that it takes to empty."""

    kind: Literal["tbf"]
    rate: Annotated[Rate, Nla("rate", unit=RATE), Field(description="rate to shape to")]
    burst: Annotated[
        Size, Nla("burst", unit=SIZE),
        Field(ge=1, lt=2**31, description="bytes that may go at once; at least one packet of the link's MTU"),
    ]  # fmt: skip
    limit: Annotated[Size | None, Nla("limit", unit=SIZE), Field(ge=1, lt=2**32, description="bytes that may wait")] = (
        None
    )
    latency: Annotated[
        Micros | None, Field(ge=1, lt=2**32, description="in place of limit: how long a packet may wait")
    ] = None

    @model_validator(mode="after")
    def _has_a_queue(self) -> Self:
        if (self.limit is None) == (self.latency is None):
            raise ValueError("tbf needs a limit (bytes) or a latency (time), one of the two")
        if self.bytes_waiting() >= 2**32:
            raise ValueError("the queue would be larger than 4 GB; use a smaller latency")
        return self

    def bytes_waiting(self) -> int:
        """The queue in bytes; a latency counts from when the bucket is empty (tc-tbf(8))."""
        return self.limit if self.limit is not None else self.rate // 8 * (self.latency or 0) // 10**6 + self.burst

    def resources(self, link: str) -> Iterator[Resource]:
        for resource in super().resources(link):
            resource.attributes |= {"limit": self.bytes_waiting(), "burst": held_burst(self.burst, self.rate)}
            yield resource
