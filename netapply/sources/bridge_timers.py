"""Timers of the spanning tree that fit each other (IEEE 802.1D-2004, 17.14). The kernel takes any."""

from __future__ import annotations

from typing import Any, Final

from netapply.kinds import KIND_OF
from netapply.model.attribute import table_of
from netapply.model.resource import Desired, Origin, Resource
from netapply.sources.wording import named

_TIMERS: Final = ("forward_delay", "max_age", "hello_time")


def note_timers(desired: Desired) -> None:
    """A note where a bridge with STP would forward before the last word of the former tree has died out."""
    for link in desired.family("link"):
        said = next((name for name in _TIMERS if name in link.attributes), None)
        if link.kind == "bridge" and link.attributes.get("stp") and said is not None:
            _note(link, said, desired)


def _note(link: Resource, said: str, desired: Desired) -> None:
    rows = table_of(KIND_OF["bridge"]).rows
    timers: list[Any] = [link.attributes.get(name, rows[name].nla.default) for name in _TIMERS]
    delay, age, hello = timers
    least, most = 2 * (hello + 1), 2 * (delay - 1)
    if not least <= age <= most:
        where = link.where(said) or Origin(desired.source, 1)
        rule = f"at least {least} s and at most {most} s, 2 x (hello_time + 1) and 2 x (forward_delay - 1)"
        desired.notes.append(f"{where}: max_age of {named(link.name)} ({age} s) should be {rule}: IEEE 802.1D")
