"""Qdiscs that somebody attached and netapply could not put back as they were: such a plan is refused. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from netapply.errors import ForeignError
from netapply.model.owned import Owned
from netapply.model.resource import Resource, State
from netapply.plan.change import Change


def refuse_unreadable(changes: Iterable[Change], observed: State, owned: Owned) -> None:
    """ForeignError for the first foreign qdisc that the plan takes away and that it cannot wholly describe.

    A tree of classes is none that it can: the filters that lead into it are not read. A way back is never barred.
    """
    for change in changes if owned.marks_count else ():
        seen = observed.get(change.key) if change.family == "qdisc" else None
        if seen is not None and not owned.has(seen) and _is_unreadable(seen):
            where = f"; {change.origin}" if change.origin else ""
            reason = f" ({change.reason})" if change.reason else ""
            link = change.key[1]
            raise ForeignError(
                f"cannot replace the qdisc {seen.kind} of {link}{reason}: netapply did not attach it and cannot read "
                f"all of it, so it could not put it back; note what `tc qdisc show dev {link}` says, then take it off: "
                f"tc qdisc delete dev {link} root{where}"
            )


def _is_unreadable(seen: Resource) -> bool:
    return not seen.facts.get("whole", True) or bool(seen.attributes.get("classes"))
