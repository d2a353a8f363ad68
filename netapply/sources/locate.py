"""Where in a file, and in which part of the desired state, a validation error belongs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Final, get_args, get_origin

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from netapply.kinds import KIND_OF
from netapply.model.address_wish import AddressWish
from netapply.model.attribute import Nla
from netapply.model.filter import FILTERS
from netapply.model.nat import ENTRIES
from netapply.model.nexthop import Member, NexthopObject
from netapply.model.resource import Origin
from netapply.model.route import Leg, Route
from netapply.model.rule import Rule
from netapply.sources.document import Document
from netapply.sources.tree import Mapping, Node, Scalar, Sequence
from netapply.sources.wording import named

Loc = tuple[int | str, ...]
KEY: Final = "[key]"
"""What pydantic puts at the end of a path that means a mapping's key."""


@dataclass(frozen=True, slots=True)
class Place:
    """A path through the file, followed as far as it goes."""

    node: Node
    key: Origin
    """Of the last key on the path, or of the list's item."""
    container: Node


def follow(root: Node, loc: Loc) -> Place:
    """The node that `loc` leads to; steps that the file does not have (a union's tag) are skipped."""
    place = Place(root, root.origin, root)
    for step in loc:
        node = place.node
        if isinstance(node, Mapping) and step in node.entries:
            entry = node.entries[str(step)]
            place = Place(entry.node, entry.key, node)
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
            place = Place(node.items[step], node.items[step].origin, node)
    return place


@dataclass(frozen=True, slots=True)
class Trouble:
    """One complaint of pydantic, with all that is needed to say it in words."""

    fault: str
    context: dict[str, Any]
    given: Any
    place: Place
    subject: str
    kind: str | None
    """The kind of the link that it is about; None where it is about no link."""
    model: type[BaseModel] | None
    attribute: str
    """Name as the file writes it; empty where the whole subject is meant."""
    of_key: bool
    """Whether a key is wrong, and not its value."""

    @property
    def where(self) -> Origin:
        """The key where that is wrong or lacks something inside; else the value."""
        return self.place.key if self.of_key or self.fault == "missing" else self.place.node.origin

    @property
    def order(self) -> tuple[int, int, bool]:
        """Order in the file. What is missing comes after all that is there, which may be its misspelling."""
        origin = self.where
        missing = self.fault == "missing"
        if missing and isinstance(self.place.node, Mapping):
            keys = [entry.key for entry in self.place.node.entries.values()]
            origin = max([origin, *keys], key=lambda key: (key.line, key.column))
        return origin.line, origin.column, missing

    def field(self) -> FieldInfo | None:
        fields = self.model.model_fields if self.model else {}
        return next((info for name, info in fields.items() if self.attribute in (name, info.alias)), None)


def trouble_of(error: ErrorDetails, root: Node) -> Trouble:
    loc = error["loc"]
    kind, loc = _split_kind(loc)
    section, rest = (str(loc[0]), loc[1:]) if loc else ("", ())
    in_part = section in _SUBJECTS and bool(rest)
    owner = loc[:2] if in_part else ()
    at = (*loc, "kind") if error["type"] == "union_tag_invalid" else loc
    inner = loc[len(owner) :]
    return Trouble(
        fault=error["type"],
        context=dict(error.get("ctx", {})),
        given=error["input"],
        place=follow(root, at),
        subject=_subject(section, rest[0], kind, root) if in_part else "the file",
        kind=kind if section == "links" else None,
        model=_model(loc, kind, root) if in_part else Document,
        attribute=next((step for step in reversed(inner) if isinstance(step, str) and step != KEY), ""),
        of_key=error["type"] == "extra_forbidden" or loc[-1:] == (KEY,),
    )


def _split_kind(loc: Loc) -> tuple[str, Loc]:
    """Take the tag of the union of kinds out of a link's path."""
    if len(loc) >= 3 and loc[0] == "links" and loc[2] in KIND_OF:
        return str(loc[2]), loc[:2] + loc[3:]
    return "", loc


def _model(loc: Loc, kind: str, root: Node) -> type[BaseModel] | None:
    """The class that knows the fields of the part that `loc` leads into."""
    section, item, *inner = loc
    if section == "links":
        return AddressWish if inner[:1] == ["addresses"] and len(inner) > 2 else KIND_OF[kind]
    if section == "routes":
        return Leg if inner[:1] == ["nexthops"] and len(inner) > 2 else Route
    if section in _BY_WORD:
        node, classes = follow(root, (section, item)).node, _BY_WORD[section]
        words = [word for word in classes if isinstance(node, Mapping) and word in node.entries]
        return classes[words[0]] if words else None
    if section == "nexthops":
        return Member if inner[:1] == ["group"] and len(inner) > 2 else NexthopObject
    return Rule if section == "rules" else None


_BY_WORD: Final[dict[int | str, Any]] = {"nat": ENTRIES, "filter": FILTERS}
"""Lists whose items are told apart by a word that they hold: class by word."""
_SUBJECTS: Final = {
    "links": "link", "nexthops": "nexthop", "routes": "route", "rules": "rule", "sysctl": "sysctl", "nat": "nat entry",
    "filter": "filter entry",
}  # fmt: skip
_TELLING: Final = {"nexthops": "id", "routes": "to", "rules": "priority"}


def _subject(section: str, item: int | str, kind: str, root: Node) -> str:
    """What the error is about, as the plan would call it: `bridge vmbr0`, `route to default`."""
    if section in ("links", "sysctl"):
        return f"{kind or _SUBJECTS[section]} {named(str(item))}"
    node = follow(root, (section, item)).node
    key = _TELLING.get(section, "")
    telling = node.entries[key].node if isinstance(node, Mapping) and key in node.entries else None
    if isinstance(telling, Scalar) and telling.value:
        return f"{_SUBJECTS[section]} {'to ' if key == 'to' else ''}{named(telling.value)}"
    return f"this {_SUBJECTS[section]}"


def range_of(info: FieldInfo) -> tuple[int | None, int | None]:
    """The smallest and the largest number that a field takes."""
    low: int | None = None
    high: int | None = None
    for mark in _marks(info):
        if isinstance(mark, annotated_types.Ge):
            low = _whole(mark.ge)
        elif isinstance(mark, annotated_types.Le):
            high = _whole(mark.le)
        elif isinstance(mark, annotated_types.Lt):
            high = _whole(mark.lt) - 1
    return low, high


def _whole(bound: Any) -> int:
    return int(bound)


def unit_of(info: FieldInfo) -> str:
    """`seconds`, `bytes`, or nothing."""
    marks = (mark.unit.name for mark in info.metadata if isinstance(mark, Nla))
    return next((unit for unit in marks if unit in ("seconds", "bytes")), "")


def _marks(info: FieldInfo) -> Iterator[Any]:
    """All constraints of a field, also those of a type inside `X | None`."""
    yield from info.metadata
    waiting: list[Any] = [info.annotation]
    while waiting:
        annotation = waiting.pop()
        if get_origin(annotation) is Annotated:
            for mark in annotation.__metadata__:
                yield from mark.metadata if isinstance(mark, FieldInfo) else (mark,)
        waiting.extend(part for part in get_args(annotation) if get_origin(part) or part is Annotated)
