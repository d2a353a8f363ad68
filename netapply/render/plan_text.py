"""The plan as a person reads it: one pass over the changes, columns that line up.

Glyph and resource, disruption, where it is written, and below what is set:

    + bridge vmbr0                            plans/bridge.yaml:6
        stp            off
        forward_delay  0 s
    ~ link eno1                       flap    plans/bridge.yaml:7
        master         (none) → vmbr0

    Plan: 1 to add, 1 to change, 0 to replace, 0 to delete. Disruption: flap (eno1).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Protocol
from unicodedata import east_asian_width

from netapply.model.attribute import Disruption
from netapply.plan.change import Action, Change
from netapply.plan.plan import Operation, Plan
from netapply.render.paint import Paint, plain, printable
from netapply.render.words import Words, describe

TITLE_COLUMNS: Final = (34, 64)
"""Least and most columns for glyph and title; a longer title pushes what follows it to the right."""
NAME_COLUMNS: Final = (10, 28)
"""The same for the names of attributes."""
VERBS: Final = {
    Action.CREATE: "add", Action.UPDATE: "change", Action.REPLACE: "replace", Action.DELETE: "delete",
}  # fmt: skip
MANY: Final = 6
"""So many links are named in the last line, then they are counted."""


class Planned(Protocol):
    """What can be printed: the plan of `netapply.plan`, and that of the Python API."""

    @property
    def changes(self) -> Sequence[Change]: ...
    @property
    def operations(self) -> Sequence[Operation]: ...
    @property
    def notes(self) -> Sequence[str]: ...
    @property
    def source(self) -> str: ...


def plan_of(planned: Planned) -> Plan:
    """The plain plan in anything that can be printed."""
    return Plan(list(planned.changes), list(planned.operations), list(planned.notes), planned.source)


def plan_text(planned: Planned, paint: Paint = plain) -> str:
    """The whole printed plan, notes and summary included, without a newline at the end."""
    plan = plan_of(planned)
    if not plan:
        lines = [f"Nothing to do: {agreement(plan.source)}."]
    else:
        lines = [*changes(plan.changes, paint), "", paint("strong", summary(plan))]
    return "\n".join([*lines, *(f"Note: {printable(note)}" for note in plan.notes)])


def drift_text(planned: Planned, paint: Paint = plain) -> str:
    """The same difference for somebody who asks whether all is well."""
    source = printable(planned.source) or "what is wanted"
    if not planned.changes:
        return f"No drift: {agreement(planned.source)}."
    heading = f"Drift: the network no longer matches {source}. To put it right, apply would do this:"
    return f"{paint('strong', heading)}\n\n{plan_text(planned, paint)}"


def agreement(source: str) -> str:
    """That there is no difference; a rollback's source is a moment, not a file."""
    if source.startswith("before "):
        return f"the network is as it was {printable(source)}"
    return f"the network matches {printable(source) or 'what is wanted'}"


def changes(listed: Sequence[Change], paint: Paint = plain) -> Iterator[str]:
    """The lines of all changes, aligned with each other."""
    entries = [(change, describe(change)) for change in listed]
    titles = (words.title for change, words in entries if change.disruption or _whence(change))
    title_width = _fitting(TITLE_COLUMNS, (_width(title) + 4 for title in titles))
    name_width = _fitting(NAME_COLUMNS, (len(name) for _, words in entries for name, _ in words.pairs))
    flag_width = 10 if any(change.disruption is Disruption.RECREATE for change in listed) else 8
    for change, words in entries:
        yield _headline(change, words, title_width, flag_width, paint)
        for name, text in words.pairs:
            yield f"    {name:<{name_width}}  {text}"


def _headline(change: Change, words: Words, title_width: int, flag_width: int, paint: Paint) -> str:
    glyph, width = change.action.value, 2 + _width(words.title)
    line = f"{paint(glyph, glyph)} {words.title}"
    if change.disruption:
        flag = str(change.disruption)
        gap = max(2, title_width - width)
        line, width = line + " " * gap + paint(flag, flag), width + gap + len(flag)
    whence = _whence(change)
    if whence:
        line += " " * max(2, title_width + flag_width - width) + paint("faint", whence)
    return line


def _whence(change: Change) -> str:
    """Where the change comes from: a line of the file, or what brings it about."""
    place = change.origin.short if change.origin else ""
    reason = f"({change.reason})" if change.reason else ""
    return printable(" ".join(part for part in (place, reason) if part))


def _fitting(limits: tuple[int, int], widths: Iterator[int]) -> int:
    """The widest entry within the limits, so that one giant does not move all others."""
    least, most = limits
    return max((width for width in widths if least < width <= most), default=least)


def _width(text: str) -> int:
    """Columns on a terminal: ideographs take two."""
    if text.isascii():
        return len(text)
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def summary(plan: Plan) -> str:
    """`Plan: 3 to add, 1 to change, 0 to replace, 0 to delete. Disruption: flap (eno1).`"""
    count = plan.count()
    parts = ", ".join(f"{count[action]} to {verb}" for action, verb in VERBS.items())
    return f"Plan: {parts}. Disruption: {disruption(plan)}."


def disruption(plan: Plan) -> str:
    """`none`, or the worst first, each with the links that suffer it."""
    links = plan.disrupted()
    levels = sorted({plan.disruption, *links.values()} - {Disruption.LIVE}, reverse=True)
    named = [(level, [name for name, worst in links.items() if worst is level]) for level in levels]
    return ", ".join(f"{level}{_listed(names)}" for level, names in named) or "none"


def disruption_above(planned: Planned, limit: str) -> str:
    """What disrupts more than `limit` (live, flap, recreate), and which links; empty where nothing does."""
    plan = plan_of(planned)
    plan.changes = [change for change in plan.changes if change.disruption > Disruption[limit.upper()]]
    return disruption(plan) if plan else ""


def _listed(names: Sequence[str]) -> str:
    if not names:
        return ""
    rest = f" and {len(names) - MANY} more" if len(names) > MANY else ""
    return f" ({', '.join(printable(name) for name in names[:MANY])}{rest})"
