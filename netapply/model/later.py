"""A field whose class is imported when a file has the field: most files have none of it, and would pay for it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler, TypeAdapter
from pydantic_core import CoreSchema, core_schema


@dataclass(frozen=True, slots=True)
class Later:
    """Stands in `Annotated` for a model, named as `module:class`; validates, and describes, as that does."""

    where: str

    def model(self) -> type[BaseModel]:
        module, name = self.where.split(":")
        found: type[BaseModel] = getattr(import_module(module), name)
        return found

    def _validated(self, value: Any) -> BaseModel:
        return self.model().model_validate(value)

    def __get_pydantic_core_schema__(self, source: Any, build: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._validated)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, build: GetJsonSchemaHandler) -> dict[str, Any]:
        return build(TypeAdapter(self.model()).core_schema)
