"""VTI's keys: the marks by which IPsec policies and states find the device."""

from __future__ import annotations

from typing import Annotated, Any, Final, Self

from pydantic import Field, model_validator

from netapply.model.attribute import Nla
from netapply.model.gre_keys import for_both
from netapply.model.link import Link
from netapply.model.tunnel import NUMBER_OR_NONE

BOTH: Final = {"key": ("ikey", "okey")}
Mark = Annotated[int, Field(ge=1, lt=2**32)]


class VtiKeys(Link):
    """Rows of the keys; `key` is short for both. To the kernel a key of 0 is none."""

    key: Mark | None = Field(default=None, description="ikey and okey")
    ikey: Annotated[
        Mark | None, Nla("IFLA_VTI_IKEY", unit=NUMBER_OR_NONE, default=None),
        Field(description="mark of what is received"),
    ] = None  # fmt: skip
    okey: Annotated[
        Mark | None, Nla("IFLA_VTI_OKEY", unit=NUMBER_OR_NONE, default=None),
        Field(description="mark of what is sent"),
    ] = None  # fmt: skip

    @model_validator(mode="before")
    @classmethod
    def _both_ways(cls, data: Any) -> Any:
        return for_both(data, BOTH)

    @model_validator(mode="after")
    def _agreeing(self) -> Self:
        if self.key is not None and (self.ikey, self.okey) != (self.key, self.key):
            raise ValueError("key is for both directions; leave it out, or ikey and okey")
        return self
