"""A proxy neighbour: an address for which this host answers on a link (ip-neighbour(8), RFC 1027, RFC 4389).

IPv4: the host answers where it forwards on the link, and its route to the address leads out of another one.
IPv6: it answers where `ipv6.proxy_ndp` and forwarding are on (net/ipv6/ndisc.c, ndisc_recv_ns).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, model_validator

from netapply.model.attribute import FLAG, Nla
from netapply.model.neighbour import DAEMONS, host_address
from netapply.model.part import Part
from netapply.model.resource import Resource


class ProxyNeighbour(Part):
    """One address; written as a mapping, or as nothing but the address."""

    family: ClassVar[str] = "proxy_neighbour"

    to: Annotated[str, BeforeValidator(host_address), Field(description="address that the host answers for")]
    router: Annotated[
        bool | None, Nla("NTF_ROUTER", unit=FLAG, default=None), Field(description="answer as a router does (IPv6)")
    ] = None

    @model_validator(mode="before")
    @classmethod
    def _from_address(cls, value: Any) -> Any:
        return {"to": value} if isinstance(value, str) else value

    def identity(self) -> tuple[str, ...]:
        return (self.to,)

    def resources(self, link: str) -> Iterator[Resource]:
        yield Resource((self.family, link, self.to), self.family, {"router": self.router or None})

    @classmethod
    def said(cls, resource: Resource) -> dict[str, Any] | None:
        """What a routing daemon has put there is the daemon's."""
        if resource.attributes["protocol"] in DAEMONS:
            return None
        return {"to": resource.key[2], **(super().said(resource) or {})}
