"""GRETAP: Ethernet frames in GRE over IPv4 (net/ipv4/ip_gre.c)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from netapply.model.attribute import SWITCH, Nla
from netapply.model.endpoints import OneTunnel
from netapply.model.gre_keys import GreHeader, refuse_fragments
from netapply.model.tunnel import INET_OR_NONE, Delivering, Encapsulated, External, Inet


class Gretap(OneTunnel, External, Encapsulated, GreHeader, Delivering):
    """GRE tunnel over IPv4 for Ethernet frames; it can be a port of a bridge."""

    kind: ClassVar[str] = "gretap"

    remote: Annotated[
        Inet | None, Nla("IFLA_IPTUN_REMOTE", unit=INET_OR_NONE, default=None),
        Field(description="the other endpoint, or a multicast group"),
    ] = None  # fmt: skip
    ignore_df: Annotated[
        bool | None, Nla("IFLA_GRE_IGNORE_DF", unit=SWITCH, default=False),
        Field(description="fragment in spite of don't fragment; needs `pmtudisc: false`"),
    ] = None  # fmt: skip

    @model_validator(mode="after")
    def _possible(self) -> Self:
        refuse_fragments(self.ignore_df, self.pmtudisc)
        return self
