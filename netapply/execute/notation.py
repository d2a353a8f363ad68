"""Resources, keys and ownership as JSON, without loss: what journals and records hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from netapply.model.attribute import Value
from netapply.model.owned import Owned
from netapply.model.resource import Key, Resource


def frozen(value: Any) -> Value:
    """JSON's lists as the tuples they were."""
    return tuple(frozen(item) for item in value) if isinstance(value, list) else value


def resource_to_json(resource: Resource) -> list[Any]:
    return [list(resource.key), resource.kind, resource.attributes, resource.facts]


def resource_from_json(data: list[Any]) -> Resource:
    key, kind, attributes, facts = data
    return Resource(tuple(key), kind, {name: frozen(value) for name, value in attributes.items()}, facts)


def keys_to_json(keys: Iterable[Key]) -> list[list[str]]:
    return [list(key) for key in keys]


def owned_to_json(owned: Owned) -> dict[str, Any]:
    return {
        "made": sorted(keys_to_json(owned.made)),
        "set_here": [[list(key), found] for key, found in sorted(owned.set_here.items())],
    }


def owned_from_json(data: dict[str, Any]) -> Owned:
    set_here = {tuple(key): {name: frozen(value) for name, value in found.items()} for key, found in data["set_here"]}
    return Owned({tuple(key) for key in data["made"]}, set_here)
