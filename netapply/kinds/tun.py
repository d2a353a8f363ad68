"""tun, tap: a device whose other side is a program, such as a guest or a VPN (Documentation/networking/tuntap.rst).

The kernel makes them through /dev/net/tun only, and changes nothing of them afterwards. One that is persistent
stays without the program; those of guests come and go with them and are nobody's business here.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from netapply.model.attribute import SWITCH, Change, Nla, Unit, Value, choice
from netapply.model.link import Link

RECREATE = Change.RECREATE
NUMBER = Unit("number", empty=2**32 - 1)
"""Of a user, or of a group of users; what stands for nobody is told where there is none."""


class Tun(Link):
    """A persistent tun (packets) or tap (frames) device."""

    kind: ClassVar[str] = "tun"

    mode: Annotated[
        Literal["tun", "tap"], Nla("IFLA_TUN_TYPE", change=RECREATE, unit=choice(tun=1, tap=2)),
        Field(description="packets (tun) or Ethernet frames (tap)"),
    ]  # fmt: skip
    owner: Annotated[
        int | None, Nla("IFLA_TUN_OWNER", change=RECREATE, unit=NUMBER, default=None),
        Field(ge=0, lt=2**32 - 1, description="number of the user who may use it; none: administrators only"),
    ] = None  # fmt: skip
    user_group: Annotated[
        int | None, Nla("IFLA_TUN_GROUP", change=RECREATE, unit=NUMBER, default=None),
        Field(ge=0, lt=2**32 - 1, description="number of the group of users who may use it"),
    ] = None  # fmt: skip
    pi: Annotated[
        bool | None, Nla("IFLA_TUN_PI", change=RECREATE, unit=SWITCH, default=False),
        Field(description="four bytes of information before each packet"),
    ] = None  # fmt: skip
    vnet_hdr: Annotated[
        bool | None, Nla("IFLA_TUN_VNET_HDR", change=RECREATE, unit=SWITCH, default=False),
        Field(description="a virtio header before each packet, so that checksums and cutting may be left to others"),
    ] = None  # fmt: skip
    multi_queue: Annotated[
        bool | None, Nla("IFLA_TUN_MULTI_QUEUE", change=RECREATE, unit=SWITCH, default=False),
        Field(description="the program may open it several times"),
    ] = None  # fmt: skip

    @classmethod
    def has(cls, attribute: str, after: dict[str, Value]) -> bool:
        return attribute not in ("mac", "master") or after.get("mode") == "tap"

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.mode == "tun" and self.mac is not None:
            raise ValueError("a tun carries packets and has no mac; use mode tap, or leave mac out")
        if self.mode == "tun" and self.master is not None:
            raise ValueError("a tun carries no frames and can be no port; use mode tap")
        return self
