"""Where the time of a first apply goes: each stage's own time, without the stages that it calls.

Runs as a process of its own, `python -m integration.bench.stages NETNS FILE STATE_DIR`, and prints JSON. What it
times are the engine's own functions, so the sum is the apply, plus a microsecond a call.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from integration.bench.peers import BenchError

TIMED: Final = (
    ("read the file", "netapply.sources", "load"),
    ("read the kernel", "netapply.pipeline", "observe"),
    ("find the difference, make the plan", "netapply.pipeline", "make_plan"),
    ("keep the journal and the ownership", "netapply.execute.transaction", "Transaction.run"),
    ("make the messages", "netapply.kernel.submit", "Submitter.run"),
    ("the kernel's work on the messages", "netapply.kernel.netlink", "Netlink.transact"),
    ("verify: read the kernel again", "netapply.execute.transaction", "observe"),
    ("verify: find no difference", "netapply.execute.transaction", "Transaction._verify"),
)
"""What a stage is called, and the function that is timed for it, in the order of a run."""


WARMING: Final = "{version: 1, links: {br0: {kind: bridge, addresses: [192.0.2.1/24]}}}"
"""Brings in what the file will need, which is a part of the start-up and of no stage."""


class Stage(NamedTuple):
    """Seconds of a stage, without what it calls of others."""

    name: str
    seconds: float


class Stopwatch:
    """Exclusive times by name: while an inner function runs, the outer one's clock stands."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = dict.fromkeys((name for name, _, _ in TIMED), 0.0)
        self._inner: list[float] = []

    def timing(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **named: Any) -> Any:
            self._inner.append(0.0)
            started = time.perf_counter()
            try:
                return function(*args, **named)
            finally:
                whole = time.perf_counter() - started
                self.seconds[name] += whole - self._inner.pop()
                if self._inner:
                    self._inner[-1] += whole

        return timed


def owner_and_attribute(module: str, path: str) -> tuple[Any, str]:
    """The module or class that holds what `path` names, and its name there."""
    *outer, last = path.split(".")
    owner: Any = importlib.import_module(module)
    for part in outer:
        owner = getattr(owner, part)
    return owner, last


def in_a_process(netns: str, file: Path, state: Path) -> list[Stage]:
    """Measure in a fresh interpreter. BenchError where that fails."""
    command = [sys.executable, "-m", "integration.bench.stages", netns, str(file), str(state)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"cannot find out where the time goes: {done.stderr.strip()[-500:]}")
    return [Stage(*item) for item in json.loads(done.stdout)]


def main(netns: str, file: str, state: str) -> None:
    from netapply.cli import single_run

    single_run.begin()
    import netapply.api
    from netapply import sources

    sources.loads(WARMING)
    stopwatch = Stopwatch()
    for name, module, path in TIMED:
        owner, attribute = owner_and_attribute(module, path)
        setattr(owner, attribute, stopwatch.timing(name, getattr(owner, attribute)))
    host = netapply.api.Host(netns, state, Path(state, "run"))
    host.plan_for(sources.load([file])).apply()
    json.dump(list(stopwatch.seconds.items()), sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
