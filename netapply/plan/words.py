"""Resources and operations in words: for errors, the journal and progress. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from netapply.kinds import link_table
from netapply.model.family import FAMILIES
from netapply.model.resource import Key
from netapply.model.routing import ANY, TABLES
from netapply.plan.plan import Operation, Phase, Verb


def noun(key: Key, kind: str) -> str:
    """A resource in words, for messages."""
    if key[0] == "link":
        return f"{kind or 'link'} {key[1]}"
    if key[0] == "route":
        to = "default" if key[3] in ANY.values() else key[3]
        return f"route {to}" if key[2] == str(TABLES["main"]) else f"route {to} in table {key[2]}"
    return FAMILIES[key[0]].noun.format(*key)


def describe(operation: Operation) -> str:
    """An operation in words, as it stands behind `cannot`."""
    word = noun(operation.key, operation.kind)
    if operation.phase is Phase.RENAME:
        return f"rename {operation.attributes['former']} to {operation.attributes['name']}"
    if operation.verb is Verb.SET:
        return f"set {_settings(operation)} of {word}" if operation.key[0] == "link" else f"set {word}"
    return f"{'replace' if operation.replace else operation.verb} {word}"


def _settings(operation: Operation) -> str:
    table = link_table(operation.kind)
    rows = ((table.get(name), value) for name, value in operation.attributes.items())
    return ", ".join(f"{row.attribute} {row.text(value)}" for row, value in rows if row is not None)


def summary(group: Sequence[Operation]) -> str:
    """A group in words: its only operation, or how many of what."""
    first = group[0]
    if len(group) == 1:
        return describe(first)
    families = {operation.key[0] for operation in group}
    what = first.key[0] if len(families) == 1 else "resource"
    verbs = "/".join(dict.fromkeys(str(operation.verb) for operation in group))
    return f"{verbs} {len(group)} {what}{'es' if what.endswith('s') else 's'}"
