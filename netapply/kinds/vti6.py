"""VTI6: IPsec with a device, over IPv6 (net/ipv6/ip6_vti.c)."""

from __future__ import annotations

from typing import ClassVar

from netapply.model.endpoints import OneTunnel
from netapply.model.tunnel import Layer3, OverInet6
from netapply.model.vti_keys import VtiKeys


class Vti6(Layer3, OneTunnel, VtiKeys, OverInet6):
    """IPsec tunnel over IPv6 whose packets are found by their key (the mark of the policy)."""

    kind: ClassVar[str] = "vti6"
