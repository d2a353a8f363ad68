"""A field whose class is imported when a file has it: thousands of files say nothing of bridge ports."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema


@dataclass(frozen=True, slots=True)
class Later:
    """`Annotated[Any, Later("module:Class")]`: a mapping that the class validates, or null."""

    where: str

    def model(self) -> type[BaseModel]:
        module, name = self.where.split(":")
        found: type[BaseModel] = getattr(import_module(module), name)
        return found

    def _validated(self, value: Any) -> BaseModel | None:
        return None if value is None else self.model().model_validate(value)

    def __get_pydantic_core_schema__(self, source: Any, build: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._validated)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, build: GetJsonSchemaHandler) -> dict[str, Any]:
        model = self.model()
        model.model_rebuild()
        return build(model.__pydantic_core_schema__)
