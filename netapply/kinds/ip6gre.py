"""GRE over IPv6: IP packets in IPv6 (RFC 7676; net/ipv6/ip6_gre.c)."""

from __future__ import annotations

from typing import ClassVar

from netapply.model.endpoints import OneTunnel
from netapply.model.gre_keys import GreHeader
from netapply.model.tunnel import Delivering6, Encapsulated, External, Layer3


class Ip6gre(Layer3, OneTunnel, External, Encapsulated, GreHeader, Delivering6):
    """GRE tunnel over IPv6 for IP packets."""

    kind: ClassVar[str] = "ip6gre"
