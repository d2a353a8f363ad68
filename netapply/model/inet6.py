"""How a link makes itself IPv6 addresses (include/uapi/linux/if_link.h, IFLA_INET6_*; net/ipv6/addrconf.c)."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import Annotated, ClassVar, Final, Literal

from pydantic import AfterValidator, Field

from netapply.model.attribute import Nla, numbered
from netapply.model.part import Part
from netapply.model.values import IpAddress

Mode = Literal["eui64", "none", "stable_secret", "random"]
INTERFACE_IDENTIFIER: Final = 2**64


def interface_identifier(address: str) -> str:
    """The lower half of an address, as `ip token` takes it: `::53`."""
    if ":" not in address or not 0 < int(IPv6Address(address)) < INTERFACE_IDENTIFIER:
        raise ValueError(f"{address} is no token: the lower 64 bits of an IPv6 address are, like ::53")
    return address


class Inet6(Part):
    """IPv6 of a link. What is here takes effect with the next address: one that the link has already stays."""

    family: ClassVar[str] = "inet6"

    addrgen: Annotated[
        Mode | None, Nla("IFLA_INET6_ADDR_GEN_MODE", unit=numbered(Mode), default="eui64"),
        Field(description="how the lower half of an address is made; none: no link-local address"),
    ] = None  # fmt: skip
    token: Annotated[
        Annotated[IpAddress, AfterValidator(interface_identifier)] | None, Nla("IFLA_INET6_TOKEN", default=None),
        Field(description="the lower half of addresses from router advertisements"),
    ] = None  # fmt: skip
