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

from netapply.execute.lock import locked
from netapply.execute.store import Store
from netapply.execute.transaction import Progress
from netapply.kernel.features import require_privilege
from netapply.kernel.namespace import entered
from netapply.kernel.netlink import Netlink
from netapply.kernel.observe import boot_id, observe
from netapply.model.family import on_demand
from netapply.model.resource import Desired
from netapply.pipeline import Planned, Session, carry_out, planned, planned_rollback, recovered
from netapply.plan import Change, Operation
from netapply.plan import Plan as Pure

STATE_DIR = Path("/var/lib/netapply")
RUN_DIR = Path("/run/netapply")


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
            return Plan(self, planned(session, desired))

    def show(self, *, owned_only: bool = False) -> dict[str, Any]:
        """The observed state as a document in the native format."""
        from netapply.show import document

        with self.session() as session:
            owned = session.store.read_owned()
            return document(observe(session.netlink, on_demand(owned.set_here)), owned if owned_only else None)

    def rollback(self) -> Plan:
        """The plan back to before the last transaction; RefusedError where there is none to go back to."""
        with self.session() as session:
            return Plan(self, planned_rollback(session))

    def recover(self) -> Result | None:
        """Undo a transaction that was interrupted; None where none is open."""
        require_privilege()
        started = time.perf_counter()
        with locked(self.run_dir, self.name), self.session() as session:
            outcome = recovered(session)
        if outcome is None:
            return None
        done, void = outcome
        return Result(0, done, time.perf_counter() - started, None, recovered=True, void=void)


@dataclass(slots=True)
class Plan:
    """A plan for one host: print it, look at it, apply it."""

    host: Host
    work: Planned

    @property
    def pure(self) -> Pure:
        """The plan alone, without the host."""
        return self.work.plan

    @property
    def desired(self) -> Desired:
        """The state that the plan leads to."""
        return self.work.desired

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
                carry_out(session, self.work, progress)
        return Result(len(self.changes), len(self.operations), time.perf_counter() - started, self)


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


__all__ = ["Host", "Plan", "Progress", "Result"]
