"""Which device a link of the file is, where its name does not tell: by address, place, driver or another name."""

from __future__ import annotations

import re
from typing import Annotated, Final, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from netapply.model.values import AlternativeName, LinkName, Mac, text_of

_PCI: Final = re.compile(r"(?:([0-9a-f]{4,8}):)?([0-9a-f]{2}:[0-1][0-9a-f]\.[0-7])")
_DRIVER: Final = re.compile(r"[\w.-]{1,31}", re.ASCII)


def pci_path(value: object) -> str:
    """A PCI address as the kernel writes it, with its domain."""
    found = _PCI.fullmatch(text_of(value).lower())
    if found is None:
        raise ValueError(f"{value!r} is no PCI path; write it like 0000:3b:00.0, as `lspci -D` shows it")
    return f"{found[1] or '0000'}:{found[2]}"


def driver_name(value: object) -> str:
    """A driver's name, whole: no pattern is one."""
    name = text_of(value)
    if not _DRIVER.fullmatch(name):
        raise ValueError(f"{name!r} is no driver's name; `ethtool -i DEVICE` shows it")
    return name


def _whole_name(name: str) -> str:
    if set(name) & set("*?["):
        raise ValueError(f"{name!r} is a pattern; give the whole name of one device")
    return name


class Match(BaseModel):
    """All that is given must be true of exactly one device, which then bears the link's name."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    mac: Mac | None = Field(default=None, description="its present MAC address")
    permanent_mac: Mac | None = Field(default=None, description="the address burnt in, whatever it has now")
    pci: Annotated[str, BeforeValidator(pci_path)] | None = Field(
        default=None, description="PCI path, 0000:3b:00.0; of a virtio device that of its PCI function"
    )
    driver: Annotated[str, BeforeValidator(driver_name)] | None = Field(
        default=None, description="name of its driver, as `ethtool -i` shows it"
    )
    altname: Annotated[AlternativeName, AfterValidator(_whole_name)] | None = Field(
        default=None, description="one of its names, most often a further one"
    )
    original_name: Annotated[LinkName, AfterValidator(_whole_name)] | None = Field(
        default=None, description="the name that it had before netapply gave it another"
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_dump(exclude_none=True):
            raise ValueError(f"it says nothing; give one of {', '.join(type(self).model_fields)}")
        return self
