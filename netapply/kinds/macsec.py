"""MACsec: encrypted Ethernet between neighbours (IEEE 802.1AE; drivers/net/macsec.c, ip-macsec(8)).

The device and its settings; its channels and their keys are made by a key agreement daemon (wpa_supplicant).
Offloading to a device (`ip macsec offload`) is left to it, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from netapply.model.attribute import LINK, SWITCH, Change, Nla, Unit, Value, numbered
from netapply.model.link import Link
from netapply.model.values import LinkName, Mtu, text_of

RECREATE = Change.RECREATE
Cipher = Literal["gcm-aes-128", "gcm-aes-256", "gcm-aes-xpn-128", "gcm-aes-xpn-256"]
CIPHERS: Final = {
    "gcm-aes-128": 0x0080020001000001, "gcm-aes-256": 0x0080C20001000002, "gcm-aes-xpn-128": 0x0080C20001000003,
    "gcm-aes-xpn-256": 0x0080C20001000004,
}  # fmt: skip
"""include/uapi/linux/if_macsec.h; the first has two numbers, of which the kernel answers with this one."""
CIPHER: Final = Unit(
    " | ".join(CIPHERS), to_wire=lambda word: CIPHERS.get(word, word),
    from_wire=lambda number: next((word for word, known in CIPHERS.items() if known == number), number),
)  # fmt: skip
Validation = Literal["disabled", "check", "strict"]
_SCI: Final = re.compile(r"[0-9a-f]{16}")


def channel(value: object) -> str:
    """A secure channel identifier: 16 hexadecimal digits, the MAC address and the port."""
    text = text_of(value).lower().removeprefix("0x")
    if not _SCI.fullmatch(text) or text.endswith("0000"):
        raise ValueError(f"{text!r} is no SCI: 16 hexadecimal digits, a MAC address and a port that is not 0")
    return text


def port_of(sci: Value) -> Value:
    """The kernel tells only the channel; its port stands in the last two bytes."""
    return int(sci[-4:], 16) if isinstance(sci, str) else None


class Macsec(Link):
    """MACsec interface on top of an Ethernet device."""

    kind: ClassVar[str] = "macsec"

    link: Annotated[
        LinkName, Nla("IFLA_LINK", change=RECREATE, unit=LINK), Field(description="the device whose frames it protects")
    ]
    mtu: Annotated[
        Mtu | None,
        Nla("IFLA_MTU", late=True),
        Field(description="largest packet, bytes; that of `link` less 32"),
    ] = None
    sci: Annotated[
        str | None, BeforeValidator(channel), Nla("IFLA_MACSEC_SCI", change=RECREATE, form="hex64"),
        Field(description="secure channel identifier, 16 hexadecimal digits; else the MAC address and `port`"),
    ] = None  # fmt: skip
    port: Annotated[
        int | None, Nla("IFLA_MACSEC_PORT", change=RECREATE, told_by=("sci", port_of)),
        Field(ge=1, le=65535, description="port of the channel; the kernel's own is 1"),
    ] = None  # fmt: skip
    cipher: Annotated[
        Cipher | None, Nla("IFLA_MACSEC_CIPHER_SUITE", change=RECREATE, unit=CIPHER, default="gcm-aes-128"),
        Field(description="cipher suite"),
    ] = None  # fmt: skip
    icvlen: Annotated[
        int | None, Nla("IFLA_MACSEC_ICV_LEN", change=RECREATE, default=16),
        Field(ge=8, le=16, description="integrity check value, bytes"),
    ] = None  # fmt: skip
    encrypt: Annotated[
        bool | None, Nla("IFLA_MACSEC_ENCRYPT", unit=SWITCH, default=False), Field(description="encrypt what is sent")
    ] = None  # fmt: skip
    protect: Annotated[
        bool | None, Nla("IFLA_MACSEC_PROTECT", unit=SWITCH, default=True), Field(description="protect what is sent")
    ] = None  # fmt: skip
    replay: Annotated[
        bool | None, Nla("IFLA_MACSEC_REPLAY_PROTECT", unit=SWITCH, default=False),
        Field(description="refuse what was received before"),
    ] = None  # fmt: skip
    window: Annotated[
        int | None, Nla("IFLA_MACSEC_WINDOW", default=0),
        Field(ge=0, lt=2**30, description="packets that may be out of order where `replay` is on"),
    ] = None  # fmt: skip
    send_sci: Annotated[
        bool | None, Nla("IFLA_MACSEC_INC_SCI", unit=SWITCH, default=True),
        Field(description="send the channel identifier in each frame"),
    ] = None  # fmt: skip
    end_station: Annotated[
        bool | None, Nla("IFLA_MACSEC_ES", unit=SWITCH, default=False), Field(description="set the end station bit")
    ] = None  # fmt: skip
    scb: Annotated[
        bool | None, Nla("IFLA_MACSEC_SCB", unit=SWITCH, default=False),
        Field(description="set the single copy broadcast bit"),
    ] = None  # fmt: skip
    encodingsa: Annotated[
        int | None, Nla("IFLA_MACSEC_ENCODING_SA", default=0),
        Field(ge=0, le=3, description="the association that sends"),
    ] = None  # fmt: skip
    validation: Annotated[
        Validation | None, Nla("IFLA_MACSEC_VALIDATION", unit=numbered(Validation), default="strict"),
        Field(description="what happens to received frames that are not valid"),
    ] = None  # fmt: skip

    @model_validator(mode="before")
    @classmethod
    def _implied(cls, data: Any) -> Any:
        """A channel that is named holds its port; replay protection always has a window."""
        if not isinstance(data, Mapping):
            return data
        implied: dict[str, Value] = {"port": port_of(channel(data["sci"]))} if data.get("sci") is not None else {}
        return {**implied, **({"window": 0} if data.get("replay") else {}), **data}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        """See macsec_validate_attr (drivers/net/macsec.c)."""
        if self.sci is not None and port_of(self.sci) != self.port:
            raise ValueError("sci holds another port; leave port out")
        if self.window and not self.replay:
            raise ValueError("a window needs replay: true")
        if self.send_sci is not False and (self.end_station or self.scb):
            raise ValueError("end_station and scb need send_sci: false")
        if self.end_station and self.scb:
            raise ValueError("end_station and scb exclude each other")
        return self

    @classmethod
    def messages(cls, settings: dict[str, Value], after: dict[str, Value]) -> Iterator[dict[str, Value]]:
        """What the kernel looks at together is said together."""
        for group in (("replay", "window"), ("send_sci", "end_station", "scb")):
            if settings.keys() & set(group):
                settings = {**settings, **{name: after[name] for name in group}}
        yield settings

    @classmethod
    def has(cls, attribute: str, after: dict[str, Value]) -> bool:
        """The port is of interest where the channel has another one, and so is to be named anew."""
        agreed = after.get("sci") is not None and after.get("port") in (None, port_of(after["sci"]))
        return {"sci": agreed, "port": not agreed}.get(attribute, True)

    def references(self) -> Iterator[str]:
        yield from super().references()
        yield self.link
