"""YAML text as a tree whose scalars stay text and know where they are written.

The language is YAML less what surprises: no implicit types (`no` is text, and becomes false only where
a switch is expected), no tags, no merge keys, one document, no key twice. Anchors and aliases work.
Only an unquoted `null`, `~` or nothing at all is null.

The tree (see `tree`) is built from PyYAML's event stream without recursion, and a file can neither nest
nor expand without bound.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import yaml
from yaml import events

from netapply.model.resource import Origin
from netapply.sources.tree import Entry, Mapping, Node, Scalar, Sequence
from netapply.sources.wording import named, refusal, shown
from netapply.sources.yaml_words import explain_syntax

MAX_DEPTH: Final = 64
MAX_NODES: Final = 1_000_000
"""Nodes of one file, aliases counted as often as they are used (100,000 bridges need 800,000)."""

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULLS: Final = frozenset({"", "~", "null"})
_UNPRINTABLE: Final = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
"""Everything but the characters that YAML 1.2 allows in a file (section 5.1), and a stray byte order mark.
A pattern that is compiled where it is needed, as that takes 6 ms."""
_SURROGATE: Final = "[\ud800-\udfff]"


def parse(text: str, name: str) -> Node:
    """The tree of one document; `name` is what errors call the file. InputError where it is not one."""
    _refuse_unprintable(text, name)
    composer = _Composer(name)
    steps = composer.steps
    try:
        for event in yaml.parse(text.removeprefix("\ufeff"), Loader=_LOADER):
            step = steps.get(type(event))
            if step is not None:
                step(event)
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # PyYAML without its C half lets an escape like "\\Uffffffff" reach chr(), hence the last two.
        raise explain_syntax(error, name) from None
    if composer.root is None:
        raise refusal("cannot use the file: it is empty; begin it with 'version: 1'", Origin(name, 1))
    return composer.root


def _refuse_unprintable(text: str, name: str) -> None:
    # Whatever Python calls printable YAML allows too (not the reverse), and telling so costs nothing.
    if text.replace("\n", "").replace("\r", "").replace("\t", "").isprintable():
        return
    match = re.search(_UNPRINTABLE, text.removeprefix("\ufeff"))
    if match is None:
        return
    at = match.start() + text.startswith("\ufeff")
    origin = Origin(name, text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
    character = f"the unprintable character U+{ord(match[0]):04X}"
    raise refusal(f"cannot read the file: it holds {character}; save it as plain text", origin)


@dataclass(slots=True)
class _Open:
    """A collection that is not closed yet, and in a mapping the key that waits for its value."""

    node: Sequence | Mapping
    anchor: str | None
    key_origin: Origin
    key: str | None = None


class _Composer:
    """Builds the tree from events; the stack is a list, so depth costs no recursion."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.root: Node | None = None
        self.nodes = 0
        self._open: list[_Open] = []
        self._anchors: dict[str, Node | None] = {}
        self._documents = 0
        self.steps: dict[type[Any], Callable[[Any], None]] = {
            events.ScalarEvent: self._scalar,
            events.SequenceStartEvent: self._start,
            events.MappingStartEvent: self._start,
            events.SequenceEndEvent: self._end,
            events.MappingEndEvent: self._end,
            events.AliasEvent: self._alias,
            events.DocumentStartEvent: self._document,
        }
        """What to do at an event; others mean nothing."""

    def _origin(self, event: Any) -> Origin:
        mark = event.start_mark
        return Origin(self.name, mark.line + 1, mark.column + 1)

    def _document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            message = "cannot use more than one document in a file; remove the '---', or make a second file"
            raise refusal(message, self._origin(event))

    def _scalar(self, event: Any) -> None:
        origin = self._origin(event)
        if event.tag is not None:
            _refuse_tag(event.tag, origin)
        text = event.value
        if not text.isascii() and re.search(_SURROGATE, text):
            message = f"cannot use {shown(text)}: it is half of a character pair; write the character"
            raise refusal(message, origin)
        node = Scalar(None if event.implicit[0] and text in _NULLS else text, origin)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        self._attach(node, origin)

    def _start(self, event: Any) -> None:
        origin = self._origin(event)
        if event.tag is not None:
            _refuse_tag(event.tag, origin)
        if len(self._open) >= MAX_DEPTH:
            message = f"cannot nest deeper than {MAX_DEPTH} levels; check the brackets and the indentation"
            raise refusal(message, origin)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        kind = Mapping if type(event) is events.MappingStartEvent else Sequence
        self._open.append(_Open(kind(origin), event.anchor, origin))

    def _end(self, event: Any) -> None:
        closed = self._open.pop()
        if closed.anchor is not None:
            self._anchors[closed.anchor] = closed.node
        self._attach(closed.node, closed.node.origin, counted=closed.node.size - 1)

    def _alias(self, event: Any) -> None:
        origin = self._origin(event)
        name = named(event.anchor)
        if event.anchor not in self._anchors:
            raise refusal(f"cannot follow *{name}: no &{name} stands above it; write the value out", origin)
        node = self._anchors[event.anchor]
        if node is None:
            message = f"cannot follow *{name}: it stands inside &{name} and would never end"
            raise refusal(f"{message}; write the value out", origin)
        self._attach(node, origin)

    def _attach(self, node: Node, origin: Origin, counted: int = 0) -> None:
        """Put a complete node where it belongs; `counted` of its nodes are counted already."""
        self.nodes += node.size - counted
        if self.nodes > MAX_NODES:
            message = f"cannot use more than {MAX_NODES:,} values in a file; divide it into several"
            raise refusal(message, origin)
        if not self._open:
            self.root = node
            return
        inner = self._open[-1]
        outer = inner.node
        outer.size += node.size
        if isinstance(outer, Sequence):
            outer.items.append(node)
            outer.value.append(node.value)
        elif inner.key is None:
            inner.key, inner.key_origin = _key(node, origin, outer), origin
        else:
            outer.entries[inner.key] = Entry(inner.key_origin, node)
            outer.value[inner.key] = node.value
            inner.key = None


def _key(node: Node, origin: Origin, mapping: Mapping) -> str:
    """The text of a key that stands where `origin` says. InputError where it is none."""
    if not isinstance(node, Scalar):
        raise refusal("cannot use a list or a mapping as a key; a key is a single word", origin)
    if node.value is None:
        raise refusal("cannot use an empty key; write a word before the ':'", origin)
    if node.value == "<<":
        advice = "write the keys out, or repeat a whole value by its *anchor"
        raise refusal(f"cannot use the merge key '<<'; {advice}", origin)
    earlier = mapping.entries.get(node.value)
    if earlier is not None:
        first = f"line {earlier.key.line}"
        message = f"cannot use the key {shown(node.value)} twice: {first} has it already; remove one"
        raise refusal(message, origin)
    return node.value


def _refuse_tag(tag: str, origin: Origin) -> NoReturn:
    written = shown(tag.replace("tag:yaml.org,2002:", "!!"))
    raise refusal(f"cannot use the tag {written}: values have no tags here; remove it", origin)
