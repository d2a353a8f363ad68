"""A change in words: one line that names the resource, and a line for each attribute worth reading.

The words are those of the file and of iproute2. What the kernel or netapply would fill in anyway
(table main, metric 0, protocol netapply, `up`) is left out of what is created: a reader looks for
what the file says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from netapply.families import table_for
from netapply.model.attribute import Row, Value
from netapply.model.netfilter import is_nftables
from netapply.model.resource import Resource
from netapply.plan.change import Action, Change, Step
from netapply.plan.vlan_steps import steps
from netapply.plan.words import noun
from netapply.render import route_words
from netapply.render.paint import printable

Pairs = list[tuple[str, str]]
"""Attribute and its text, in the order in which they are printed."""

NOTHING: Final[Pairs] = []
ABSENT: Final = "(none)"


class Words(NamedTuple):
    """What is printed of a change: `title` in one line, and its attributes."""

    title: str
    pairs: Sequence[tuple[str, str]]


def describe(change: Change) -> Words:
    """The words for any change; control characters in names and values are spelled out."""
    title, pairs = _DESCRIBERS.get(change.family, _plain)(change)
    return Words(printable(title), [(name, printable(text)) for name, text in pairs])


def _link(change: Change) -> tuple[str, Pairs]:
    title = f"{change.kind or 'link'} {change.key[1]}"
    return title, _pairs(change, _UP)


def _address(change: Change) -> tuple[str, Pairs]:
    title = f"address {change.key[2]} on {change.key[1]}"
    return title, _pairs(change, _IMPLIED)


_UP: Final = {"up": True}
_IMPLIED: Final = {"scope": "global", "protocol": 110, "secondary": False}
"""What is taken for granted in what is created; of interest only where it changes."""


def _altname(change: Change) -> tuple[str, Pairs]:
    return f"altname {change.key[2]} on {change.key[1]}", NOTHING


def _sysctl(change: Change) -> tuple[str, Pairs]:
    title = f"sysctl {sysctl_name(change.key[1])}"
    if change.steps:
        title += f"  {_between(change, change.steps[0], _as_text)}"
    return title, NOTHING


def sysctl_name(path: str) -> str:
    """With dots, as sysctl(8) writes it, unless a device's name holds dots: then with slashes."""
    return path if "." in path else path.replace("/", ".")


def _route(change: Change) -> tuple[str, Pairs]:
    if change.action in (Action.CREATE, Action.DELETE):
        attributes = change.after or change.before
        return route_words.whole(change.key, attributes), route_words.ways(attributes)
    title = route_words.identity(change.key, change.after)
    return title, _pairs(change, {}, nexthops=route_words.ways_in_line)


def _rule(change: Change) -> tuple[str, Pairs]:
    if change.action in (Action.CREATE, Action.DELETE):
        return route_words.rule(change.key, change.after or change.before), NOTHING
    return route_words.rule(change.key, change.after), _pairs(change, {})


def _netfilter(change: Change) -> tuple[str, Pairs]:
    """The rule's key is the rule in words; what netfilter makes of it is shown only where it differs."""
    pairs = NOTHING if change.action in (Action.CREATE, Action.DELETE) else _pairs(change, {})
    words = change.key[4]
    unsaid = ["IPv6"] if change.key[1] == "inet6" and ":" not in words else []
    unsaid += ["nftables"] if is_nftables(change.key) else []
    return f"{change.family} {words}{' (' + ', '.join(unsaid) + ')' if unsaid else ''}", pairs


def _plain(change: Change) -> tuple[str, Pairs]:
    """A family that needs no words of its own."""
    return noun(change.key, change.kind), _pairs(change, _IMPLIED)


def _vlans(change: Change) -> tuple[str, Pairs]:
    """What is added and removed, as bridge(8) writes it; `all but` where nobody knows what the kernel gives a port."""
    pairs = []
    for name, texts in steps(change.before if change.action is Action.UPDATE else None, change.after).items():
        shown = ", ".join(texts)
        if name == "remove" and change.action is not Action.UPDATE:
            shown = "all others"
        pairs.append((_VLAN_WORDS.get(name, name), shown))
    return noun(change.key, change.kind), pairs


_VLAN_WORDS: Final = {"untunnel": "remove tunnel", "tunnel": "add tunnel"}

_DESCRIBERS: Final[dict[str, Callable[[Change], tuple[str, Pairs]]]] = {
    "link": _link, "address": _address, "altname": _altname, "sysctl": _sysctl,
    "route": _route, "rule": _rule, "nat": _netfilter, "filter": _netfilter, "bridge_vlans": _vlans,
}  # fmt: skip


def _pairs(change: Change, implied: Mapping[str, Value], **special: Callable[[Value], str]) -> Pairs:
    if not change.steps:
        return NOTHING
    table = table_for(Resource(change.key, change.kind))
    pairs = []
    for step in change.steps:
        row = table.get(step.attribute)
        if change.action is not Action.CREATE or _worth_saying(step, row, implied):
            text = special.get(step.attribute) or (row.text if row else _as_text)
            pairs.append((step.attribute, _between(change, step, text)))
    return pairs


def _worth_saying(step: Step, row: Row | None, implied: Mapping[str, Value]) -> bool:
    """Of what is created: what the file says; where no file does, what is not as the kernel makes it."""
    if step.after in (None, (), []) or implied.get(step.attribute) == step.after:
        return False
    return step.origin is not None or row is None or step.after != row.nla.default


def _as_text(value: Value) -> str:
    return ABSENT if value is None else str(value)


def _between(change: Change, step: Step, text: Callable[[Value], str]) -> str:
    after = text(step.after) or ABSENT
    if change.action is Action.CREATE or step.before == step.after:
        return after
    return f"{text(step.before) or ABSENT} → {after}"
