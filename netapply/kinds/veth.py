"""veth: a cable with two ends (drivers/net/veth.c, veth(4))."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field

from netapply.model.attribute import LINK, Change, Nla, Value
from netapply.model.queues import Queued
from netapply.model.values import LinkName


class Veth(Queued):
    """One end of a virtual cable; naming one end makes both."""

    kind: ClassVar[str] = "veth"

    peer: Annotated[
        LinkName, Nla("VETH_INFO_PEER", change=Change.RECREATE, unit=LINK), Field(description="the other end")
    ]

    def companions(self, name: str) -> Iterator[tuple[str, dict[str, Value]]]:
        yield self.peer, {"up": True, "peer": name}
