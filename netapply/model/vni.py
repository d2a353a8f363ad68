"""VNIs that an external VXLAN receives, where it filters them (Linux 5.18; bridge-vni(8), drivers/net/vxlan)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Final

from pydantic import BeforeValidator, Field, model_validator

from netapply.model.attribute import Nla
from netapply.model.part import Part
from netapply.model.resource import Resource
from netapply.model.values import IpAddress, text_of

MOST: Final = 16384
"""VNIs in one range: each is a thing of its own in the kernel, and in a plan."""
_RANGE: Final = re.compile(r"([0-9]{1,8})(?:-([0-9]{1,8}))?")


def vni_range(value: object) -> str:
    """`100`, or `200-210`."""
    text = text_of(value).strip()
    match = _RANGE.fullmatch(text)
    low, high = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 1 <= low <= high < 2**24:
        raise ValueError(f"{text!r} is no VNI: a number from 1 to {2**24 - 1}, or a range like 200-210")
    if high - low >= MOST:
        raise ValueError(f"{text!r} has {high - low + 1} VNIs; a range has at most {MOST}")
    return str(low) if low == high else f"{low}-{high}"


class Vni(Part):
    """One VNI or a range of them, written bare (`100`, `200-210`) or with where their frames go."""

    family: ClassVar[str] = "vni"

    vni: Annotated[str, BeforeValidator(vni_range, json_schema_input_type=int | str)] = Field(
        description="VNI, or a range like 200-210"
    )
    remote: Annotated[
        IpAddress | None, Nla("VXLAN_VNIFILTER_ENTRY_GROUP", name6="VXLAN_VNIFILTER_ENTRY_GROUP6", default=None),
        Field(description="where frames to unknown addresses go: an endpoint, or a multicast group"),
    ] = None  # fmt: skip

    @model_validator(mode="before")
    @classmethod
    def _written_bare(cls, data: Any) -> Any:
        return data if isinstance(data, Mapping) else {"vni": data}

    def resources(self, link: str) -> Iterator[Resource]:
        low, _, high = self.vni.partition("-")
        for number in range(int(low), int(high or low) + 1):
            said = {"remote": self.remote} if self.remote is not None else {}
            yield Resource((self.family, link, str(number)), self.family, said)

    @classmethod
    def said(cls, resource: Resource) -> dict[str, Any] | None:
        return {"vni": int(resource.key[2]), **(super().said(resource) or {})}
