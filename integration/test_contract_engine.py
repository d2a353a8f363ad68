"""What every contract test stands on: a namespace in which netapply works and iproute2 bears witness.

`Engine` writes through netapply's own front door (a file, planned, applied as a transaction, verified) and
reads with `ip`, a program that shares no code with it. The tests below prove that the engine notices a
kernel that says yes and does something else: what it is trusted with elsewhere.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from integration.raw_link import words_of
from netapply import Host
from netapply.api import Plan
from netapply.errors import KernelError, RolledBackError
from netapply.kernel.observe import Observed, observe
from netapply.kernel.submit import Submitter
from netapply.lab import Host as LabHost
from netapply.lab import Lab
from netapply.model.attribute import Value
from netapply.model.owned import Owned
from netapply.model.resource import Desired, Key, Resource
from netapply.plan import Operation, make_plan
from netapply.plan.plan import Phase, Verb

Json = Any


MEMORY = Path("/dev/shm")


class Engine:
    """One namespace: netapply's view of it, and iproute2's."""

    def __init__(self, host: LabHost, state: Path) -> None:
        self.host = host
        self.netapply = Host(host.netns, state, state)

    def plan(self, **sections: Json) -> Plan:
        """The plan for a file with these sections."""
        return self.netapply.plan_text(json.dumps({"version": 1, **sections}), "contract.yaml")

    def apply(self, **sections: Json) -> Plan:
        """Make the namespace match a file with these sections; afterwards nothing may be left to do."""
        plan = self.plan(**sections)
        plan.apply()
        again = self.plan(**sections)
        assert not again, f"applied, and yet:\n{again}"
        return plan

    def observed(self) -> Observed:
        """What netapply's reader says."""
        with self.netapply.session() as session:
            return observe(session.netlink)

    def seen(self, key: Key) -> Resource:
        """One resource as netapply's reader says."""
        resource = self.observed().get(key)
        assert resource is not None, f"{key} is not there"
        return resource

    def link(self, name: str) -> Resource:
        return self.seen(("link", name))

    def operate(self, *operations: Operation) -> None:
        """Send operations that no plan asked for. Raises KernelError where the kernel refuses."""
        with self.netapply.session() as session:
            submitter = Submitter(session.netlink, observe(session.netlink).indexes)
            for operation in operations:
                submitter.run([operation])

    def set_in_place(self, name: str, kind: str, **attributes: Value) -> KernelError | None:
        """Change an existing link whether that is allowed or not: the kernel's refusal, None if it said yes."""
        try:
            self.operate(Operation(Verb.SET, ("link", name), kind, Phase.LINK, attributes))
        except KernelError as refusal:
            return refusal
        return None

    def restore(self, *wishes: Resource, owned: Owned | None = None) -> None:
        """Carry out the plan for resources that a file cannot describe in full, as an undo does."""
        desired = Desired({wish.key: wish for wish in wishes}, source="contract")
        with self.netapply.session() as session:
            now = observe(session.netlink)
            plan = make_plan(desired, now, owned or Owned(marks_count=False))
            submitter = Submitter(session.netlink, now.indexes)
            for group in plan.batches():
                submitter.run(group)

    def ip(self, *arguments: str) -> list[Json]:
        """What `ip -details -statistics -json` shows."""
        command = ["ip", "-n", self.host.netns, "-d", "-s", "-s", "-j", *arguments]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
        return [self._with_words(entry) for entry in json.loads(done.stdout or "[]") if entry]

    def _with_words(self, entry: Json) -> Json:
        """With what this iproute2 has no name for (raw_link), where there is such a thing."""
        if entry.get("linkinfo", {}).get("info_kind") == "bridge":
            entry["linkinfo"]["info_data"]["unnamed"] = words_of(self.host.netns, entry["ifname"])
        return entry

    def ip_link(self, name: str) -> Json:
        (shown,) = self.ip("link", "show", "dev", name)
        return shown

    def run_ip(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Do something by hand, as an administrator would; the outcome is the caller's to judge."""
        command = ["ip", "-n", self.host.netns, *arguments]
        return subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)

    def by_hand(self, *arguments: str) -> None:
        """The same where it must succeed."""
        done = self.run_ip(*arguments)
        assert done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr}"


@contextmanager
def at_work(host: LabHost) -> Iterator[Engine]:
    """An engine with its journals in memory where there is such a place: hundreds of them take a disk's time."""
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as state:
        yield Engine(host, Path(state))


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Lab() as lab, at_work(lab.host("near")) as engine:
        yield engine


def test_a_set_that_the_kernel_ignores_is_not_taken_for_done(engine: Engine) -> None:
    """The kernel says yes to an ageing of 0 s and makes it 300 s: netapply must not believe the yes."""
    engine.operate(Operation(Verb.CREATE, ("link", "probe"), "vxlan", Phase.LINK, {"vni": 7, "ageing": 60}))
    assert engine.set_in_place("probe", "vxlan", ageing=0) is None
    assert engine.link("probe").attributes["ageing"] == 300


def test_an_apply_that_the_kernel_does_not_keep_is_undone(engine: Engine) -> None:
    """Another hand sets the value back right after netapply's write: the verification sees it."""
    engine.apply(links={"probe": {"kind": "bridge"}})
    plan = engine.plan(links={"probe": {"kind": "bridge", "priority": 5}})
    with pytest.raises(RolledBackError, match="priority is 6, not 5"):
        plan.apply(lambda _: engine.by_hand("link", "set", "probe", "type", "bridge", "priority", "6"))
    assert engine.ip_link("probe")["linkinfo"]["info_data"]["priority"] == 32768


def test_both_witnesses_see_a_change_made_by_hand(engine: Engine) -> None:
    engine.apply(links={"probe": {"kind": "bridge", "hello_time": 3}})
    engine.by_hand("link", "set", "probe", "type", "bridge", "hello_time", "400")
    assert engine.link("probe").attributes["hello_time"] == 4
    assert engine.ip_link("probe")["linkinfo"]["info_data"]["hello_time"] == 400
    assert engine.plan(links={"probe": {"kind": "bridge", "hello_time": 3}})


def test_a_refusal_is_returned_with_the_kernels_words(engine: Engine) -> None:
    engine.apply(links={"probe": {"kind": "vxlan", "vni": 7}})
    refusal = engine.set_in_place("probe", "vxlan", vni=8)
    assert refusal is not None
    assert "Cannot change VNI" in str(refusal)
    assert engine.set_in_place("probe", "vxlan", ttl=9) is None
