"""GRETAP over IPv6: Ethernet frames in GRE over IPv6 (net/ipv6/ip6_gre.c)."""

from __future__ import annotations

from typing import ClassVar

from netapply.model.endpoints import OneTunnel
from netapply.model.gre_keys import GreHeader
from netapply.model.tunnel import Delivering6, Encapsulated, External


class Ip6gretap(OneTunnel, External, Encapsulated, GreHeader, Delivering6):
    """GRE tunnel over IPv6 for Ethernet frames; it can be a port of a bridge."""

    kind: ClassVar[str] = "ip6gretap"
