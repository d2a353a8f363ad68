"""GENEVE: Ethernet frames in UDP (RFC 8926; drivers/net/geneve.c)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from netapply.model.attribute import SWITCH, Change, Nla, Value, choice
from netapply.model.link import Link
from netapply.model.tunnel import NUMBER_OR_NONE, one_ttl
from netapply.model.values import IpAddress

RECREATE = Change.RECREATE
DF = choice(unset=0, set=1, inherit=2)


class Geneve(Link):
    """GENEVE tunnel endpoint."""

    kind: ClassVar[str] = "geneve"

    vni: Annotated[
        int | None, Field(ge=1, lt=2**24, description="virtual network identifier, unless `external`"),
        Nla("IFLA_GENEVE_ID", change=RECREATE, unit=NUMBER_OR_NONE),
    ] = None  # fmt: skip
    remote: Annotated[
        IpAddress | None, Nla("IFLA_GENEVE_REMOTE", name6="IFLA_GENEVE_REMOTE6"),
        Field(description="the other endpoint, unless `external`"),
    ] = None  # fmt: skip
    port: Annotated[
        int | None, Field(ge=1, le=65535, description="UDP destination port"),
        Nla("IFLA_GENEVE_PORT", change=RECREATE, default=6081),
    ] = None  # fmt: skip
    ttl: Annotated[
        int | None, Field(ge=0, le=255, description="of the outer packet; 0: the kernel chooses"),
        Nla("IFLA_GENEVE_TTL", default=0),
    ] = None  # fmt: skip
    ttl_inherit: Annotated[
        bool | None, Nla("IFLA_GENEVE_TTL_INHERIT", unit=SWITCH, default=False),
        Field(description="take the ttl of the packet inside"),
    ] = None  # fmt: skip
    tos: Annotated[
        int | None, Field(ge=0, le=255, description="of the outer packet; 1: inherit"),
        Nla("IFLA_GENEVE_TOS", default=0),
    ] = None  # fmt: skip
    label: Annotated[
        int | None, Field(ge=0, lt=2**20, description="IPv6 flow label of the outer packet"),
        Nla("IFLA_GENEVE_LABEL", default=0),
    ] = None  # fmt: skip
    df: Annotated[
        Literal["unset", "set", "inherit"] | None, Nla("IFLA_GENEVE_DF", unit=DF, default="unset"),
        Field(description="don't fragment, of the outer packet"),
    ] = None  # fmt: skip
    udp_csum: Annotated[
        bool | None, Nla("IFLA_GENEVE_UDP_CSUM", change=RECREATE, unit=SWITCH, default=False),
        Field(description="UDP checksum over IPv4"),
    ] = None  # fmt: skip
    udp_zero_csum6_tx: Annotated[
        bool | None, Nla("IFLA_GENEVE_UDP_ZERO_CSUM6_TX", change=RECREATE, unit=SWITCH, default=False),
        Field(description="send without UDP checksum over IPv6"),
    ] = None  # fmt: skip
    udp_zero_csum6_rx: Annotated[
        bool | None, Nla("IFLA_GENEVE_UDP_ZERO_CSUM6_RX", change=RECREATE, unit=SWITCH, default=False),
        Field(description="accept packets without UDP checksum over IPv6"),
    ] = None  # fmt: skip
    inner_proto_inherit: Annotated[
        bool | None,
        Nla("IFLA_GENEVE_INNER_PROTO_INHERIT", change=RECREATE, unit=SWITCH, default=False, form="presence"),
        Field(description="carry bare IP packets, not only frames; needs `external`"),
    ] = None
    external: Annotated[
        bool | None,
        Nla("IFLA_GENEVE_COLLECT_METADATA", change=RECREATE, unit=SWITCH, default=False, form="presence"),
        Field(description="VNI and endpoints come with each packet (routes, tc)"),
    ] = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        """See geneve_nl2info (drivers/net/geneve.c)."""
        one_ttl(self.ttl, self.ttl_inherit)
        if self.external and (self.vni is not None or self.remote is not None):
            raise ValueError("an external geneve has no vni and no remote of its own; leave them out, or external")
        if not self.external and (self.vni is None or self.remote is None):
            raise ValueError("a geneve needs a vni and a remote, unless it is external")
        if self.label and ":" not in (self.remote or ":"):
            raise ValueError("a flow label needs an IPv6 remote")
        if self.inner_proto_inherit and not self.external:
            raise ValueError("inner_proto_inherit needs external: true")
        self._refuse_checksums()
        return self

    @classmethod
    def has(cls, attribute: str, after: dict[str, Value]) -> bool:
        """What comes with each packet is nothing of the device, and a checksum is of one IP version."""
        remote = after.get("remote") or ""
        if attribute == "udp_zero_csum6_rx":
            return bool(after.get("external")) or ":" in remote
        if attribute in ("udp_csum", "udp_zero_csum6_tx"):
            return not after.get("external") and (":" in remote) is (attribute != "udp_csum")
        return attribute not in ("vni", "remote") or not after.get("external")

    def _refuse_checksums(self) -> None:
        """What is for the other IP version is not kept."""
        if self.udp_csum is not None and (self.external or ":" in (self.remote or "")):
            raise ValueError("udp_csum is for an IPv4 remote")
        if self.udp_zero_csum6_tx is not None and ":" not in (self.remote or ""):
            raise ValueError("udp_zero_csum6_tx needs an IPv6 remote")
        if self.udp_zero_csum6_rx is not None and not self.external and ":" not in (self.remote or ""):
            raise ValueError("udp_zero_csum6_rx needs an IPv6 remote, or external: true")
