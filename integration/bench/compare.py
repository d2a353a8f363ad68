"""Who is run how often, and in which order.

Each round runs all sides one after another, so that a change of the machine's mood hits all of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from integration.bench import stages
from integration.bench.measure import Samples, namespace, rest, timed
from integration.bench.peers import Peers
from integration.bench.workloads import Files, bridges, one_bridge_for_ifupdown2
from netapply.kernel.namespace import entered

ROUNDS: Final = {100: 4, 300: 3, 1000: 4}
"""Rounds by number of bridges. Deleting a thousand takes the kernel 20 s, so there are few."""
SHORT_ROUNDS: Final = 21
"""Of what takes a fraction of a second and leaves nothing behind."""
NAME: Final = f"netapply-bench-{os.getpid()}"
Say = Callable[[str], None]


@dataclass(slots=True)
class Bridges:
    """All samples for one number of bridges."""

    size: int
    start: Samples
    """An apply of one bridge that is there already: the program's start, and next to nothing else."""
    first: Samples = field(default_factory=Samples)
    nothing: Samples = field(default_factory=Samples)
    batch: Samples = field(default_factory=Samples)

    @property
    def first_beyond(self) -> float:
        """Seconds of a first apply beyond the start of the program."""
        return self.first.least - self.start.least

    @property
    def nothing_beyond(self) -> float:
        return self.nothing.least - self.start.least


@dataclass(slots=True)
class Short:
    """`plan` of one bridge, `ifquery -a` of the same, and what a Python that does nothing takes."""

    plan: Samples = field(default_factory=Samples)
    query: Samples = field(default_factory=Samples)
    python: Samples = field(default_factory=Samples)


def one_bridge(peers: Peers, directory: Path, python: str) -> Short:
    """In a network namespace with nothing but a loopback, which the programs find themselves in."""
    found = Short()
    native, interfaces = bridges(directory, 1).native, one_bridge_for_ifupdown2(directory)
    with namespace(f"{NAME}-plan") as netns, entered(netns):
        for _ in range(SHORT_ROUNDS):
            found.query.runs.append(timed(peers.query(interfaces)))
            found.plan.runs.append(timed(peers.plan(native, directory / "plan")))
            found.python.runs.append(timed([python, "-c", "pass"]))
    return found


def many_bridges(peers: Peers, directory: Path, say: Say) -> list[Bridges]:
    """First apply and an apply with nothing to do, beside `ip -batch`, for each number of bridges."""
    one, started = bridges(directory, 1), Samples()
    found = []
    with namespace(f"{NAME}-one") as netns:
        command = peers.apply(netns, one.native, directory / "one")
        timed(command)
        for size, rounds in ROUNDS.items():
            samples, files = Bridges(size, started), bridges(directory, size)
            for number in range(rounds):
                say(f"{size} bridges, round {number + 1} of {rounds}")
                started.runs += [timed(command), timed(command)]
                _round(peers, files, directory, samples, batch_first=number % 2 == 0)
            found.append(samples)
    return found


def _round(peers: Peers, files: Files, directory: Path, samples: Bridges, *, batch_first: bool) -> None:
    """Both sides one right after the other, in turns the first: tidying up comes after both."""
    with namespace(f"{NAME}-ip") as theirs, namespace(f"{NAME}-netapply") as ours:
        batch, apply = peers.batch(theirs, files.batch), peers.apply(ours, files.native, directory / "many")
        sides = [(samples.batch, batch), (samples.first, apply)]
        for into, command in sides if batch_first else reversed(sides):
            rest(ours)
            into.runs.append(timed(command))
        rest(ours)
        samples.nothing.runs += [timed(apply), timed(apply)]


def stages_of_a_first_apply(directory: Path, size: int) -> list[stages.Stage]:
    """Where the time goes, in a process of its own."""
    with namespace(f"{NAME}-stages") as netns:
        return stages.in_a_process(netns, bridges(directory, size).native, directory / "stages")
