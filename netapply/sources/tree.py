"""A file as a tree: scalars, sequences and mappings that know where they are written.

Beside its children every node holds its plain `value` (str, None, list, dict), made in the same pass,
which is what pydantic validates; the tree then tells where each part of it stands.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from netapply.model.resource import Origin


@dataclass(slots=True)
class Scalar:
    """Text, or None for null."""

    value: str | None
    origin: Origin
    size: ClassVar[int] = 1


@dataclass(slots=True)
class Sequence:
    """A list of nodes."""

    origin: Origin
    items: list[Node] = field(default_factory=list)
    value: list[Any] = field(default_factory=list)
    size: int = 1


class Entry(NamedTuple):
    """One line of a mapping: where its key stands, and what follows it."""

    key: Origin
    node: Node


@dataclass(slots=True)
class Mapping:
    """Nodes by key, in the order of the file."""

    origin: Origin
    entries: dict[str, Entry] = field(default_factory=dict)
    value: dict[str, Any] = field(default_factory=dict)
    size: int = 1


Node = Scalar | Sequence | Mapping
