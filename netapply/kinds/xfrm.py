"""XFRM interfaces: IPsec with a device, bound to policies by a number (net/xfrm/xfrm_interface_core.c)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from netapply.model.attribute import LINK, SWITCH, Change, Nla, Value
from netapply.model.tunnel import NUMBER_OR_NONE, Layer3, everything
from netapply.model.values import LinkName

RECREATE = Change.RECREATE


class Xfrm(Layer3):
    """XFRM interface; policies and states name it by `if_id`."""

    kind: ClassVar[str] = "xfrm"
    whole: ClassVar[bool] = True
    outlives_dev: ClassVar[bool] = True

    if_id: Annotated[
        int | None, Field(ge=1, lt=2**32, description="number in policies and states, unless `external`"),
        Nla("IFLA_XFRM_IF_ID", unit=NUMBER_OR_NONE),
    ] = None  # fmt: skip
    dev: Annotated[
        LinkName | None, Nla("IFLA_XFRM_LINK", change=RECREATE, unit=LINK, default=None),
        Field(description="the underlay device that it is bound to"),
    ] = None  # fmt: skip
    external: Annotated[
        bool | None,
        Nla("IFLA_XFRM_COLLECT_METADATA", change=RECREATE, unit=SWITCH, default=False, form="presence"),
        Field(description="the number comes with each packet"),
    ] = None

    @model_validator(mode="after")
    def _one_number(self) -> Self:
        if (self.if_id is None) is not bool(self.external):
            raise ValueError("an xfrm needs an if_id, or external: true, and not both")
        return self

    @classmethod
    def messages(cls, settings: dict[str, Value], after: dict[str, Value]) -> Iterator[dict[str, Value]]:
        """With the device: without, the kernel takes it for another one and refuses (xfrmi_change)."""
        yield everything(cls, settings, after)

    @classmethod
    def has(cls, attribute: str, after: dict[str, Value]) -> bool:
        """What comes with each packet is nothing of the device."""
        return attribute not in ("if_id",) or not after.get("external")

    def references(self) -> Iterator[str]:
        yield from super().references()
        if self.dev:
            yield self.dev
