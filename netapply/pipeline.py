"""The whole story on one page: from a wish to a network that fulfils it. Read this first.

    sources   text → Desired           (before this page: `netapply.sources.load`)
    observe   netlink dumps → Observed
    diff      (desired, observed, owned) → changes
    plan      changes → ordered operations
    execute   journal, operations → kernel, verify, commit
    undo      the same engine, aimed at the before-image

Data flows downwards. `diff` and `plan` are pure, and what is printed is what is executed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from netapply.devices import with_devices
from netapply.errors import JournalError, RefusedError
from netapply.execute.store import Store
from netapply.execute.transaction import Progress, Transaction, restore
from netapply.kernel.features import require_features
from netapply.kernel.netlink import Netlink
from netapply.kernel.observe import Observed, observe
from netapply.model.owned import Owned
from netapply.model.resource import Desired, Key
from netapply.plan import Plan, make_plan
from netapply.tables import with_tables
from netapply.vrf_routes import with_vrf_tables


@dataclass(slots=True)
class Session:
    """A moment inside a namespace: the socket, and the memory of what was done there."""

    netlink: Netlink
    store: Store


@dataclass(slots=True)
class Planned:
    """A plan, and all that it was made from."""

    plan: Plan
    desired: Desired
    observed: Observed
    owned: Owned
    owned_at_end: Owned | None = None
    """The ownership to record at the end where it is not computed: a rollback returns to an earlier one."""


def planned(session: Session, wish: Desired) -> Planned:
    """Observe, diff, plan; and see that the kernel can do what the plan asks for."""
    owned = session.store.read_owned()
    observed = observe(session.netlink, _parameters(wish.resources, owned.set_here))
    desired = with_devices(with_tables(wish, observed))
    desired = with_vrf_tables(desired, observed)
    plan = make_plan(desired, observed, owned)
    require_features(session.netlink, plan, {link.kind for link in observed.family("link")})
    return Planned(plan, desired, observed, owned)


def planned_rollback(session: Session) -> Planned:
    """The way back to before the last transaction, as an ordinary plan."""
    last = session.store.journal.read_last()
    if last is None or not session.store.is_current(last):
        raise RefusedError("cannot roll back: no transaction was committed here since the last boot")
    observed = observe(session.netlink, _parameters(last.image.before, session.store.read_owned().set_here))
    desired, made = last.image.way_back(observed, full=False)
    desired.source = f"before {last.source}"
    return Planned(make_plan(desired, observed, made), desired, observed, made, last.owned)


def carry_out(session: Session, work: Planned, report: Callable[[Progress], None] | None) -> None:
    """Execute the plan as one transaction, unless the network is no longer the one that it was made for."""
    require_closed(session.store)
    touched = _parameters(work.desired.resources, (change.key for change in work.plan.changes))
    observed = observe(session.netlink, touched)
    if not _is_as_before(observed, work.observed) and _plan_differs(work, observed):
        raise RefusedError("cannot apply: the network has changed since this plan was made; plan again")
    Transaction(session.netlink, session.store, work.plan, work.desired, observed, work.owned, work.owned_at_end).run(
        report
    )


def _is_as_before(observed: Observed, earlier: Observed) -> bool:
    """Whether nothing at all has changed, in value or order: then the same plan would come out again."""
    return observed == earlier and list(observed.resources) == list(earlier.resources)


def _plan_differs(work: Planned, observed: Observed) -> bool:
    return make_plan(work.desired, observed, work.owned).changes != work.plan.changes


def recovered(session: Session) -> tuple[int, bool] | None:
    """Undo a transaction that was interrupted: operations done, and whether its journal was void.

    A journal of an earlier boot, or of a namespace that is gone, is void: what it touched no longer
    exists, so it is only closed. None where no journal is open.
    """
    journal = session.store.journal
    record = journal.read_open()
    if record is None:
        return None
    done, void = 0, not session.store.is_current(record)
    if not void:
        done = restore(session.netlink, record.image, _parameters(record.image.before, record.image.made))
        session.store.write_owned(record.owned)
    journal.drop()
    return done, void


def require_closed(store: Store) -> None:
    """Raise JournalError where a transaction was begun and neither committed nor undone."""
    record = store.journal.read_open()
    if record is not None:
        began = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.started))
        raise JournalError(
            f"cannot begin: the transaction of {began} (process {record.pid}, {record.source}) was interrupted; "
            f"run `netapply recover` first"
        )


def _parameters(*keys: Iterable[Key]) -> list[str]:
    """The kernel parameters among the keys."""
    return [key[1] for part in keys for key in part if key[0] == "sysctl"]
