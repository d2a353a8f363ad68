"""Types of the fields of a link that hold parts: each class is imported when a file uses its field.

Building the validator of one more part costs every command two to three milliseconds, whatever the file says.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic_core import core_schema

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, TypeAdapter
    from pydantic.json_schema import JsonSchemaValue

    from netapply.model.fdb import Fdb
    from netapply.model.mdb import Mdb
    from netapply.model.neighbour import Neighbour
    from netapply.model.proxy_neighbour import ProxyNeighbour
    from netapply.model.qdisc import Qdisc


class PartsOf:
    """The type of a field whose true one is that of another family's class: a list of it, or one."""

    def __init__(self, family: str, *, many: bool = True) -> None:
        self.family, self.many = family, many

    def type(self) -> Any:
        """The true type of the field."""
        from netapply.model.family import model_of

        model = model_of(self.family)
        one: Any = getattr(model, "file_type", lambda: model)()
        return tuple[one, ...] if self.many else one

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self._validated)

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return handler(_adapter(self).core_schema)

    def _validated(self, value: Any) -> Any:
        return _adapter(self).validate_python(value)


@cache
def _adapter(field: PartsOf) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(field.type())


if TYPE_CHECKING:
    FdbEntries = tuple[Fdb, ...]
    MdbEntries = tuple[Mdb, ...]
    Neighbours = tuple[Neighbour, ...]
    ProxyNeighbours = tuple[ProxyNeighbour, ...]
    RootQdisc = Qdisc
else:
    FdbEntries = Annotated[Any, PartsOf("fdb")]
    MdbEntries = Annotated[Any, PartsOf("mdb")]
    Neighbours = Annotated[Any, PartsOf("neighbour")]
    ProxyNeighbours = Annotated[Any, PartsOf("proxy_neighbour")]
    RootQdisc = Annotated[Any, PartsOf("qdisc", many=False)]

__all__: Final = [
    "FdbEntries",
    "MdbEntries",
    "Neighbours",
    "PartsOf",
    "ProxyNeighbours",
    "RootQdisc",
]
