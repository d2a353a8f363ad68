"""VTI: IPsec with a device, over IPv4 (net/ipv4/ip_vti.c)."""

from __future__ import annotations

from typing import ClassVar

from netapply.model.endpoints import OneTunnel
from netapply.model.tunnel import Layer3, OverInet
from netapply.model.vti_keys import VtiKeys


class Vti(Layer3, OneTunnel, VtiKeys, OverInet):
    """IPsec tunnel over IPv4 whose packets are found by their key (the mark of the policy)."""

    kind: ClassVar[str] = "vti"
