"""macvlan: a link with its own MAC address on top of another (drivers/net/macvlan.c)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from netapply.model.attribute import LINK, Change, Nla, choice
from netapply.model.link import Link
from netapply.model.values import LinkName

MODE = choice(private=1, vepa=2, bridge=4, passthru=8, source=16)


class Macvlan(Link):
    """A link with a MAC address of its own; its lower device can then be in no bridge or bond."""

    kind: ClassVar[str] = "macvlan"

    link: Annotated[
        LinkName, Nla("IFLA_LINK", change=Change.RECREATE, unit=LINK), Field(description="the lower device")
    ]
    mode: Annotated[
        Literal["private", "vepa", "bridge", "passthru", "source"] | None,
        Nla("IFLA_MACVLAN_MODE", unit=MODE, default="vepa", at_birth=("passthru",), for_good=("passthru",)),
        Field(description="who may talk to whom"),
    ] = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.mode == "passthru" and self.mac is not None:
            raise ValueError(f"a macvlan that passes through has the MAC address of {self.link}; set it there")
        return self

    def references(self) -> Iterator[str]:
        yield from super().references()
        yield self.link
