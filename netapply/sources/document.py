"""What a native file may hold, as one pydantic model: the schema, the types and the ranges.

Scalars arrive as text and are converted by the type of their field. The relations between the
parts (a port in two bridges, an address twice) are checked afterwards, in `checks`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    Tag,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from netapply.kinds import KINDS, Link
from netapply.model.filter import FilterEntry
from netapply.model.nat import NatEntry
from netapply.model.netfilter import Backend
from netapply.model.nexthop import NexthopObject
from netapply.model.route import Route
from netapply.model.rule import Rule
from netapply.model.sysctl import Sysctls
from netapply.model.values import LinkName
from netapply.sources.sections import SECTIONS, VERSION, kind_of, without_kind


class _OfKind:
    """Strips `kind` before a link's class sees the mapping, and puts it into that class's schema."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __get_pydantic_core_schema__(self, source: Any, build: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(without_kind, build(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, build: GetJsonSchemaHandler) -> dict[str, Any]:
        described = dict(build.resolve_ref_schema(build(schema)))
        if self.kind:
            named = {"kind": {"const": self.kind, "description": "what device this is"}}
            described["properties"] = named | described.get("properties", {})
            described["required"] = ["kind", *described.get("required", [])]
        return described


if TYPE_CHECKING:
    AnyLink = Link
else:
    _TAGGED = (Annotated[kind, _OfKind(kind.kind), Tag(kind.kind)] for kind in KINDS)
    AnyLink = Annotated[reduce(or_, _TAGGED), Discriminator(kind_of)]


def _number(value: Any) -> Any:
    return VERSION if value == str(VERSION) else value


class Document(BaseModel):
    """One native file."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True, title="netapply desired state")

    version: Annotated[Literal[1], BeforeValidator(_number), Field(description="of this format")]
    links: dict[LinkName, AnyLink] = Field(default={}, description="network devices by name")
    nexthops: tuple[NexthopObject, ...] = Field(default=(), description="nexthop objects, which routes name")
    routes: tuple[Route, ...] = Field(default=(), description="routes, of any table")
    rules: tuple[Rule, ...] = Field(default=(), description="rules of policy routing")
    sysctl: Sysctls = Field(default={}, description="kernel parameters below net")
    nat_backend: Backend | None = Field(
        default=None, description="what holds the rules of nat and filter; iptables if not given"
    )
    nat: tuple[NatEntry, ...] = Field(default=(), description="address translation")
    filter: tuple[FilterEntry, ...] = Field(default=(), description="which packets pass, come in, and go out")

    @model_validator(mode="before")
    @classmethod
    def _drop_empty_sections(cls, data: Any) -> Any:
        """A section whose every line is commented out is null in YAML, and empty to a person."""
        if not isinstance(data, Mapping):
            return data
        return {key: item for key, item in data.items() if item is not None or key not in SECTIONS}


def schema() -> dict[str, Any]:
    """The JSON Schema of the native file (draft 2020-12), for editors and for `netapply schema`."""
    return Document.model_json_schema(by_alias=True)
