"""What a file writes below a link and is a resource of its own: forwarding entries, neighbours, port settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from netapply.model.attribute import Table, table_of
from netapply.model.resource import Resource


class Part(BaseModel):
    """One item in a field of `Link`; the family's line in `model.family.FAMILIES` names the field."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, defer_build=True)
    family: ClassVar[str] = ""

    def identity(self) -> tuple[str, ...]:
        """What tells it from others on the same link, as parts of its key."""
        return ()

    def resources(self, link: str) -> Iterator[Resource]:
        """The resources that it stands for on the link called so: with what is said, or is by default."""
        wished = ((row.attribute, getattr(self, row.attribute)) for row in table_of(type(self)))
        said = {name: value for name, value in wished if value is not None or name in self.model_fields_set}
        yield Resource((self.family, link, *self.identity()), self.family, said)

    @classmethod
    def model_at(cls, path: tuple[int | str, ...]) -> type[BaseModel] | None:
        """The class that knows the fields at a path below the part's field; None where none does."""
        return cls if len(path) > 1 else None

    @classmethod
    def table(cls) -> Table:
        """The attribute table of the family."""
        return table_of(cls)

    @classmethod
    def said(cls, resource: Resource) -> dict[str, Any] | None:
        """The observed resource as a file would say it, None where no file would: what is not as the kernel
        makes it."""
        rows = ((row, resource.attributes.get(row.attribute)) for row in table_of(cls))
        said = {
            cls.model_fields[row.attribute].alias or row.attribute: value
            for row, value in rows if value is not None and value != row.nla.default
        }  # fmt: skip
        return said or None
