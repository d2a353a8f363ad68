"""JSON Schemas (dialect 2020-12) of what netapply reads and prints, made from the typed classes."""

from __future__ import annotations

from typing import Any, Final

from pydantic import TypeAdapter

from netapply.render.json_format import PlanDocument, ResultDocument

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema(name: str) -> dict[str, Any]:
    """The schema of `file` (the native file), `plan` or `result`; KeyError for any other name."""
    described = {"file": _native_file, "plan": _plan, "result": _result}[name]()
    return {"$schema": DIALECT, **described}


def _native_file() -> dict[str, Any]:
    from netapply.sources import document

    return document.schema()


def _plan() -> dict[str, Any]:
    return TypeAdapter(PlanDocument).json_schema()


def _result() -> dict[str, Any]:
    return TypeAdapter(ResultDocument).json_schema()
