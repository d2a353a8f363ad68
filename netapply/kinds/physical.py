"""A device that is there already: a NIC, a guest's tap, the loopback."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from netapply.model.later import Later
from netapply.model.link import Link


class Physical(Link):
    """An existing device, configured and never created or deleted (a link without `kind`)."""

    created: ClassVar[bool] = False

    match: Annotated[Any, Later("netapply.model.match:Match")] = Field(
        default=None, description="which device this is, where its present name does not tell; it gets this name"
    )

    @model_validator(mode="after")
    def _finds_it_again(self) -> Self:
        if self.match is not None and self.mac is not None and self.match.mac not in (None, self.mac):
            reason = "and once it has that, nothing matches any more; match its permanent_mac"
            raise ValueError(f"match finds it by {self.match.mac}, mac gives it {self.mac}, {reason}")
        return self
