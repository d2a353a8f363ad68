"""GRE: IP packets in IPv4 (RFC 2784; net/ipv4/ip_gre.c)."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from netapply.model.attribute import SWITCH, Nla
from netapply.model.endpoints import OneTunnel
from netapply.model.gre_keys import GreHeader
from netapply.model.tunnel import Delivering, Encapsulated, External, Layer3


class Gre(Layer3, OneTunnel, External, Encapsulated, GreHeader, Delivering):
    """GRE tunnel over IPv4 for IP packets."""

    kind: ClassVar[str] = "gre"

    ignore_df: Annotated[
        bool | None, Nla("IFLA_GRE_IGNORE_DF", unit=SWITCH, default=False),
        Field(description="fragment in spite of don't fragment; needs `pmtudisc: false`"),
    ] = None  # fmt: skip
