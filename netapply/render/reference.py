"""The reference tables of the documentation, written from the classes that netapply itself uses.

A document keeps its own text; what stands between a pair of these lines is made here:

    <!-- table: bridge -->
    <!-- end -->

`python -m netapply.render.reference FILE…` writes them anew; a test fails while a file is not current.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, get_type_hints

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from netapply.kinds import KINDS, Link
from netapply.model.address_wish import AddressWish
from netapply.model.attribute import UNSET, Row, table_of
from netapply.model.bridge_port import BridgePort
from netapply.model.family import model_of, parts
from netapply.model.filter import FILTERS
from netapply.model.inet6 import Inet6
from netapply.model.nat import ENTRIES
from netapply.model.nexthop import Member, NexthopObject
from netapply.model.route import Leg, Route
from netapply.model.rule import Rule
from netapply.render import json_format
from netapply.render.type_words import field_words, type_words

_REGION: Final = re.compile(r"(<!-- table: (?P<name>\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
MODELS: Final[dict[str, type[BaseModel]]] = {
    "link": Link, **{kind.kind: kind for kind in KINDS if kind.kind},
    "bridge_port": BridgePort, "ipv6": Inet6, "address": AddressWish,
    "nexthop_object": NexthopObject, "member": Member, "route": Route, "nexthop": Leg, "rule": Rule,
    **ENTRIES, **FILTERS,
    **{name: model for name, _ in parts() if (model := model_of(name)) is not None},
}  # fmt: skip


def refreshed(text: str) -> str:
    """The document with all its tables made anew; KeyError for a table that nobody makes."""
    return _REGION.sub(lambda found: found[1] + "\n".join(table(found["name"])) + "\n" + found[3], text)


def table(name: str) -> Iterator[str]:
    """The lines of one table: a kind or another model of the native file, or a class of the JSON formats."""
    if name in MODELS:
        return _model(MODELS[name])
    return _document(getattr(json_format, name))


def _model(model: type[BaseModel]) -> Iterator[str]:
    """Required attributes first; how they change only where the kernel has something to say on that."""
    rows = table_of(model)
    inherited = Link.model_fields if model is not Link and issubclass(model, Link) else {}
    fields = [(name, info) for name, info in model.model_fields.items() if name not in inherited]
    yield from _heading(["attribute", "value", "what it is", *(["change", "kernel's default"] if rows.rows else [])])
    for name, info in sorted(fields, key=lambda field: not field[1].is_required()):
        yield _line([*_attribute(name, info), *(_behaviour(rows.get(name)) if rows.rows else ())])


def _heading(names: list[str]) -> Iterator[str]:
    yield _line(names)
    yield _line(["---"] * len(names))


def _attribute(name: str, info: FieldInfo) -> tuple[str, str, str]:
    mark = " **(required)**" if info.is_required() else ""
    return (
        f"`{info.alias or name}`",
        field_words(info.annotation, info.metadata),
        f"{info.description or ''}{mark}",
    )


def _behaviour(row: Row | None) -> tuple[str, str]:
    if row is None:
        return "", ""
    return str(row.change), "" if row.nla.default is UNSET else row.text(row.nla.default)


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _document(described: Any) -> Iterator[str]:
    yield from _heading(["field", "type", "what it is"])
    for name, annotation in get_type_hints(described, include_extras=True).items():
        text = next((mark.description for mark in _marks(annotation) if mark.description), "see below")
        yield _line((f"`{name}`", type_words(annotation), text))


def _marks(annotation: Any) -> list[FieldInfo]:
    return [mark for mark in getattr(annotation, "__metadata__", ()) if isinstance(mark, FieldInfo)]


def main(paths: list[str], say: Callable[[str], object] = print) -> int:
    """Write the tables of every file that is not current."""
    for path in map(Path, paths):
        text = path.read_text(encoding="utf-8")
        if refreshed(text) != text:
            path.write_text(refreshed(text), encoding="utf-8")
            say(f"{path}: tables written")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
