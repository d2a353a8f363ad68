"""macvlan: a link with its own MAC address on top of another (drivers/net/macvlan.c)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from netapply.model.attribute import LINK, Change, Nla, Value, choice, several
from netapply.model.carrier import ProtoDown
from netapply.model.queues import Queued
from netapply.model.values import LinkName, Mac

MODE = choice(private=1, vepa=2, bridge=4, passthru=8, source=16)
FLAGS = several(nopromisc=1, nodst=2)
SET_ALL: Final = 3
"""MACVLAN_MACADDR_SET: the list in the message takes the place of the former one."""


def _once(items: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Each once, in the order in which they are read back."""
    return tuple(sorted(set(items or ()))) or None


def _flags(items: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return tuple(word for word in ("nopromisc", "nodst") if word in (items or ())) or None


class Macvlan(Queued):
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
    flags: Annotated[
        Annotated[tuple[Literal["nopromisc", "nodst"], ...] | None, AfterValidator(_flags)],
        Nla("IFLA_MACVLAN_FLAGS", unit=FLAGS, default=None),
        Field(description="nopromisc: leave the lower device of passthru as it is; nodst: do not look for the target"),
    ] = None
    sources: Annotated[
        Annotated[tuple[Mac, ...] | None, AfterValidator(_once)],
        Nla(
            "IFLA_MACVLAN_MACADDR_DATA", form="mac list", default=None,
            alongside=(("IFLA_MACVLAN_MACADDR_MODE", SET_ALL),),
        ),
        Field(description="MAC addresses whose packets a link in mode source gets"),
    ] = None  # fmt: skip
    bc_queue_len: Annotated[
        int | None, Nla("IFLA_MACVLAN_BC_QUEUE_LEN", default=1000),
        Field(ge=0, lt=2**32, description="broadcasts that wait, packets; the largest on the lower device counts"),
    ] = None  # fmt: skip

    protodown: ProtoDown = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.mode == "passthru" and self.mac is not None:
            raise ValueError(f"a {self.kind} that passes through has the MAC address of {self.link}; set it there")
        if self.sources and self.mode != "source":
            raise ValueError("sources need mode source")
        if self.flags and "nopromisc" in self.flags and self.mode != "passthru":
            raise ValueError("the flag nopromisc needs mode passthru")
        return self

    def references(self) -> Iterator[str]:
        yield from super().references()
        yield self.link

    @classmethod
    def messages(cls, settings: dict[str, Value], after: dict[str, Value]) -> Iterator[dict[str, Value]]:
        """Its list of sources can only be emptied while it is in that mode (macvlan_changelink)."""
        leaves = "sources" in settings and settings.get("mode", "source") != "source"
        if leaves:
            yield {"sources": settings["sources"]}
        yield {name: value for name, value in settings.items() if not leaves or name != "sources"}
