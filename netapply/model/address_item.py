"""An item of `addresses`: a plain `ADDRESS/LENGTH`, or a mapping that says more. The mapping's class is
imported when the first one is read: most files have none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from netapply.model.values import interface_address

if TYPE_CHECKING:
    from netapply.model.address_wish import AddressWish


def address_item(value: object) -> str | AddressWish:
    """One item, validated. ValidationError for what is wrong inside a mapping."""
    if not isinstance(value, Mapping):
        return interface_address(value)
    from netapply.model.address_wish import AddressWish

    return AddressWish.model_validate(value)


class ItemSchema:
    """How pydantic checks an item, and how the JSON Schema describes it."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, build: GetCoreSchemaHandler) -> CoreSchema:
        del source, build
        return core_schema.no_info_plain_validator_function(address_item)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, build: GetJsonSchemaHandler) -> dict[str, Any]:
        del schema
        from netapply.model.address_wish import AddressWish

        AddressWish.model_rebuild()
        return {"anyOf": [{"type": "string"}, build(AddressWish.__pydantic_core_schema__)]}


if TYPE_CHECKING:
    AddressItem = str | AddressWish
else:
    AddressItem = Annotated[Any, ItemSchema]


def address_text(item: AddressItem) -> str:
    """The address itself."""
    return item if isinstance(item, str) else item.address
