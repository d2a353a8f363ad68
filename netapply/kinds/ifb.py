"""ifb: received packets redirected to it can be shaped as if sent (drivers/net/ifb.c)."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from netapply.model.attribute import Change, Nla
from netapply.model.queues import Queued
from netapply.model.values import Mac


class Ifb(Queued):
    """Intermediate functional block."""

    kind: ClassVar[str] = "ifb"

    mac: Annotated[
        Mac | None, Nla("IFLA_ADDRESS", change=Change.RECREATE), Field(description="link-layer address"),
    ] = None  # fmt: skip
