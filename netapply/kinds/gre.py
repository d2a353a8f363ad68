"""GRE: IP packets in IPv4 (RFC 2784; net/ipv4/ip_gre.c)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from netapply.model.attribute import SWITCH, Nla
from netapply.model.endpoints import OneTunnel
from netapply.model.gre_keys import GreHeader, refuse_fragments
from netapply.model.tunnel import INET_OR_NONE, Delivering, Encapsulated, External, Inet, Layer3, sort_of_endpoint


class Gre(Layer3, OneTunnel, External, Encapsulated, GreHeader, Delivering):
    """GRE tunnel over IPv4 for IP packets."""

    kind: ClassVar[str] = "gre"

    remote: Annotated[
        Inet | None, Nla("IFLA_IPTUN_REMOTE", unit=INET_OR_NONE, default=None, apart=sort_of_endpoint),
        Field(description="the other endpoint, or a multicast group (which needs `local`)"),
    ] = None  # fmt: skip
    ignore_df: Annotated[
        bool | None, Nla("IFLA_GRE_IGNORE_DF", unit=SWITCH, default=False),
        Field(description="fragment in spite of don't fragment; needs `pmtudisc: false`"),
    ] = None  # fmt: skip

    @model_validator(mode="after")
    def _possible(self) -> Self:
        """See ipgre_tunnel_init (net/ipv4/ip_gre.c)."""
        if sort_of_endpoint(self.remote) == "group" and self.local is None:
            raise ValueError("a gre to a multicast group needs a local address")
        refuse_fragments(self.ignore_df, self.pmtudisc)
        return self
