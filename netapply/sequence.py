"""The order of rules that are tried in turn, and the place in its chain where a rule comes to stand. Pure.

Between netapply's rules there may be rules of others, which netapply sees only as gaps between positions. So
what is in order stays where it is; only what is not, moves; and what comes is put in front of the next one
that stays.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator

from netapply.model.family import FAMILIES
from netapply.model.resource import Desired, Key, Resource, State
from netapply.plan.change import Action, Change, Step


def put_in_order(changes: list[Change], desired: Desired, observed: State) -> list[Change]:
    """The changes, with those that the order of rules asks for, and with the position of all that comes."""
    lists: dict[Key, list[Resource]] = {}
    for resource in desired:
        if FAMILIES[resource.family].ordered:
            lists.setdefault(resource.key[:4], []).append(resource)
    if not lists:
        return changes
    by_key = {change.key: change for change in changes if FAMILIES[change.family].ordered}
    for chain, wished in lists.items():
        leaving = [change for change in by_key.values() if change.key[:4] == chain and change.action is Action.DELETE]
        changes += _List(wished, observed, by_key).arranged(leaving)
    return changes


class _List:
    """The rules of one chain that are wished for."""

    def __init__(self, wished: list[Resource], observed: State, changes: dict[Key, Change]) -> None:
        self._wished, self._observed, self._changes = wished, observed, changes
        self._place = {resource.key: number for number, resource in enumerate(wished)}
        present = [item.key for item in observed if item.key in self._place]
        places = [self._place[key] for key in present]
        if places != sorted(places):
            among = self._undisturbed()
            places = [place for place in places if wished[place].key in among]
        self._stays = {wished[place].key for place in _longest_rising(places)}
        self._moves = [key for key in present if key not in self._stays]

    def _undisturbed(self) -> set[Key]:
        """On a way back, the rules that have as many of others before them as they had; else all of them."""
        now: dict[Key, int] = {}
        for item in self._observed:
            if item.key[:4] == self._wished[0].key[:4]:
                now[item.key] = item.facts.get("position", 0) - len(now)
        formerly = {
            resource.key: resource.facts["position"] - number
            for number, resource in enumerate(self._wished) if "position" in resource.facts
        }  # fmt: skip
        return {key for key in self._place if key not in formerly or now.get(key) == formerly[key]}

    def arranged(self, leaving: list[Change]) -> Iterator[Change]:
        """Changes for the rules that move; the changes of rules that come get their position."""
        moved = [self._moved(key) for key in self._moves]
        coming = {change.key: change for change in moved}
        for resource in self._wished:
            change = self._changes.get(resource.key)
            if change is not None and resource.key not in self._stays:
                coming[resource.key] = change
        gone = [change.position for change in leaving] + [self._position(key) for key in self._moves]
        self._give_places(coming, [position for position in gone if position is not None])
        return (change for change in moved if change.key not in self._changes)

    def _moved(self, key: Key) -> Change:
        known = self._changes.get(key)
        if known is not None:
            return known
        seen, wish = self._observed.resources[key], self._wished[self._place[key]]
        step = Step("order", None, self._place[key] + 1, wish.origin)
        return Change(Action.REPLACE, key, seen.kind, seen.attributes, seen.attributes, (step,), wish.origin)

    def _give_places(self, coming: dict[Key, Change], gone: list[int]) -> None:
        """A place that is known from before is taken; else the one in front of the next rule that stays."""
        group: list[Change] = []
        before, gone = 0, sorted(gone)
        for resource in self._wished:
            if resource.key in coming:
                group.append(coming[resource.key])
            elif resource.key in self._stays and (here := self._position(resource.key)) is not None:
                start = here - bisect_left(gone, here) + before
                edited = [self._changes[resource.key]] if resource.key in self._changes else []
                for offset, change in enumerate((*group, *edited)):
                    change.position = start + offset
                before, group = before + len(group), []
        for change in group:
            change.position = None
        for key, change in coming.items():
            known = self._wished[self._place[key]].facts.get("position")
            change.position = change.position if known is None else known

    def _position(self, key: Key) -> int | None:
        position: int | None = self._observed.resources[key].facts.get("position")
        return position


def _longest_rising(numbers: Iterable[int]) -> set[int]:
    """The longest part of distinct numbers that rises: patience sorting, n log n."""
    tails: list[int] = []
    former: dict[int, int | None] = {}
    for number in numbers:
        at = bisect_left(tails, number)
        former[number] = tails[at - 1] if at else None
        tails[at : at + 1] = [number]
    found: set[int] = set()
    last = tails[-1] if tails else None
    while last is not None:
        found.add(last)
        last = former[last]
    return found
