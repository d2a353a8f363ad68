"""A file's sections, each item validated by the class of what it is.

`Document` says the same as one model, for the schema and for errors. Building its validator takes every
kind, route, rule, NAT and filter entry; here only those classes are imported and built that the file has. What is
not as it should be goes to `Document`, whose errors know their place in the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from netapply.kinds import KIND_OF, Link
from netapply.model.sysctl import sysctl_path, sysctl_value
from netapply.model.values import link_name

if TYPE_CHECKING:
    from netapply.model.filter import AnyFilter
    from netapply.model.nat import AnyEntry
    from netapply.model.netfilter import Backend
    from netapply.model.nexthop import NexthopObject
    from netapply.model.route import Route
    from netapply.model.rule import Rule

VERSION: Final = 1
SECTIONS: Final = ("links", "nexthops", "routes", "rules", "sysctl", "nat_backend", "nat", "filter")
_KEYS: Final = {"version", *SECTIONS}


@dataclass(frozen=True, slots=True)
class Sections:
    """What a file holds, validated. Kernel parameters are only checked: the tree has them as text."""

    links: Mapping[str, Link]
    nexthops: tuple[NexthopObject, ...]
    routes: tuple[Route, ...]
    rules: tuple[Rule, ...]
    nat: tuple[AnyEntry, ...]
    filter: tuple[AnyFilter, ...]
    nat_backend: Backend | None


def read_sections(value: Any) -> Sections:
    """The sections of a file's plain value. ValidationError, of `Document`, for all that is wrong."""
    try:
        return _one_by_one(value)
    except ValueError:  # a ValidationError is one
        from netapply.sources.document import Document

        whole = Document.model_validate(value)
        routing = (whole.nexthops, whole.routes, whole.rules)
        return Sections(whole.links, *routing, whole.nat, whole.filter, whole.nat_backend)


def _one_by_one(value: Any) -> Sections:
    if not isinstance(value, dict) or value.get("version") != str(VERSION) or value.keys() - _KEYS:
        raise ValueError("no native file")
    for path, setting in _mapping(value, "sysctl").items():
        sysctl_path(path), sysctl_value(setting)
    links = {link_name(name): _link(item) for name, item in _mapping(value, "links").items()}
    routing = (_nexthops(value), _routes(value), _rules(value))
    return Sections(links, *routing, _nat(value), _filter(value), _backend(value))


def _link(value: Any) -> Link:
    model = KIND_OF.get(kind_of(value))
    if model is None:
        raise ValueError("no such kind")
    return model.model_validate(without_kind(value))


def _nexthops(value: dict[str, Any]) -> tuple[NexthopObject, ...]:
    items = _list(value, "nexthops")
    if not items:
        return ()
    from netapply.model.nexthop import NexthopObject

    return tuple(NexthopObject.model_validate(item) for item in items)


def _routes(value: dict[str, Any]) -> tuple[Route, ...]:
    items = _list(value, "routes")
    if not items:
        return ()
    from netapply.model.route import Route

    return tuple(Route.model_validate(item) for item in items)


def _rules(value: dict[str, Any]) -> tuple[Rule, ...]:
    items = _list(value, "rules")
    if not items:
        return ()
    from netapply.model.rule import Rule

    return tuple(Rule.model_validate(item) for item in items)


def _nat(value: dict[str, Any]) -> tuple[AnyEntry, ...]:
    items = _list(value, "nat")
    if not items:
        return ()
    from netapply.model.nat import entry

    return tuple(entry(item) for item in items)


def _filter(value: dict[str, Any]) -> tuple[AnyFilter, ...]:
    items = _list(value, "filter")
    if not items:
        return ()
    from netapply.model.filter import filter_entry

    return tuple(filter_entry(item) for item in items)


def _backend(value: dict[str, Any]) -> Backend | None:
    found = value.get("nat_backend")
    if found not in (None, "iptables", "nftables"):
        raise ValueError("no backend")
    return found


def _mapping(value: dict[str, Any], section: str) -> dict[str, Any]:
    """A section; an absent or null one is empty, as every line of it may be commented out."""
    found = {} if value.get(section) is None else value[section]
    if not isinstance(found, dict):
        raise ValueError("no mapping")
    return found


def _list(value: dict[str, Any], section: str) -> list[Any]:
    found = [] if value.get(section) is None else value[section]
    if not isinstance(found, list):
        raise ValueError("no list")
    return found


def kind_of(value: Any) -> str:
    """The kind that the mapping names; none for an existing device, also where only its name is given."""
    kind = value.get("kind", "") if isinstance(value, Mapping) else ""
    return kind if isinstance(kind, str) else str(kind)


def without_kind(value: Any) -> Any:
    """What a link's class sees."""
    if isinstance(value, Mapping) and "kind" in value:
        return {key: item for key, item in value.items() if key != "kind"}
    return {} if value is None else value
