"""The nouns that every stage shares: keys, resources, and a state as a set of resources.

A resource is one thing with an identity (its key) and attributes. Its key begins with its family:

    ("link", NAME)                                   ("altname", LINK, NAME)
    ("address", LINK, "192.0.2.1/24")                ("sysctl", "net/ipv4/ip_forward")
    ("route", "inet", TABLE, "192.0.2.0/24", METRIC, TOS)
    ("rule", "inet", PRIORITY, SELECTOR)             ("nat", "inet", TABLE, CHAIN, RULE)
                                                     ("filter", "inet", TABLE, CHAIN, RULE)

All parts are strings, so that a key is also a line in a journal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from netapply.model.attribute import Value

Key = tuple[str, ...]


class Origin(NamedTuple):
    """Where in the desired state something is written; lines and columns count from 1."""

    file: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    @property
    def short(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(slots=True)
class Resource:
    """One thing on the host, wished for or seen.

    `kind` is the kernel's word (`bridge`, `vxlan`, `` for a physical device, the family's name for
    what is not a link). `facts` are observations that are never compared or written (ifindex, carrier).
    """

    key: Key
    kind: str = ""
    attributes: dict[str, Value] = field(default_factory=dict)
    facts: dict[str, Value] = field(default_factory=dict)
    origin: Origin | None = None
    origins: dict[str, Origin] = field(default_factory=dict)

    @property
    def family(self) -> str:
        return self.key[0]

    @property
    def name(self) -> str:
        """The last part of the key: a link's name, an address, a path.

        An address that is there several times, with several peers, has a key with more behind it.
        """
        return self.key[2] if self.key[0] == "address" else self.key[-1]

    def where(self, attribute: str) -> Origin | None:
        """The origin of one attribute, or else of the resource."""
        return self.origins.get(attribute, self.origin)


@dataclass(slots=True)
class State:
    """A set of resources by key, in a stable order."""

    resources: dict[Key, Resource] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.resources.values())

    def __len__(self) -> int:
        return len(self.resources)

    def __contains__(self, key: Key) -> bool:
        return key in self.resources

    def get(self, key: Key) -> Resource | None:
        return self.resources.get(key)

    def add(self, resource: Resource) -> None:
        self.resources[resource.key] = resource

    def family(self, name: str) -> Iterator[Resource]:
        return (resource for resource in self if resource.key[0] == name)

    def link(self, name: str) -> Resource | None:
        return self.resources.get(("link", name))

    def without(self, keys: set[Key]) -> State:
        return State({key: item for key, item in self.resources.items() if key not in keys})


@dataclass(slots=True)
class Desired(State):
    """A state that a file describes.

    `authoritative` names the links whose static addresses the file lists completely; `source` is
    what the plan calls the file.
    """

    authoritative: set[str] = field(default_factory=set)
    source: str = ""
    notes: list[str] = field(default_factory=list)
    absence: str = "no longer in the file"
    """Why a resource goes that this state does not name."""
