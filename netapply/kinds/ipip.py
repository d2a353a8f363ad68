"""IPIP: packets in IPv4 (RFC 2003; net/ipv4/ipip.c)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from netapply.model.attribute import Change, Nla, choice
from netapply.model.endpoints import OneTunnel
from netapply.model.tunnel import Delivering, Encapsulated, External, Layer3

MODE = choice(any=0, ipip=4, mplsip=137)


class Ipip(Layer3, OneTunnel, External, Encapsulated, Delivering):
    """Tunnel over IPv4 for IPv4 packets."""

    kind: ClassVar[str] = "ipip"

    mode: Annotated[
        Literal["any", "ipip", "mplsip"] | None,
        Nla("IFLA_IPTUN_PROTO", change=Change.RECREATE, unit=MODE, default="ipip"),
        Field(description="what it carries"),
    ] = None
