"""One transaction: journal, execute, verify, commit; or undo by the same engine.

Netlink has no transactions, and a message that failed may still have changed something. So undo is
not a list of inverses: it observes, and plans from what the kernel says now to the before-image.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from netapply.diff import diff
from netapply.errors import IncompleteError, KernelError, MissingError, NetapplyError, RolledBackError
from netapply.execute.image import BeforeImage, before_image
from netapply.execute.journal import Journal, Record
from netapply.execute.ownership import owned_after
from netapply.execute.store import Store
from netapply.families import table_for
from netapply.hardware import fit
from netapply.kernel.netlink import Netlink
from netapply.kernel.observe import Observed, families_to_ask, observe
from netapply.kernel.submit import Submitter
from netapply.model.family import on_demand
from netapply.model.owned import Owned
from netapply.model.resource import Desired, Key, Resource
from netapply.naming import identities, inverse, pending, renamed_owned
from netapply.plan import make_plan
from netapply.plan.change import Change, Step
from netapply.plan.plan import Operation, Plan
from netapply.plan.words import describe, noun, summary

UNDO_PASSES: Final = 4
"""How often an undo looks again: each pass mends what the one before brought about as a side effect."""


class Progress(NamedTuple):
    """One group of operations is done: its number (from 1) of how many groups, and its time."""

    number: int
    total: int
    group: Sequence[Operation]
    seconds: float

    def __str__(self) -> str:
        return summary(self.group)

    def lines(self) -> list[str]:
        """Each operation of the group in words."""
        return [describe(operation) for operation in self.group]


Report = Callable[[Progress], None]


@dataclass(slots=True)
class Transaction:
    """Carries one plan out, in the namespace that the thread is in."""

    netlink: Netlink
    store: Store
    plan: Plan
    desired: Desired
    observed: Observed
    owned: Owned
    owned_at_end: Owned | None = None
    """The ownership to record instead of the computed one: a rollback returns to an earlier one."""
    named: tuple[Key, ...] = field(default_factory=tuple)

    def run(self, report: Report | None = None) -> None:
        """Execute and commit. RolledBackError: it failed and all is as before; IncompleteError: it is not."""
        former = inverse(pending(self.observed))
        image = before_image(self.plan, self.observed).called(former)
        recorded = renamed_owned(self.owned, former)
        self.named = _named(self.plan, image, self.desired)
        self.store.prepare()
        journal = self.store.journal
        journal.begin(self._record(image, recorded))
        try:
            self._execute(journal.mark, report)
            self._commit(journal, self._verify())
        except BaseException as error:
            self._undo(image, error)
            self.store.write_owned(recorded)
            journal.drop()
            if isinstance(error, NetapplyError | KeyboardInterrupt):
                reason = "cannot finish: interrupted" if isinstance(error, KeyboardInterrupt) else str(error)
                raise RolledBackError(f"{reason}; everything is as it was before") from error
            raise

    def _commit(self, journal: Journal, after: Observed) -> None:
        """From here on it is done: first what netapply owns, then the end of the journal."""
        owned = self.owned_at_end or owned_after(self.owned, self.plan, self.desired, self.observed, after)
        self.store.write_owned(owned)
        journal.finish()

    def _record(self, image: BeforeImage, owned: Owned) -> Record:
        operations = [describe(operation) for operation in self.plan.operations]
        return Record(self.store.boot, self.store.namespace, self.plan.source, image, owned, operations)

    def _execute(self, mark: Callable[[int], None], report: Report | None) -> None:
        submitter = Submitter(self.netlink, self.observed.indexes)
        groups = self.plan.batches()
        for number, group in enumerate(groups, 1):
            mark(number)
            started = time.perf_counter()
            submitter.run(group)
            if report is not None:
                seconds = time.perf_counter() - started
                report(Progress(number, len(groups), group, seconds))

    def _verify(self) -> Observed:
        """Read the kernel again: it must now say what the file says."""
        after = observe(self.netlink, self.named, self._families(), called=identities(self.desired))
        fit(self.desired, after)  # what is said of a link that was not there before
        remaining = diff(self.desired, after, self.owned)
        if remaining:
            raise _unlike(remaining)
        return after

    def _families(self) -> set[str]:
        """Of what the file names, the plan changes, or netapply owns: in no other family can a difference be."""
        wished, changed = self.desired.resources, (change.key for change in self.plan.changes)
        return {key[0] for key in (*wished, *changed, *self.owned.made, *self.owned.set_here)}

    def _undo(self, image: BeforeImage, error: BaseException) -> None:
        try:
            restore(self.netlink, image, self.named)
        except NetapplyError as second:
            raise IncompleteError(
                f"{error}; and the way back failed: {second}; look at the network, then run `netapply recover`",
                getattr(second, "remaining", ()),
            ) from error


def restore(netlink: Netlink, image: BeforeImage, named: Iterable[Key]) -> int:
    """Return to the before-image; how many operations that took. IncompleteError says what remains."""
    done = 0
    failure: KernelError | None = None
    families = families_to_ask((*image.before, *image.made))
    for attempt in range(UNDO_PASSES):
        now = observe(netlink, named, families, identities(image.before.values()))
        desired, made = image.way_back(now, full=attempt > 0)
        plan = make_plan(desired, now, made)
        if not plan and attempt > 0:
            if image.switch and now.without_ovs:
                raise MissingError(now.without_ovs)  # what it made there is still there, and will come back
            return done
        submitter = Submitter(netlink, now.indexes)
        for group in plan.batches():
            try:
                submitter.run(group)
                done += len(group)
            except KernelError as error:
                failure = error
    raise _incomplete(netlink, image, named, failure)


def _incomplete(
    netlink: Netlink, image: BeforeImage, named: Iterable[Key], failure: KernelError | None
) -> NetapplyError:
    families = families_to_ask((*image.before, *image.made))
    now = observe(netlink, named, families, identities(image.before.values()))
    desired, made = image.way_back(now, full=True)
    remaining = tuple(_in_words(change) for change in diff(desired, now, made))
    reason = f" ({failure})" if failure else ""
    return IncompleteError(f"cannot restore {', '.join(remaining[:5])}{reason}", remaining)


def _named(plan: Plan, image: BeforeImage, desired: Desired) -> tuple[Key, ...]:
    """Everything that is read only on demand and is worth reading again."""
    changed = (change.key for change in plan.changes)
    return tuple(dict.fromkeys(on_demand(image.before, image.made, changed, desired.resources)))


def _unlike(remaining: list[Change]) -> KernelError:
    """The kernel accepted everything and yet says something else: name the first difference."""
    first = remaining[0]
    where = str(first.origin) if first.origin else ""
    more = f", and {len(remaining) - 1} more" if len(remaining) > 1 else ""
    return KernelError(
        f"verify: the kernel accepted the plan, but does not have {_in_words(first)}{more}", 5, "", where
    )


def _since(change: Change, step: Step) -> str:
    """A kernel that does not know an attribute takes it, and does nothing."""
    row = table_for(Resource(change.key, change.kind)).get(step.attribute)
    return f": that needs Linux {row.nla.since}" if row is not None and row.nla.since else ""


def _in_words(change: Change) -> str:
    steps = ", ".join(
        f"{step.attribute} is {step.before}, not {step.after}{_since(change, step)}" for step in change.steps[:3]
    )
    word = noun(change.key, change.kind)
    return f"{word} ({steps})" if change.action.word == "update" else f"{change.action.word} {word}"
