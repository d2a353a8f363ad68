"""Switches of the carrier, for the kinds whose drivers have them (net/core/dev.c, dev_change_carrier and
dev_change_proto_down); others refuse them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from netapply.model.attribute import SWITCH, Change, Nla

Carrier = Annotated[
    bool | None,
    Nla("IFLA_CARRIER", change=Change.FLAP, unit=SWITCH, default=True, late=True),
    Field(description="whether there is a carrier"),
]
ProtoDown = Annotated[
    bool | None,
    Nla("IFLA_PROTO_DOWN", change=Change.FLAP, unit=SWITCH, default=False, late=True),
    Field(description="held without carrier, as a protocol for redundancy asks for it"),
]
