"""The Python API: the same calls that the command line makes.

    from netapply import Host

    host = Host(netns="lab")
    plan = host.plan("bridge.yaml")
    print(plan)
    result = plan.apply()
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netapply.errors import JournalError, RefusedError
from netapply.devices import with_devices
from netapply.execute.lock import locked
from netapply.execute.store import Store
from netapply.execute.transaction import Progress, Transaction, restore
from netapply.kernel.features import require_features, require_privilege
from netapply.kernel.namespace import entered
from netapply.kernel.netlink import Netlink
from netapply.kernel.observe import Observed, boot_id, observe
from netapply.model.owned import Owned
from netapply.model.resource import Desired
from netapply.plan import Change, Operation, make_plan
from netapply.plan import Plan as Pure

STATE_DIR = Path("/var/lib/netapply")
RUN_DIR = Path("/run/netapply")


@dataclass(slots=True)
class Session:
    """A moment inside the namespace: the socket and the memory."""

    netlink: Netlink
    store: Store


class Host:
    """A host, or one of its network namespaces as `ip netns` lists them.

    Every call may raise the errors of `netapply.errors`; none changes anything but `Plan.apply` and
    `recover`.
    """

    def __init__(
        self, netns: str | None = None, state_dir: Path | str = STATE_DIR, run_dir: Path | str = RUN_DIR
    ) -> None:
        self.netns = netns
        self.state_dir, self.run_dir = Path(state_dir), Path(run_dir)

    @property
    def name(self) -> str:
        """What files of this namespace are called."""
        return f"netns-{self.netns}" if self.netns else "host"

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Be in the namespace, with a socket; nothing else of the caller's thread is changed."""
        with entered(self.netns), Netlink() as netlink:
            yield Session(netlink, Store(self.state_dir, self.name, boot_id(), netlink.namespace_cookie))

    def plan(self, *files: str | Path) -> Plan:
        """The plan that makes the namespace match the files (none: /etc/netapply)."""
        from netapply.sources import load

        return self.plan_for(load(files))

    def plan_text(self, text: str, name: str = "<string>") -> Plan:
        """The same for a desired state in a string; `name` stands where errors name the file."""
        from netapply.sources import loads

        return self.plan_for(loads(text, name))

    def plan_for(self, desired: Desired) -> Plan:
        """The plan for a desired state that a program has put together."""
        with self.session() as session:
            return self._plan(session, with_devices(desired), session.store.read_owned())

    def _plan(self, session: Session, desired: Desired, owned: Owned, at_end: Owned | None = None) -> Plan:
        parameters = [key[1] for key in (*desired.resources, *owned.set_here) if key[0] == "sysctl"]
        observed = observe(session.netlink, parameters)
        pure = make_plan(desired, observed, owned)
        require_features(session.netlink, pure, {link.kind for link in observed.family("link")})
        return Plan(self, pure, desired, observed, owned, at_end)

    def show(self, *, owned_only: bool = False) -> dict[str, Any]:
        """The observed state as a document in the native format."""
        from netapply.show import document

        with self.session() as session:
            owned = session.store.read_owned()
            parameters = [key[1] for key in owned.set_here if key[0] == "sysctl"]
            return document(observe(session.netlink, parameters), owned if owned_only else None)

    def rollback(self) -> Plan:
        """The plan back to before the last transaction; RefusedError where there is none to go back to."""
        with self.session() as session:
            last = session.store.journal.read_last()
            if last is None or not session.store.is_current(last):
                raise RefusedError("cannot roll back: no transaction was committed here since the last boot")
            owned = session.store.read_owned()
            parameters = [key[1] for key in (*last.image.before, *owned.set_here) if key[0] == "sysctl"]
            observed = observe(session.netlink, parameters)
            desired, made = last.image.way_back(observed, full=False)
            desired.source = f"before {last.source}"
            pure = make_plan(desired, observed, made)
            return Plan(self, pure, desired, observed, made, last.owned)

    def recover(self) -> Result | None:
        """Undo a transaction that was interrupted; None where none is open.

        A journal of an earlier boot, or of a namespace that is gone, is void: what it touched no longer
        exists, so it is closed and the result says so.
        """
        require_privilege()
        with locked(self.run_dir, self.name), self.session() as session:
            journal = session.store.journal
            record = journal.read_open()
            if record is None:
                return None
            started = time.perf_counter()
            done, void = 0, not session.store.is_current(record)
            if not void:
                keys = (*record.image.before, *record.image.made)
                done = restore(session.netlink, record.image, [key[1] for key in keys if key[0] == "sysctl"])
                session.store.write_owned(record.owned)
            journal.drop()
            return Result(0, done, time.perf_counter() - started, None, recovered=True, void=void)


@dataclass(slots=True)
class Plan:
    """A plan for one host: print it, look at it, apply it."""

    host: Host
    pure: Pure
    desired: Desired
    observed: Observed
    owned: Owned
    owned_at_end: Owned | None = None

    @property
    def changes(self) -> list[Change]:
        return self.pure.changes

    @property
    def operations(self) -> list[Operation]:
        return self.pure.operations

    @property
    def notes(self) -> list[str]:
        return self.pure.notes

    @property
    def source(self) -> str:
        return self.pure.source

    def __bool__(self) -> bool:
        return bool(self.pure)

    def __str__(self) -> str:
        from netapply.render.plan_text import plan_text

        return plan_text(self.pure)

    def to_json(self) -> dict[str, Any]:
        """The plan as the versioned document that docs/plan-json.md describes."""
        from netapply.render.plan_json import plan_json

        return plan_json(self.pure)

    def apply(self, progress: Callable[[Progress], None] | None = None) -> Result:
        """Carry the plan out as one transaction.

        Raises RolledBackError where it failed and was undone, IncompleteError where the undo failed
        too, and a RefusedError (LockedError, JournalError, …) where nothing was begun.
        """
        started = time.perf_counter()
        if self:
            require_privilege()
            with locked(self.host.run_dir, self.host.name), self.host.session() as session:
                self._run(session, progress)
        return Result(len(self.changes), len(self.operations), time.perf_counter() - started, self)

    def _run(self, session: Session, progress: Callable[[Progress], None] | None) -> None:
        _require_closed(session.store)
        parameters = [key[1] for key in self.desired.resources if key[0] == "sysctl"]
        parameters += [change.key[1] for change in self.changes if change.family == "sysctl"]
        observed = observe(session.netlink, parameters)
        if make_plan(self.desired, observed, self.owned).changes != self.changes:
            raise RefusedError("cannot apply: the network has changed since this plan was made; plan again")
        Transaction(
            session.netlink, session.store, self.pure, self.desired, observed, self.owned, self.owned_at_end
        ).run(progress)


def _require_closed(store: Store) -> None:
    record = store.journal.read_open()
    if record is not None:
        began = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.started))
        raise JournalError(
            f"cannot begin: the transaction of {began} (process {record.pid}, {record.source}) was interrupted; "
            f"run `netapply recover` first"
        )


@dataclass(slots=True)
class Result:
    """What an apply or a recovery did."""

    changes: int
    operations: int
    seconds: float
    plan: Plan | None
    recovered: bool = False
    void: bool = False

    def __str__(self) -> str:
        from netapply.render.result_text import result_text

        return result_text(self)
