"""What the files declare, part by part, each part still beside the place where it is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pydantic import ValidationError

from netapply.model.attribute import LINK, Table, Value, table_of
from netapply.model.link import Link
from netapply.model.resource import Origin
from netapply.sources.files import Text
from netapply.sources.sections import Sections, read_sections
from netapply.sources.tree import Entry, Mapping, Node, Sequence
from netapply.sources.wording import named, refusal
from netapply.sources.yaml_syntax import parse


@dataclass(frozen=True, slots=True)
class Part:
    """One file, validated, and its tree."""

    sections: Sections
    root: Mapping

    def items(self, section: str) -> Iterator[Node]:
        """The nodes of a section that is a list."""
        entry = self.root.entries.get(section)
        if entry is not None and isinstance(entry.node, Sequence):
            yield from entry.node.items

    def entries(self, section: str) -> Iterator[tuple[str, Entry]]:
        """The lines of a section that is a mapping."""
        yield from entries_of(self.root, section)


def entries_of(node: Node, key: str) -> Iterator[tuple[str, Entry]]:
    """The lines of the mapping below `key`; none where there is no such mapping."""
    entry = node.entries.get(key) if isinstance(node, Mapping) else None
    if entry is not None and isinstance(entry.node, Mapping):
        yield from entry.node.entries.items()


@dataclass(frozen=True, slots=True)
class Declared:
    """One link of the file."""

    name: str
    link: Link
    key: Origin
    node: Node

    @property
    def kind(self) -> str:
        return self.link.kind

    @property
    def title(self) -> str:
        """As the plan calls it: `bridge vmbr0`, `link eno1`."""
        return f"{self.kind or 'link'} {named(self.name)}"

    @property
    def table(self) -> Table:
        return table_of(type(self.link))

    def at(self, attribute: str) -> Origin:
        """Where an attribute is written; the link's own place where it is not."""
        entry = self._entry(attribute)
        return entry.key if entry else self.key

    def value_at(self, attribute: str) -> Origin:
        entry = self._entry(attribute)
        return entry.node.origin if entry else self.key

    def items_at(self, attribute: str) -> list[Origin]:
        """Where each item of a list is written."""
        entry = self._entry(attribute)
        node = entry.node if entry else None
        return [item.origin for item in node.items] if isinstance(node, Sequence) else []

    def nodes_of(self, attribute: str) -> list[Node]:
        """The items of a list, or the one thing that is written."""
        entry = self._entry_inside(attribute)
        if entry is None:
            return []
        return list(entry.node.items) if isinstance(entry.node, Sequence) else [entry.node]

    def names(self, attribute: str) -> bool:
        """Whether the file says anything about the attribute."""
        return attribute in self.link.model_fields_set

    def get(self, attribute: str) -> Value:
        """The value, None where this kind has no such attribute."""
        return getattr(self.link, attribute, None)

    def lowers(self) -> Iterator[tuple[str, Origin]]:
        """Links that this one stands on, with the place that says so; its master is none of them."""
        below = list(self.link.references())
        if self.link.master is not None:
            below.remove(self.link.master)
        for lower in below:
            rows = (row.attribute for row in self.table if row.nla.unit is LINK and row.attribute != "master")
            yield lower, self.at(next((name for name in rows if self.get(name) == lower), ""))

    def _entry_inside(self, path: str) -> Entry | None:
        """The entry at `ethtool.rings`: of a field, or of a field of a field."""
        node, entry = self.node, None
        for name in path.split("."):
            entry = node.entries.get(name) if isinstance(node, Mapping) else None
            if entry is None:
                return None
            node = entry.node
        return entry

    def _entry(self, attribute: str) -> Entry | None:
        return self.node.entries.get(attribute) if isinstance(self.node, Mapping) else None


Links = dict[str, Declared]


def read_part(file: Text) -> Part:
    """Validate one file on its own. InputError for the first thing that is wrong with it."""
    root = parse(file.text, file.name)
    try:
        sections = read_sections(root.value)
    except ValidationError as error:
        from netapply.sources.explain import explain  # takes time to import, and most files are right

        raise explain(error, root) from None
    assert isinstance(root, Mapping)  # what is no mapping has no sections
    return Part(sections, root)


def gather_links(parts: Iterable[Part]) -> Links:
    """The links of all files by name, in their order. InputError for a link that two files describe."""
    links: Links = {}
    for part in parts:
        for name, entry in part.entries("links"):
            if name in links:
                other = f"{earlier(links[name].key, entry.key)} describes it already"
                raise refusal(f"cannot use link {named(name)} twice: {other}; remove one", entry.key)
            links[name] = Declared(name, part.sections.links[name], entry.key, entry.node)
    return links


def earlier(origin: Origin, here: Origin) -> str:
    """How a message about `here` points to another place."""
    return f"line {origin.line}" if origin.file == here.file else origin.short
