"""SIT: IPv6 packets in IPv4 (RFC 4213; net/ipv6/sit.c)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from netapply.model.attribute import SWITCH, Change, Nla, choice
from netapply.model.endpoints import OneTunnel
from netapply.model.tunnel import Delivering, Encapsulated, Layer3
from netapply.model.values import Network, family_of

MODE = choice(any=0, ip6ip=41, ipip=4, mplsip=137)
SIT_ISATAP = 0x1


class Sit(Layer3, OneTunnel, Encapsulated, Delivering):
    """Tunnel over IPv4 for IPv6 packets: 6in4, ISATAP, 6to4 and 6rd."""

    kind: ClassVar[str] = "sit"

    mode: Annotated[
        Literal["any", "ip6ip", "ipip", "mplsip"] | None,
        Nla("IFLA_IPTUN_PROTO", change=Change.RECREATE, unit=MODE, default="ip6ip"),
        Field(description="what it carries"),
    ] = None
    isatap: Annotated[
        bool | None,
        Nla("IFLA_IPTUN_FLAGS", change=Change.RECREATE, unit=SWITCH, default=False, mask=SIT_ISATAP),
        Field(description="ISATAP (RFC 5214)"),
    ] = None
    ttl: Annotated[
        int | None, Nla("IFLA_IPTUN_TTL", default=64),
        Field(ge=0, le=255, description="of the outer packet; 0: that of the packet inside"),
    ] = None  # fmt: skip
    ip6rd_prefix: Annotated[
        Network | None,
        Nla("IFLA_IPTUN_6RD_PREFIX", default="2002::/16", length="IFLA_IPTUN_6RD_PREFIXLEN"),
        Field(description="IPv6 prefix that holds the IPv4 address of the other endpoint (RFC 5969)"),
    ] = None
    ip6rd_relay_prefix: Annotated[
        Network | None,
        Nla("IFLA_IPTUN_6RD_RELAY_PREFIX", default="0.0.0.0/0", length="IFLA_IPTUN_6RD_RELAY_PREFIXLEN"),
        Field(description="IPv4 prefix that all endpoints share, and that addresses therefore leave out"),
    ] = None

    @model_validator(mode="after")
    def _room_for_an_address(self) -> Self:
        """See ipip6_tunnel_update_6rd (net/ipv6/sit.c)."""
        prefix, relay = self.ip6rd_prefix or "2002::/16", self.ip6rd_relay_prefix or "0.0.0.0/0"
        if "default" in (prefix, relay) or family_of(prefix) != "inet6" or family_of(relay) != "inet":
            raise ValueError("ip6rd_prefix is an IPv6 prefix, and ip6rd_relay_prefix an IPv4 one")
        known, shared = (int(text.partition("/")[2]) for text in (prefix, relay))
        if known + 32 - shared > 64:
            raise ValueError(f"{prefix} and the {32 - shared} bits of an address are more than the 64 of a network")
        return self
