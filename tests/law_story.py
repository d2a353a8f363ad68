"""A host, what netapply remembers of it, and the transactions that the laws carry out on the model."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from unittest.mock import patch

from netapply.execute import transaction
from netapply.execute.journal import Record
from netapply.execute.ownership import owned_after
from netapply.execute.store import Store
from netapply.kernel.netlink import Netlink
from netapply.kernel.observe import NOTHING_CALLED, OPTIONAL_FAMILIES, Observed
from netapply.model.owned import Owned
from netapply.model.resource import Desired, Key
from netapply.plan import Plan, make_plan
from tests.model_kernel import Kernel, ModelObserved


class ModelSubmitter:
    """Stands where `kernel.submit.Submitter` stands."""

    def __init__(self, kernel: Kernel, indexes: dict[str, int]) -> None:
        del indexes
        self.run = kernel.run


def observe(
    kernel: Kernel,
    named: Iterable[Key] = (),
    families: Container[str] = OPTIONAL_FAMILIES,
    called: Mapping[int, str] = NOTHING_CALLED,
) -> Observed:
    """`kernel.observe`, from the model, where devices keep their names."""
    assert not called
    return kernel.observe([key[1] for key in named if key[0] == "sysctl"], families)


@contextmanager
def on_the_model() -> Iterator[None]:
    """The transaction's own code, with the model for a kernel."""
    with (
        patch.object(transaction, "Submitter", ModelSubmitter),
        patch.object(transaction, "observe", observe),
    ):
        yield


class MemoryStore:
    """A store, and its journal, without a disk."""

    boot, namespace = "this", 1

    def __init__(self) -> None:
        self.journal = self
        self.events: list[str] = []
        self.owned: Owned | None = None

    def prepare(self) -> None:
        self.events.append("prepare")

    def begin(self, record: Record) -> None:
        del record
        self.events.append("begin")

    def mark(self, number: int) -> None:
        self.events.append(f"mark {number}")

    def finish(self) -> None:
        self.events.append("finish")

    def drop(self) -> None:
        self.events.append("drop")

    def write_owned(self, owned: Owned) -> None:
        self.owned = owned


@dataclass
class Story:
    kernel: Kernel
    owned: Owned = field(default_factory=Owned)

    def observe(self, desired: Desired) -> ModelObserved:
        """As `api.Host` observes for a plan."""
        keys = (*desired.resources, *self.owned.set_here)
        return self.kernel.observe([key[1] for key in keys if key[0] == "sysctl"])

    def plan(self, desired: Desired) -> tuple[ModelObserved, Plan]:
        observed = self.observe(desired)
        return observed, make_plan(desired, observed, self.owned)

    def apply(self, desired: Desired) -> Plan:
        """Plan, execute, remember. KernelError where the plan does not work."""
        observed, plan = self.plan(desired)
        for group in plan.batches():
            self.kernel.run(group)
        self.owned = owned_after(self.owned, plan, desired, observed, self.observe(desired))
        return plan

    def transaction(self, desired: Desired, store: Any = None) -> transaction.Transaction:
        observed, plan = self.plan(desired)
        return transaction.Transaction(
            cast(Netlink, self.kernel), cast(Store, store or MemoryStore()), plan, desired, observed, self.owned
        )
