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
from collections.abc import Callable
from dataclasses import dataclass

from netapply.devices import with_devices
from netapply.errors import JournalError, MissingError, RefusedError
from netapply.execute.image import takes_entries
from netapply.execute.store import Store
from netapply.execute.transaction import Progress, Transaction, restore
from netapply.hardware import fit
from netapply.kernel.features import require_features
from netapply.kernel.links import read_links
from netapply.kernel.netlink import Netlink
from netapply.kernel.observe import OPTIONAL_FAMILIES, Observed, families_to_ask, observe
from netapply.model.family import on_demand
from netapply.model.ovs_values import is_ovs
from netapply.model.owned import Owned
from netapply.model.resource import Desired
from netapply.naming import asks_drivers, choose, chooses, identities, renamed_owned
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
    if chooses(wish, owned):
        owned = renamed_owned(owned, _choose(session, wish, owned))
    wanted = on_demand(wish.resources, owned.set_here)
    families = families_to_ask((*wish.resources, *owned.made, *owned.set_here))
    observed = observe(session.netlink, wanted, families, identities(wish))
    desired = with_devices(with_tables(wish, observed))
    desired = with_vrf_tables(desired, observed)
    fit(desired, observed)
    _require_switch(desired, observed)
    plan = make_plan(desired, observed, owned)
    if any(takes_entries(change) for change in plan.changes):  # of those, too, that nobody names
        observed = observe(session.netlink, wanted, OPTIONAL_FAMILIES, identities(wish))
        plan = make_plan(desired, observed, owned)
    require_features(session.netlink, plan, {link.kind for link in observed.family("link")})
    return Planned(plan, desired, observed, owned)


def _choose(session: Session, desired: Desired, owned: Owned) -> dict[str, str]:
    """Find the devices that the file means by other things than names; their names in it by those in the kernel."""
    from netapply.kernel.drivers import add_drivers  # few files choose devices

    found = read_links(session.netlink).resources
    if asks_drivers(desired):
        add_drivers(found)
    try:
        return choose(desired, owned, found)
    except RefusedError:
        add_drivers(found)  # the same error once more, with all that is known of the devices
        return choose(desired, owned, found)


def planned_rollback(session: Session) -> Planned:
    """The way back to before the last transaction, as an ordinary plan."""
    last = session.store.journal.read_last()
    if last is None or not session.store.is_current(last):
        raise RefusedError("cannot roll back: no transaction was committed here since the last boot")
    wanted = on_demand(last.image.before, session.store.read_owned().set_here)
    observed = observe(session.netlink, wanted, called=identities(last.image.before.values()))
    desired, made = last.image.way_back(observed, full=False)
    _require_switch(desired, observed)
    desired.source = f"before {last.source}"
    return Planned(make_plan(desired, observed, made), desired, observed, made, last.owned)


def _require_switch(desired: Desired, observed: Observed) -> None:
    """What is Open vSwitch's cannot be compared where its database does not answer."""
    if observed.without_ovs and any(is_ovs(item.kind) or item.family == "ovs_port" for item in desired):
        raise MissingError(observed.without_ovs)


def carry_out(session: Session, work: Planned, report: Callable[[Progress], None] | None) -> None:
    """Execute the plan as one transaction, unless the network is no longer the one that it was made for."""
    require_closed(session.store)
    touched = on_demand(work.desired.resources, (change.key for change in work.plan.changes))
    observed = observe(session.netlink, touched, work.observed.families, identities(work.observed))
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
        done = restore(session.netlink, record.image, on_demand(record.image.before, record.image.made))
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
