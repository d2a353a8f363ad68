"""A field whose class is imported when a file uses it: what few files have costs the others nothing."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema


class Later:
    """An annotation for a field that holds an instance of `module:class`, or None."""

    def __init__(self, where: str) -> None:
        self.where = where

    def model(self) -> type[BaseModel]:
        """The class; imported now, if it was not before."""
        module, name = self.where.split(":")
        found: type[BaseModel] = getattr(import_module(module), name)
        return found

    def validate(self, value: Any) -> BaseModel | None:
        """Errors keep their place: pydantic puts the field's path before those of the inner model."""
        return None if value is None else self.model().model_validate(value)

    def __get_pydantic_core_schema__(self, source: Any, build: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.validate)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, build: GetJsonSchemaHandler) -> dict[str, Any]:
        return dict(build(self.model().__pydantic_core_schema__))
