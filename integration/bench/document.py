"""docs/performance.md, as one run writes it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from integration.bench.compare import ROUNDS, SHORT_ROUNDS, Bridges, Short
from integration.bench.report import DOCUMENT, Row, machine, samples_table, stage_table, table
from integration.bench.stages import Stage

ABOUT = """\
# Performance

Written by `make bench`. The times belong to one machine and one moment; what carries over are the ratios,
because all sides take turns in the same run. Every time is the least of its samples: what else happens on a machine
can only add.

"""
HOW = """
## How it is measured

- Work: N bridges, each with one address, each up, in an empty network namespace. `ip -batch` gets three
  commands a bridge from a file; netapply gets a YAML file, and its time includes reading the file and the kernel, the
  plan, printing it, the journal on the disk, reading everything back, and the record of what it owns.
- Beyond start-up: less the time of an apply of one bridge that is there already, which imports the same.
- Nothing to do: the same apply a second time.
- `plan` of one bridge and `ifquery -a` are whole processes, alternating, in a namespace with a loopback only.
  `ifquery` reads and prints its file; `plan` also reads the kernel. ifupdown2 runs unmodified (`.ci/peers`),
  compiled as its package does it, and so is netapply. Part of ifquery's time is waiting for a thread of its own.
- Growth: the cost of one device among many by its cost among few. The kernel's own grows too (`ip -batch`),
  so netapply's first apply is divided by that.
- The devices of each round are deleted before the next, and a round begins only when a trivial change is quick
  again: the kernel removes a bridge in 20 ms, and holds its lock meanwhile.
"""


def write(
    lines: Sequence[Row], short: Short, sizes: Sequence[Bridges], stages: Sequence[Stage], setting: Sequence[str]
) -> None:
    """Replace the document by what this run has found."""
    today = datetime.now(UTC).date().isoformat()
    rounds = ", ".join(f"{rounds} of {size}" for size, rounds in ROUNDS.items())
    parts = [
        ABOUT, f"Measured on {today}: {machine()}. {'; '.join(setting)}.\n\n", table(lines),
        "\n\n## The samples\n\n", samples_table(short, sizes), "\n",
        f"\n## Where the time of a first apply goes\n\n{sizes[-1].size} bridges, one run:\n\n",
        stage_table(stages), "\n", HOW,
        f"- Rounds: {rounds} bridges; {SHORT_ROUNDS} of the short ones.\n",
    ]  # fmt: skip
    DOCUMENT.write_text("".join(parts))
