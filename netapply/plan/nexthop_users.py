"""Routes and groups that lead over nexthop objects: what goes with an object, and what a plan needs there. Pure.

Deleting an object takes along the routes over it, takes it out of its groups, and takes along a group of which
nothing is left (net/ipv4/nexthop.c, remove_nexthop).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netapply.errors import MissingError
from netapply.model.nexthop_words import leads_over
from netapply.model.resource import Desired, Key, Resource, State
from netapply.plan.change import Action, Change
from netapply.plan.plan import Operation, Phase, Verb
from netapply.plan.words import noun


class NexthopUsers:
    """Who leads over which object, and who is lost with one."""

    def __init__(self) -> None:
        self._users: dict[Key, list[Resource]] = {}

    def add(self, item: Resource) -> None:
        """Take in a route or a group."""
        for key in leads_over(item):
            self._users.setdefault(key, []).append(item)

    def lost_with(self, item: Resource, lost: Iterable[Key]) -> Iterator[tuple[Resource, bool]]:
        """Routes and groups over an object that goes, and whether each goes entirely: a group with another
        member only shrinks."""
        gone = {item.key, *lost}
        for user in self._users.get(item.key, ()):
            yield user, all(key in gone for key in leads_over(user))


def require_nexthops(changes: Iterable[Change], desired: Desired, observed: State) -> None:
    """MissingError where the file leads over an object that neither it nor the host will have."""
    leaving: set[Key] | None = None
    for resource in desired:
        for key in leads_over(resource):
            if key in desired:
                continue
            if leaving is None:
                leaving = {change.key for change in changes if change.action is Action.DELETE}
            if key not in observed or key in leaving:
                raise _missing(resource, key, leaving)


def _missing(resource: Resource, key: Key, leaving: set[Key]) -> MissingError:
    what = f"cannot use nexthop {key[1]} for {noun(resource.key, resource.kind)}"
    reason = (
        "it is no longer in the file" if key in leaving else f"neither the file nor the host has a nexthop {key[1]}"
    )
    where = f"; {resource.origin}" if resource.origin else ""
    return MissingError(f"{what}: {reason}; describe it under nexthops{where}")


def place(operation: Operation, change: Change, lost: Iterable[Key]) -> None:
    """When an operation on an object has its turn.

    An object goes when no route leads over it any more; one that is made anew goes right before; and one
    that a link may take along goes first, so that it is known to be gone.
    """
    if operation.verb is Verb.DELETE and operation.key in lost:
        operation.phase = Phase.NEXTHOP_DELETE
    elif operation.verb is Verb.DELETE and change.action is Action.REPLACE:
        operation.phase = Phase.NEXTHOP_REMAKE
    elif operation.verb is Verb.CREATE and operation.key in lost:
        operation.replace = True
