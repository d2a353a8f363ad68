"""A lab host under netapply, with a state directory of its own: what most tests here begin with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
import yaml
from _pytest.mark import ParameterSet

from netapply import Host, Plan, Result
from netapply.errors import KernelError
from netapply.kernel.submit import Submitter
from netapply.lab import Host as LabHost
from netapply.lab import Lab
from netapply.plan import Operation

PLANS: Final = Path(__file__).parent.parent / "plans"


FEATURE: Final = {"bond": "bonding", "ip6gretap": "ip6gre", "vlan": "8021q"}
"""The kernel feature of a kind where it has another name (integration/fullkernel/features.py)."""


def every_plan() -> list[ParameterSet]:
    """pytest parameters: every file of plans/, in the full kernel where this one lacks a kind that it names."""
    return [pytest.param(path, id=path.stem, marks=_features(path)) for path in sorted(PLANS.glob("*.yaml"))]


def _features(plan: Path) -> list[pytest.MarkDecorator]:
    links = yaml.safe_load(plan.read_text()).get("links", {}).values()
    kinds = {link["kind"] for link in links if link and "kind" in link}
    names = sorted(FEATURE.get(kind, kind) for kind in kinds)
    names += ["vlan_filtering"] if any(link and link.get("vlan_filtering") for link in links) else []
    return [pytest.mark.kernel(*names)] if names else []


class Node:
    """A host of a lab, and netapply for it."""

    def __init__(self, machine: LabHost, directory: Path) -> None:
        self.machine = machine
        self.netns = machine.netns
        self.directory = directory / machine.name
        self.host = Host(machine.netns, self.directory / "lib", self.directory / "run")

    def plan(self, wish: str | Path) -> Plan:
        """The plan for a file, or for the text of one."""
        return self.host.plan(wish) if isinstance(wish, Path) else self.host.plan_text(wish)

    def apply(self, wish: str | Path) -> Result:
        return self.plan(wish).apply()

    def settle(self, wish: str | Path) -> None:
        """Apply, and see that nothing is left to do."""
        self.apply(wish)
        again = self.plan(wish)
        assert not again, f"a second plan is not empty:\n{again}"


@contextmanager
def one_node(directory: Path) -> Iterator[tuple[Lab, Node, LabHost]]:
    """A node whose eno1 and eno2 are cabled to eth0 and eth1 of a host called outside."""
    with Lab() as lab:
        machine, outside = lab.host("pve1"), lab.host("outside")
        lab.cable(machine, "eno1", outside, "eth0")
        lab.cable(machine, "eno2", outside, "eth1")
        yield lab, Node(machine, directory), outside


class Fault:
    """Makes the operation with a given number fail, after those before it were really carried out."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.seen = 0
        self.fired = False

    def strike(self, submitter: Submitter, group: list[Operation]) -> None:
        if self.fired or self.seen + len(group) <= self.number:
            self.seen += len(group)
            CARRY_OUT(submitter, group)
            return
        self.fired = True
        before = group[: self.number - self.seen]
        if before:
            CARRY_OUT(submitter, before)
        raise KernelError("do what this test forbids", 5, "injected fault")


CARRY_OUT: Final = Submitter.run


@contextmanager
def failing_at(number: int) -> Iterator[Fault]:
    """Inside the block, the operation `number` (from 0) of the next transaction fails; its undo does not."""
    fault = Fault(number)

    def run(self: Submitter, group: list[Operation]) -> None:
        fault.strike(self, group)

    Submitter.run = run  # type: ignore[method-assign]
    try:
        yield fault
    finally:
        Submitter.run = CARRY_OUT  # type: ignore[method-assign]
