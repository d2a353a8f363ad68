"""The observed state as a desired-state file: readable, and in the same order every time.

Links and routes are sorted as a person counts (eth2 before eth10): the kernel's own order changes
whenever a device is made again. NAT rules keep their order, because it matters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from textwrap import indent
from typing import Any, Final

import yaml

from netapply.kinds import KIND_OF, Link

SECTIONS: Final = ("version", "links", "nexthops", "routes", "rules", "sysctl", "nat_backend", "nat", "filter")
WIDTH: Final = 110
_DIGITS: Final = re.compile(r"(\d+)")


def ordered(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with its sections, links, attributes and routes in their lasting order."""
    sections = {name: document[name] for name in SECTIONS if name in document}
    return {name: _ORDERS.get(name, _as_is)(section) for name, section in sections.items()}


def render(document: Mapping[str, Any]) -> str:
    """YAML: a line for each attribute, and for each route, rule and NAT rule. Ends with a newline."""
    return "".join(_section(name, _shaped(name, section)) for name, section in ordered(document).items())


def _section(name: str, section: Any) -> str:
    if isinstance(section, list) and section:
        return f"{name}:\n" + indent(_dump(section), "  ")
    return _dump({name: section})


def _dump(value: Any) -> str:
    return str(yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH))


def natural(text: str) -> list[tuple[int, str]]:
    """A sorting key: numbers inside the text count as numbers."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in _DIGITS.split(text)]


def _as_is(section: Any) -> Any:
    return section


def _links(section: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {name: _attributes(section[name]) for name in sorted(section, key=natural)}


def _attributes(link: Mapping[str, Any]) -> dict[str, Any]:
    """Kind first, then what is its own, then what every link has."""
    model = KIND_OF.get(link.get("kind", ""), Link)
    own = [name for name in model.model_fields if name not in Link.model_fields]
    known = ["kind", *own, *Link.model_fields]
    names = [name for name in known if name in link] + [name for name in link if name not in known]
    return {name: link[name] for name in names}


def _routes(section: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(section, key=_route_order)


def _route_order(route: Mapping[str, Any]) -> tuple[Any, ...]:
    """By table, then IPv4 before IPv6, then the default route before others."""
    to, table = str(route.get("to", "")), natural(str(route.get("table", "")))
    inet6 = route.get("family") == "inet6" or ":" in f"{to}{route.get('via', '')}"
    return table, inet6, to != "default", natural(to), int(route.get("metric") or 0)


def _sysctls(section: Mapping[str, Any]) -> dict[str, Any]:
    return {name: section[name] for name in sorted(section, key=natural)}


_ORDERS: Final[dict[str, Callable[[Any], Any]]] = {"links": _links, "routes": _routes, "sysctl": _sysctls}


class _FlowList(list[Any]):
    """A list that is written in one line."""


class _FlowMapping(dict[str, Any]):
    """A mapping that is written in one line."""


_Dumper: Final[Any] = type("_Dumper", (getattr(yaml, "CSafeDumper", yaml.SafeDumper),), {})
_Dumper.add_representer(
    _FlowList,
    lambda dumper, items: dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=True),
)
_Dumper.add_representer(
    _FlowMapping,
    lambda dumper, items: dumper.represent_mapping("tag:yaml.org,2002:map", items.items(), flow_style=True),
)


def _shaped(name: str, section: Any) -> Any:
    """Lists inside a link in one line, and every item of routes, rules and nat too."""
    if name == "links":
        return {link: {key: _in_line(value) for key, value in items.items()} for link, items in section.items()}
    if isinstance(section, list):
        return [_in_line(item) for item in section]
    return _numbered(section) if isinstance(section, Mapping) else section


def _in_line(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return _FlowList(_in_line(item) for item in value)
    if isinstance(value, Mapping):
        return _FlowMapping(_numbered({key: _in_line(item) for key, item in value.items()}))
    return value


def _numbered(section: Mapping[str, Any]) -> dict[str, Any]:
    """Kernel parameters are text; those that are numbers are written as such, without quotes."""
    return {name: _number(value) for name, value in section.items()}


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isdecimal() and str(int(value)) == value else value
