"""The numbers of queues, of links that netapply makes: the kernel takes them only then (net/core/rtnetlink.c)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from netapply.model.attribute import Change, Nla
from netapply.model.link import Link


class Queued(Link):
    """A link with as many queues as its making asks for; the kernel chooses where nothing is said."""

    numtxqueues: Annotated[
        int | None,
        Nla("IFLA_NUM_TX_QUEUES", change=Change.RECREATE),
        Field(ge=1, le=4096, description="transmit queues"),
    ] = None
    numrxqueues: Annotated[
        int | None,
        Nla("IFLA_NUM_RX_QUEUES", change=Change.RECREATE),
        Field(ge=1, le=4096, description="receive queues"),
    ] = None
