"""A host, what netapply remembers of it, and the transaction that the laws carry out on the model."""

from __future__ import annotations

from contextlib import contextmanager
from collections.abc import Iterator
from dataclasses import dataclass, field
from unittest.mock import patch

from netapply.execute import transaction
from netapply.execute.ownership import owned_after
from netapply.model.owned import Owned
from netapply.model.resource import Desired
from netapply.plan import Plan, make_plan
from tests.model_kernel import Kernel, ModelObserved


class ModelSubmitter:
    """Stands where `kernel.submit.Submitter` stands."""

    def __init__(self, kernel: Kernel, indexes: dict[str, int]) -> None:
        del indexes
        self.run = kernel.run


@contextmanager
def on_the_model() -> Iterator[None]:
    """The transaction's code, with the model for a kernel."""
    with (
        patch.object(transaction, "Submitter", ModelSubmitter),
        patch.object(transaction, "observe", Kernel.observe),
    ):
        yield


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
