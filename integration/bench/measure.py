"""One process, timed; samples of it; and waiting until the kernel has come to rest."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from integration.bench.peers import BenchError

PATIENCE: Final = 180.0
"""Seconds that one process, or the kernel's tidying up, may take."""
QUICK: Final = 0.015
"""Seconds that a trivial change takes, its process included, where nobody holds the kernel's rtnl lock."""
IN_A_ROW: Final = 4
_LEFT_OUT: Final = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONPATH", "PYTHONTRACEMALLOC")
"""What a developer's shell may set, and what would be measured instead of the program."""


class Run(NamedTuple):
    """One process: seconds on the clock and of CPU, and its largest memory in bytes."""

    wall: float
    cpu: float
    peak: int


@dataclass(slots=True)
class Samples:
    """Several runs of the same."""

    runs: list[Run] = field(default_factory=list)

    @property
    def least(self) -> float:
        """Seconds. What others do on the machine can only add, so the least is nearest to the truth."""
        return min(run.wall for run in self.runs)

    @property
    def median(self) -> float:
        return statistics.median(run.wall for run in self.runs)

    @property
    def peak(self) -> int:
        return max(run.peak for run in self.runs)


def timed(command: Sequence[str]) -> Run:
    """Run a program to its end. BenchError where it fails: a failure is no measurement."""
    with tempfile.TemporaryFile() as complaint:
        started = time.perf_counter()
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=complaint, env=_environment())
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            complaint.seek(0)
            said = complaint.read().decode(errors="replace").strip()[-500:]
            raise BenchError(f"cannot measure {' '.join(command)}: it exits with {child.returncode}: {said}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def _environment() -> Mapping[str, str]:
    return {name: value for name, value in os.environ.items() if name not in _LEFT_OUT}


def quietly(*command: str) -> None:
    """Run a program that only prepares or tidies up."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    if done.returncode != 0:
        raise BenchError(f"cannot prepare: {' '.join(command)}: {done.stderr.strip()[-500:]}")


@contextmanager
def namespace(name: str) -> Iterator[str]:
    """A throw-away network namespace, gone with all its devices when the block ends.

    Removing a namespace leaves its devices to a kernel thread, which then holds the rtnl lock for 20 ms a
    bridge and would be measured with whatever comes next. So the devices are deleted before, while we wait.
    """
    quietly("ip", "netns", "add", name)
    try:
        quietly("ip", "-netns", name, "link", "set", "lo", "up")
        rest(name)
        yield name
    finally:
        _delete_bridges(name)
        quietly("ip", "netns", "delete", name)


def _delete_bridges(netns: str) -> None:
    listed = subprocess.run(
        ["ip", "-netns", netns, "-brief", "link", "show", "type", "bridge"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    names = [line.split()[0] for line in listed.stdout.splitlines()]
    if not names:
        return
    with tempfile.NamedTemporaryFile("w", suffix=".batch") as batch:
        batch.writelines(f"link set dev {name} group 7\n" for name in names)
        batch.flush()
        quietly("ip", "-netns", netns, "-batch", batch.name)
    quietly("ip", "-netns", netns, "link", "delete", "group", "7")


def rest(netns: str) -> None:
    """Wait until a trivial change is quick several times in a row; BenchError if it never is."""
    deadline = time.monotonic() + PATIENCE
    quick = 0
    while quick < IN_A_ROW:
        if time.monotonic() > deadline:
            raise BenchError(f"cannot measure: the kernel has been busy for {PATIENCE:.0f} s; try again later")
        run = timed(["ip", "-netns", netns, "link", "set", "lo", "up"])
        quick = quick + 1 if run.wall < QUICK else 0
        time.sleep(0.05)
