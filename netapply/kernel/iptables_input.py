"""Changes as input of iptables-restore, in the order in which positions come out right.

Each table's lines are one commit, so the order inside counts only for positions: first deletions in the
order of the chain, then insertions by ascending position, at last what goes to the end of its chain.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from netapply.kernel.iptables_text import Saved, jump_target, quoted, with_comment
from netapply.model.family import FAMILIES
from netapply.model.netfilter import OWN_CHAIN
from netapply.model.resource import Key

NOWHERE: Final = 1 << 30
"""Sorts what iptables-save does not show behind what it shows."""


class NatChange(NamedTuple):
    """One rule to be created or deleted: its key and its `rule` attribute.

    `position` is where a created rule stands in the finished chain, counted from 1 among all rules; None
    is the end. `where` is the rule's origin, for an error.
    """

    verb: str
    key: Key
    rule: str
    position: int | None = None
    where: str = ""

    @property
    def table(self) -> str:
        return self.key[2]

    @property
    def chain(self) -> str:
        return self.key[3]

    def line(self, option: str) -> str:
        """The rule as iptables-restore takes it; the comment is the key's words, whatever follows them."""
        return f"{option} {with_comment(self.rule, self.key[4])}"


def noun(key: Key) -> str:
    """A rule in words, for messages."""
    return FAMILIES[key[0]].noun.format(*key)


class Line(NamedTuple):
    """A line of input, and the change that it carries out; None for `*nat` and `COMMIT`."""

    text: str
    change: NatChange | None = None


def compose(changes: Sequence[NatChange], saved: Saved) -> list[Line]:
    """The whole input for one family. `saved` tells where the rules stand now."""
    lines: list[Line] = []
    for table in sorted({change.table for change in changes}):
        mine = [change for change in changes if change.table == table]
        after = _Chains(mine, saved) if table == "filter" else None
        begin, end = (after.coming(), after.going()) if after else ((), ())
        lines += [Line(f"*{table}"), *begin, *_commands(mine, saved), *end, Line("COMMIT")]
    return lines


class _Chains:
    """Netapply's own chains that changes of the table filter are about, as they will be.

    They come before their first rule and the jump to them, and go when nothing is in them and nothing leads there.
    """

    def __init__(self, changes: list[NatChange], saved: Saved) -> None:
        self._own = saved.own
        self._rules = Counter({chain: length for (_, chain), length in saved.lengths.items() if chain in saved.own})
        self._jumps = saved.jumps.copy()
        self._named: dict[str, None] = {}
        for change in changes:
            step = 1 if change.verb == "create" else -1
            target = jump_target(change.rule)
            if target:
                self._jumps[target] += step
            if change.chain.startswith(OWN_CHAIN):
                self._rules[change.chain] += step
            self._named |= dict.fromkeys(name for name in (target, change.chain) if name.startswith(OWN_CHAIN))

    def coming(self) -> Iterator[Line]:
        return (Line(f"-N {chain}") for chain in self._named if self._needed(chain) and chain not in self._own)

    def going(self) -> Iterator[Line]:
        return (Line(f"-X {chain}") for chain in self._named if not self._needed(chain) and chain in self._own)

    def _needed(self, chain: str) -> bool:
        return self._rules[chain] > 0 or self._jumps[chain] > 0


def _commands(changes: list[NatChange], saved: Saved) -> Iterator[Line]:
    places = {(resource.key, resource.attributes["rule"]): resource.facts["position"] for resource in saved.resources}

    def place(change: NatChange) -> int:
        return int(places.get((change.key[:5], change.rule), NOWHERE))

    gone = sorted((change for change in changes if change.verb == "delete"), key=place)
    yield from map(_delete, gone)
    yield from _placed([change for change in changes if change.verb == "create"], gone, saved)


def _delete(change: NatChange) -> Line:
    return Line(change.line(f"-D {quoted(change.chain)}"), change)


def _placed(creates: list[NatChange], gone: list[NatChange], saved: Saved) -> Iterator[Line]:
    """Insertions, then what goes to the end; a position behind the end is the end.

    Others may have shortened the chain since the position was seen, and iptables-restore refuses a
    position that leaves a gap, with all that is in its input.
    """
    lengths = saved.lengths.copy()
    lengths.subtract((change.table, change.chain) for change in gone)
    for change in sorted(creates, key=lambda change: change.position or NOWHERE):
        chain = quoted(change.chain)
        lengths[change.table, change.chain] += 1
        fits = change.position is not None and change.position <= lengths[change.table, change.chain]
        yield Line(change.line(f"-I {chain} {change.position}" if fits else f"-A {chain}"), change)
