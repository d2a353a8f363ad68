"""What WireGuard is told beside its link: its own key and port, and its peers (include/uapi/linux/wireguard.h, wg(8)).

Keys come from files and never appear anywhere else: the attribute `public_key` stands for a device's private key,
and a digest for a preshared key (`model.keyring`). In the desired state as it is read, a value that begins with
`file:` is a key file that nobody has read yet.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Annotated, Any, ClassVar, Final, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from netapply.model.attribute import SECONDS, Change, Nla
from netapply.model.part import Part
from netapply.model.resource import Resource
from netapply.model.values import Network, Seconds, ip_address, text_of

KEY_SIZE: Final = 32
FROM_FILE: Final = "file:"
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{32}")
_ENDPOINT: Final = re.compile(r"(?:\[(?P<inet6>[^]]+)\]|(?P<inet>[^:]+)):(?P<port>[0-9]{1,5})")


def key_bytes(text: str) -> bytes | None:
    """The 32 bytes of a key in base64; None where it is no key."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if len(raw) == KEY_SIZE else None


def public_key(value: object) -> str:
    """A public key, as `wg pubkey` prints it."""
    text = text_of(value).strip()
    raw = key_bytes(text)
    if raw is None or not any(raw):
        raise ValueError("this is no public key: 32 bytes in base64, as `wg pubkey` prints them")
    return base64.b64encode(raw).decode()


def key_file(value: object) -> str:
    """An absolute path; a key itself is refused without being repeated."""
    text = text_of(value)
    if key_bytes(text.strip()) is not None:
        raise ValueError("a key does not belong in this file; put it in a file of its own and name that here")
    if not text.startswith("/") or not text.isprintable():
        raise ValueError(f"{text!r} is no absolute path; write it like /etc/wireguard/wg0.key")
    return text


def endpoint(value: object) -> str:
    """`192.0.2.1:51820` or `[2001:db8::1]:51820`. No host names: the answer would not be the file's."""
    text = text_of(value).strip()
    match = _ENDPOINT.fullmatch(text)
    port = int(match["port"]) if match else 0
    if match is None or not 1 <= port <= 65535:
        raise ValueError(f"{text!r} is no endpoint; write it like 192.0.2.1:51820 or [2001:db8::1]:51820")
    address = ip_address(match["inet6"] or match["inet"])
    if (":" in address) is not bool(match["inet6"]):
        raise ValueError(f"{text!r} is no endpoint; an IPv6 address stands in brackets, and only that")
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def sorted_networks(networks: Any) -> tuple[str, ...]:
    """The same networks in the order in which they are compared."""
    return tuple(sorted(set(networks), key=_place))


def _place(text: str) -> tuple[int, int, int]:
    network = ip_network(text)
    return network.version, int(network.network_address), network.prefixlen


def allowed_networks(value: Any) -> Any:
    """Networks that a peer may send from; `default` is not one, because it does not say of which family."""
    items = value if isinstance(value, list | tuple) else [value]
    if any(str(item) == "default" for item in items):
        raise ValueError("write 0.0.0.0/0 or ::/0; default does not say which")
    return items


def digest(value: object) -> str:
    """How a preshared key is called without being told."""
    text = text_of(value)
    if not _DIGEST.fullmatch(text):
        raise ValueError("this is no digest of a key (sha256:…); name the key's file in preshared_key_file")
    return text


PublicKey = Annotated[str, BeforeValidator(public_key)]
KeyFile = Annotated[str, BeforeValidator(key_file)]
Endpoint = Annotated[str, BeforeValidator(endpoint)]


class WireguardDevice(BaseModel):
    """The table of a device's own settings; in a file they stand at the link."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    public_key: Annotated[
        str | None, Nla("WGDEVICE_A_PRIVATE_KEY", change=Change.FLAP, default=None),
        Field(description="of the private key"),
    ] = None  # fmt: skip
    listen_port: Annotated[
        int | None, Nla("WGDEVICE_A_LISTEN_PORT", change=Change.FLAP),
        Field(ge=1, le=65535, description="UDP port; the kernel chooses one where none is given"),
    ] = None  # fmt: skip
    fwmark: Annotated[
        int | None, Nla("WGDEVICE_A_FWMARK", default=0),
        Field(ge=0, lt=2**32, description="firewall mark of the outer packets; 0: none"),
    ] = None  # fmt: skip


class Peer(Part):
    """A peer of a WireGuard link, told from others by its public key."""

    family: ClassVar[str] = "wireguard_peer"

    public_key: PublicKey = Field(description="the peer's public key")
    preshared_key_file: KeyFile | None = Field(
        default=None, description="file with a symmetric key, as `wg genpsk` makes it"
    )
    preshared_key: Annotated[
        str | None, BeforeValidator(digest), Nla("WGPEER_A_PRESHARED_KEY", change=Change.FLAP, default=None),
        Field(description="digest of the key that the kernel has, as `show` prints it: that one stays"),
    ] = None  # fmt: skip
    endpoint: Annotated[
        Endpoint | None, Nla("WGPEER_A_ENDPOINT", default=None, at_birth=(None,)),
        Field(description="address:port to send to; leave it out for a peer that roams"),
    ] = None  # fmt: skip
    allowed_ips: Annotated[
        tuple[Network, ...], BeforeValidator(allowed_networks, json_schema_input_type=list[str]),
        Nla("WGPEER_A_ALLOWEDIPS", default=()),
        Field(description="networks that are behind the peer"),
    ] = ()  # fmt: skip
    persistent_keepalive: Annotated[
        Seconds | None, Nla("WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL", unit=SECONDS, default=0),
        Field(ge=0, le=65535, description="send something at least so often; 0: only what there is to send"),
    ] = None  # fmt: skip

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if self.preshared_key is not None and self.preshared_key_file is not None:
            raise ValueError("preshared_key names the key that is there, preshared_key_file another; leave one out")
        return self

    def identity(self) -> tuple[str, ...]:
        return (self.public_key,)

    def resources(self, link: str) -> Iterator[Resource]:
        for resource in super().resources(link):
            if self.preshared_key_file is not None:
                resource.attributes["preshared_key"] = FROM_FILE + self.preshared_key_file
            resource.attributes["allowed_ips"] = sorted_networks(self.allowed_ips)
            yield resource

    @classmethod
    def said(cls, resource: Resource) -> dict[str, Any] | None:
        return {"public_key": resource.key[2], **(super().said(resource) or {})}
