"""Measure everything, print the table, write docs/performance.md. Exit code 1 where it cannot be measured."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from integration.bench import compare, document, peers, report
from integration.bench.peers import BenchError


def main() -> int:
    if os.geteuid() != 0:
        return _refuse("network namespaces need root; run as root: make bench")
    try:
        # On the disk where netapply's own state is: what a journal costs is part of the time.
        with tempfile.TemporaryDirectory(prefix="netapply-bench-", dir="/var/lib") as directory:
            _measure(Path(directory))
    except BenchError as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        return _refuse("interrupted; all namespaces are removed")
    return 0


def _measure(directory: Path) -> None:
    commands = peers.find()
    started, load = time.monotonic(), _load()
    _say("plan of one bridge, beside ifquery")
    short = compare.one_bridge(commands, directory, sys.executable)
    sizes = compare.many_bridges(commands, directory, _say)
    _say("where the time goes")
    stages = compare.stages_of_a_first_apply(directory, sizes[-1].size)
    lines = report.rows(short, sizes)
    setting = [*commands.versions(), f"load {load} before and {_load()} after"]
    print(f"\n{report.table(lines)}\n")
    print("\n\n".join([report.samples_table(short, sizes), report.stage_table(stages), "; ".join(setting)]))
    document.write(lines, short, sizes, stages, setting)
    minutes = (time.monotonic() - started) / 60
    print(f"\nWritten to {report.DOCUMENT}; this took {minutes:.1f} minutes.")


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


def _say(text: str) -> None:
    print(f"bench: {text} (load {_load()})", file=sys.stderr, flush=True)


def _refuse(reason: str) -> int:
    print(f"bench: {reason}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
