"""A static neighbour: the link-layer address of an IP address, by hand (ip-neighbour(8), RFC 826, RFC 4861)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from netapply.model.attribute import FLAG, Nla
from netapply.model.part import Part
from netapply.model.resource import Resource
from netapply.model.routing import DYNAMIC, PROTOCOLS
from netapply.model.values import hardware_address, ip_address, text_of

DAEMONS: frozenset[int] = frozenset(PROTOCOLS[word] for word in DYNAMIC)


def host_address(value: object) -> str:
    """The address of one host: neither a group nor all zeros."""
    address = ip_address(value)
    first = int(address.partition(":")[0] or "0", 16) if ":" in address else int(address.partition(".")[0])
    if address in ("0.0.0.0", "::") or (first >= 0xFF00 if ":" in address else first >= 224):
        raise ValueError(f"{address} is no address of a neighbour; name one host")
    return address


def link_layer_address(value: object) -> str:
    """A MAC address, or the outer address of the far end of a tunnel that has no fixed one (GRE)."""
    text = text_of(value)
    if text.count(":") == 5 or "-" in text:
        return hardware_address(text)
    try:
        return host_address(text)
    except ValueError:
        raise ValueError(f"{text!r} is no link-layer address; write a MAC address like 02:00:5e:10:00:01") from None


class Neighbour(Part):
    """One static neighbour. What the kernel resolves by itself is nobody's wish."""

    family: ClassVar[str] = "neighbour"

    to: Annotated[str, BeforeValidator(host_address), Field(description="IP address of the neighbour")]
    mac: Annotated[
        str, BeforeValidator(link_layer_address), Nla("NDA_LLADDR"),
        Field(description="its MAC address; behind a GRE tunnel without remote, its outer IP address"),
    ]  # fmt: skip
    state: Annotated[
        Literal["permanent", "noarp"], Nla("NDM_STATE"),
        Field(description="permanent stays; noarp may be forgotten like a resolved one when the table is full, "
        "or the carrier goes"),
    ] = "permanent"  # fmt: skip
    router: Annotated[
        bool | None, Nla("NTF_ROUTER", unit=FLAG, default=None), Field(description="the neighbour is a router (IPv6)")
    ] = None
    extern_learn: Annotated[
        bool | None, Nla("NTF_EXT_LEARNED", unit=FLAG, default=None),
        Field(description="marked as a control plane's"),
    ] = None  # fmt: skip

    def identity(self) -> tuple[str, ...]:
        return (self.to,)

    def resources(self, link: str) -> Iterator[Resource]:
        """Whole: a flag that is not said is not set."""
        for resource in super().resources(link):
            flags = {name: getattr(self, name) or None for name in ("router", "extern_learn")}
            yield Resource(resource.key, self.family, {**resource.attributes, **flags})

    @classmethod
    def said(cls, resource: Resource) -> dict[str, Any] | None:
        """What a routing daemon has put there is the daemon's."""
        if resource.attributes["protocol"] in DAEMONS:
            return None
        said = super().said(resource) or {}
        if said.get("state") == "permanent":
            del said["state"]
        return {"to": resource.key[2], **said}
