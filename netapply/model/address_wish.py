"""An address as a mapping of the native file: what a plain `ADDRESS/LENGTH` does not say (ip-address(8))."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_interface
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from netapply.model.addressing import ADDRESS_FLAGS, FOREVER, SCOPES, address_key
from netapply.model.attribute import Value
from netapply.model.resource import Resource
from netapply.model.values import address_with_prefix, family_of, ip_address, text_of, whole_seconds

_ONLY_IPV4: Final = ("broadcast", "label", "scope")
_ONLY_IPV6: Final = ("nodad", "optimistic", "home", "mngtmpaddr")


def lifetime(value: object) -> int:
    """`forever`, or a duration; the largest number is the kernel's word for for ever."""
    if text_of(value) in ("forever", "infinity"):
        return FOREVER
    seconds = whole_seconds(value)
    if seconds >= FOREVER:
        raise ValueError(f"{text_of(value)!r} is too long; write forever")
    return seconds


def address_scope(value: object) -> str:
    """A scope by its word or number, as rt_scopes(5) has them."""
    text = text_of(value)
    if text in SCOPES.values():
        return text
    if not (text.isascii() and text.isdecimal() and int(text) < 256):
        raise ValueError(f"{text!r} is no scope: {', '.join(SCOPES.values())}, or a number up to 255")
    return SCOPES.get(int(text), str(int(text)))


def broadcast_address(value: object) -> str:
    """An address, or `auto` for the last one of the subnet."""
    return "auto" if text_of(value) in ("auto", "+") else ip_address(value)


def label_text(value: object) -> str:
    """At most 15 bytes; the link's name begins it, which is checked where the link is known."""
    text = text_of(value)
    if not text or len(text.encode()) > 15 or not text.isprintable() or " " in text:
        raise ValueError(f"{text!r} is no label: 1 to 15 bytes without blanks, like eno1:web")
    return text


Lifetime = Annotated[int, BeforeValidator(lifetime, json_schema_input_type=int | str)]


class AddressWish(BaseModel):
    """What is not said is left to the kernel, and as it is found."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    address: Annotated[str, BeforeValidator(address_with_prefix), Field(description="address and length of its prefix")]
    peer: Annotated[
        Annotated[str, BeforeValidator(ip_address)] | None,
        Field(description="the other end of a point-to-point link; the length is then that of its prefix"),
    ] = None
    broadcast: Annotated[
        Annotated[str, BeforeValidator(broadcast_address)] | None,
        Field(description="broadcast address, or auto for the subnet's last (IPv4)"),
    ] = None
    label: Annotated[
        Annotated[str, BeforeValidator(label_text)] | None,
        Field(description="name for ifconfig, beginning with the link's (IPv4)"),
    ] = None
    scope: Annotated[
        Annotated[str, BeforeValidator(address_scope)] | None,
        Field(description="global, site, link, host, or a number (IPv4)"),
    ] = None
    metric: Annotated[int | None, Field(ge=1, lt=2**32, description="of the route to the subnet")] = None
    valid: Annotated[Lifetime | None, Field(description="lifetime, after which it goes; forever")] = None
    preferred: Annotated[
        Lifetime | None, Field(description="how long new connections use it; 0 for never (deprecated), forever")
    ] = None
    noprefixroute: Annotated[bool | None, Field(description="no route to the subnet")] = None
    nodad: Annotated[bool | None, Field(description="without duplicate address detection (IPv6)")] = None
    optimistic: Annotated[bool | None, Field(description="used before the detection is done (IPv6)")] = None
    home: Annotated[bool | None, Field(description="home address of Mobile IPv6 (RFC 6275)")] = None
    mngtmpaddr: Annotated[
        bool | None, Field(description="the kernel makes temporary addresses beside it (IPv6, RFC 8981)")
    ] = None
    autojoin: Annotated[bool | None, Field(description="join the group that the address is")] = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for reason in (*self._refusals_of_family(), *self._refusals()):
            raise ValueError(reason)
        return self

    def _refusals_of_family(self) -> Iterator[str]:
        inet6 = family_of(self.address) == "inet6"
        wrong = [name for name in (_ONLY_IPV4 if inet6 else _ONLY_IPV6) if getattr(self, name) is not None]
        if wrong:
            yield f"an {'IPv6' if inet6 else 'IPv4'} address has no {wrong[0]}; leave it out"
        for name in ("peer", "broadcast"):
            value = getattr(self, name)
            if value not in (None, "auto") and family_of(value) != family_of(self.address):
                yield f"its {name} is of the other family"

    def _refusals(self) -> Iterator[str]:
        """See net/ipv4/devinet.c, rtm_to_ifaddr, and net/ipv6/addrconf.c, inet6_rtm_newaddr."""
        if self.valid == 0:
            yield "an address that is valid for 0 s is none; leave it out of the list"
        if self.preferred is not None and self.preferred > (FOREVER if self.valid is None else self.valid):
            yield "it cannot be preferred for longer than it is valid"
        if self.valid not in (None, FOREVER) and self.preferred is None:
            yield "a valid lifetime needs a preferred one, at most as long; add preferred"
        if self.mngtmpaddr and not self.address.endswith("/64"):
            yield "temporary addresses need a prefix of 64 bits"
        group = ip_interface(self.address).is_multicast
        if group != bool(self.autojoin):
            yield (
                "only a group is joined; autojoin belongs to a multicast address"
                if self.autojoin
                else ("a link has a multicast address only to join the group; add autojoin: true")
            )
        if self.broadcast == "auto" and ip_interface(self.address).network.prefixlen > 30:
            yield "so small a subnet has no broadcast address; leave broadcast out"

    def resource(self, link: str) -> Resource:
        """The wish for it on a link."""
        attributes: dict[str, Value] = {
            name: getattr(self, name)
            for name in ("peer", "label", "scope", "metric")
            if getattr(self, name) is not None
        }
        if self.broadcast:
            last = str(ip_interface(self.address).network.broadcast_address)
            attributes["broadcast"] = last if self.broadcast == "auto" else self.broadcast
        if self.valid is not None or self.preferred is not None:
            valid = FOREVER if self.valid is None else self.valid
            preferred = valid if self.preferred is None else self.preferred
            attributes["lifetimes"] = None if (preferred, valid) == (FOREVER, FOREVER) else (preferred, valid)
        if any(getattr(self, name) is not None for name in ADDRESS_FLAGS):
            attributes["flags"] = tuple(name for name in ADDRESS_FLAGS if getattr(self, name))
        if self.optimistic:
            attributes["optimistic"] = True
        return Resource(address_key(link, self.address), "address", attributes)


def said_of(resource: Resource) -> dict[str, Any]:
    """An observed address as such a mapping; what the kernel gives by itself is left out."""
    link, address = resource.key[1:3]
    seen = resource.attributes
    said: dict[str, Any] = {"address": address}
    said |= {name: seen[name] for name in ("peer", "broadcast", "metric") if seen.get(name) is not None}
    if (seen.get("label") or "").startswith(link):
        said["label"] = seen["label"]
    if ":" not in address and seen.get("scope") not in (None, "host" if address.startswith("127.") else "global"):
        said["scope"] = seen["scope"]
    if seen.get("lifetimes"):
        preferred, valid = seen["lifetimes"]
        said |= {"valid": _lifetime_text(valid), "preferred": _lifetime_text(preferred)}
    return said | dict.fromkeys(seen.get("flags") or (), True)


def _lifetime_text(seconds: int) -> int | str:
    return "forever" if seconds == FOREVER else seconds
