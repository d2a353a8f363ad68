"""IPv6 tunnels: IPv6 or IPv4 packets in IPv6 (RFC 2473; net/ipv6/ip6_tunnel.c)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from netapply.model.attribute import Nla, choice
from netapply.model.endpoints import OneTunnel
from netapply.model.tunnel import Delivering6, Encapsulated, External, Layer3

MODE = choice(any=0, ip6ip6=41, ipip6=4)


class Ip6tnl(Layer3, OneTunnel, External, Encapsulated, Delivering6):
    """Tunnel over IPv6 for IPv6 packets, IPv4 packets, or both."""

    kind: ClassVar[str] = "ip6tnl"

    mode: Annotated[
        Literal["any", "ip6ip6", "ipip6"] | None, Nla("IFLA_IPTUN_PROTO", unit=MODE, default="any"),
        Field(description="what it carries"),
    ] = None  # fmt: skip
