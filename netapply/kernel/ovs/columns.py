"""An attribute's form in the database (RFC 7047, 5.1), by the name that its row gives.

What the file calls none is a column or a key that is empty. Numbers and switches that stand in a map of words
are words there.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any, Final, NamedTuple

from netapply.model.attribute import Value
from netapply.model.ovs_values import compressed, expanded

Json = Any
EMPTY: Final = ["set", []]
UNKNOWN: Final = object()


class Form(NamedTuple):
    """To the database, and from what `plain` made of it."""

    pack: Callable[[Value], Json]
    unpack: Callable[[Any], Value]


def plain(value: Json) -> Any:
    """A database value as Python has it: a set as a list (an atom is a set of one), a map as a dict."""
    if isinstance(value, list) and value[0] == "map":
        return dict(value[1])
    if isinstance(value, list) and value[0] == "set":
        return [_atom(item) for item in value[1]]
    return _atom(value)


def _atom(value: Json) -> Any:
    """References are their UUIDs."""
    return value[1] if isinstance(value, list) else value


def listed(value: Any) -> list[Any]:
    """A set of any size, which the database writes without brackets where it has one member."""
    return value if isinstance(value, list) else [value]


def _optional(value: Any) -> Value:
    return (value[0] if value else None) if isinstance(value, list) else value


def _word(value: Any) -> Value:
    """A column that is always there and may be an empty word."""
    return value or None


def _number(text: Any) -> Value:
    return int(text, 0) if isinstance(text, str) and text.strip("-").isalnum() and _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        int(text, 0)
    except ValueError:
        return False
    return True


FORMS: Final[dict[str, Form]] = {
    "": Form(lambda value: EMPTY if value is None else value, _optional),
    "word": Form(lambda value: value or "", _word),
    "text": Form(str, lambda value: value),
    "number": Form(str, _number),
    "flag": Form(lambda value: str(bool(value)).lower(), lambda value: value == "true"),
    "unflag": Form(lambda value: str(not value).lower(), lambda value: value != "true"),
    "set": Form(lambda value: ["set", list(value or ())], lambda value: tuple(sorted(listed(value)))),
    "vlans": Form(lambda value: ["set", expanded(value or ())], lambda value: compressed(sorted(listed(value)))),
    "targets": Form(lambda value: list(value or ()), lambda value: tuple(sorted(value))),
}
"""`map` and `targets` are written by `rows`, which has the whole row before it."""


def words_of(map_: dict[str, str], but: Container[str]) -> tuple[str, ...]:
    """The words of a map, without those that have attributes of their own."""
    return tuple(f"{key}={value}" for key, value in sorted(map_.items()) if key not in but)
