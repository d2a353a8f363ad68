"""VRF: a routing table of its own for a set of links (Documentation/networking/vrf.rst, drivers/net/vrf.c)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final

from pydantic import BeforeValidator, Field, field_validator

from netapply.model.attribute import Change, Nla
from netapply.model.link import Link
from netapply.model.route import table_number
from netapply.model.routing import TABLES
from netapply.model.values import LinkName
from netapply.tables import AUTO

IPV6_MIN_MTU: Final = 1280
"""The smallest that the driver takes (vrf_setup)."""


def vrf_table(value: object) -> int | str:
    """A table that is not the host's own; `auto` stays a word until the tables in use are known."""
    if value == AUTO:
        return AUTO
    table = table_number(value)
    for name, number in TABLES.items():
        if table == number:
            raise ValueError(f"table {name} is the host's own; give the VRF one for itself, or auto")
    return table


VrfTable = Annotated[int | str, BeforeValidator(vrf_table, json_schema_input_type=int | str)]


class Vrf(Link):
    """VRF device; the table is immutable in the kernel. Links enter and leave it with a short gap."""

    kind: ClassVar[str] = "vrf"
    lacks: ClassVar[frozenset[str]] = frozenset({"master"})

    ports: tuple[LinkName, ...] = Field(default=(), description="links whose traffic is routed by this VRF")
    table: Annotated[
        VrfTable, Nla("IFLA_VRF_TABLE", change=Change.RECREATE),
        Field(description="routing table of its own; auto: the first free one from 1001"),
    ]  # fmt: skip

    @field_validator("mtu")
    @classmethod
    def _has_ipv6(cls, mtu: int | None) -> int | None:
        if mtu is not None and mtu < IPV6_MIN_MTU:
            raise ValueError(f"a VRF has an mtu of at least {IPV6_MIN_MTU} bytes")
        return mtu

    def ports_of(self) -> tuple[str, ...]:
        return self.ports
