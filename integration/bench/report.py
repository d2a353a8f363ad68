"""The table of a run, with each limit and whether it was reached; on the terminal and in docs/performance.md."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from integration.bench.compare import Bridges, Short
from integration.bench.measure import Samples
from integration.bench.stages import Stage

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "performance.md"
FIRST_APPLY: Final = 2.0
NOTHING_TO_DO: Final = 1.0
"""Seconds beyond start-up."""
PLAN: Final = 1.0
GROWTH: Final = 1.2
"""Cost of one device among 1,000 by that of one among 100, less the kernel's own growth."""


class Row(NamedTuple):
    """One comparison, in words."""

    work: str
    netapply: str
    peer: str
    ratio: str
    limit: str = "-"
    reached: str = "-"


HEAD: Final = Row("work", "netapply", "peer", "ratio", "limit", "reached")


class Growth(NamedTuple):
    """How much more one device costs among many than among few; 1.0 is linear."""

    first: float
    nothing: float
    batch: float


def rows(short: Short, sizes: Sequence[Bridges]) -> list[Row]:
    """Every comparison; the limits are for the largest number of bridges."""
    found = [_plan_row(short)]
    for samples in sizes:
        found += [_first_row(samples, last=samples is sizes[-1]), _total_row(samples)]
    found += [_nothing_row(samples, last=samples is sizes[-1]) for samples in sizes]
    return [*found, *_growth_rows(growth(sizes[0], sizes[-1]), sizes)]


def growth(few: Bridges, many: Bridges) -> Growth:
    scale = few.size / many.size
    return Growth(
        scale * many.first_beyond / few.first_beyond,
        scale * many.nothing_beyond / few.nothing_beyond,
        scale * many.batch.least / few.batch.least,
    )


def _plan_row(short: Short) -> Row:
    ratio = short.plan.least / short.query.least
    return Row(
        "`plan` of one bridge, whole process", _ms(short.plan.least), f"{_ms(short.query.least)} `ifquery -a`",
        f"{ratio:.2f}", f"{PLAN:.1f}", _verdict(ratio <= PLAN),
    )  # fmt: skip


def _first_row(samples: Bridges, *, last: bool) -> Row:
    ratio = samples.first_beyond / samples.batch.least
    row = Row(
        f"first apply of {samples.size} bridges, beyond start-up", _ms(samples.first_beyond),
        f"{_ms(samples.batch.least)} `ip -batch`", f"{ratio:.2f}",
    )  # fmt: skip
    return row._replace(limit=f"{FIRST_APPLY:.1f}", reached=_verdict(ratio <= FIRST_APPLY)) if last else row


def _total_row(samples: Bridges) -> Row:
    total = samples.first.least
    return Row(
        f"the same of {samples.size}, whole process", _ms(total), f"{_ms(samples.batch.least)} `ip -batch`",
        f"{total / samples.batch.least:.2f}",
    )  # fmt: skip


def _nothing_row(samples: Bridges, *, last: bool) -> Row:
    beyond = samples.nothing_beyond
    row = Row(f"nothing to do at {samples.size} bridges, beyond start-up", _ms(beyond), "-", "-")
    return row._replace(limit=_ms(NOTHING_TO_DO), reached=_verdict(beyond <= NOTHING_TO_DO)) if last else row


def _growth_rows(grown: Growth, sizes: Sequence[Bridges]) -> Iterator[Row]:
    many, few = sizes[-1].size, sizes[0].size
    first = grown.first / grown.batch
    yield Row(
        f"cost of a device, {many} against {few}: first apply", f"x {grown.first:.2f}",
        f"x {grown.batch:.2f} `ip -batch`", f"{first:.2f}", f"{GROWTH:.1f}", _verdict(first <= GROWTH),
    )  # fmt: skip
    yield Row(
        f"cost of a device, {many} against {few}: nothing to do", f"x {grown.nothing:.2f}", "x 1",
        f"{grown.nothing:.2f}", f"{GROWTH:.1f}", _verdict(grown.nothing <= GROWTH),
    )  # fmt: skip


def table(lines: Iterable[Row]) -> str:
    return aligned([HEAD, *lines])


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """A table that is Markdown, and lines up on a terminal."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    head, *rest = (_line(line, widths) for line in lines)
    rule = "|".join("-" * (width + 2) for width in widths)
    return "\n".join([head, f"|{rule}|", *rest])


def _line(line: Sequence[str], widths: Sequence[int]) -> str:
    cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
    return f"| {' | '.join(cells)} |"


def samples_table(short: Short, sizes: Sequence[Bridges]) -> str:
    """Every sample's least and median, and the largest memory of a first apply."""
    lines = [
        ("`plan` of one bridge", _both(short.plan), ""),
        ("`ifquery -a`", _both(short.query), ""),
        ("a Python that does nothing", _both(short.python), ""),
        ("start-up: `apply` of one bridge that is there", _both(sizes[0].start), ""),
    ]
    for samples in sizes:
        size, memory = samples.size, f"{samples.first.peak / 2**20:.0f} MB"
        lines.append((f"first `apply` of {size}, whole process", _both(samples.first), memory))
        lines.append((f"`apply` of {size} with nothing to do", _both(samples.nothing), ""))
        lines.append((f"`ip -batch` of {size}", _both(samples.batch), ""))
    return aligned([("process", "least (median)", "memory"), *lines])


def _both(samples: Samples) -> str:
    return f"{_ms(samples.least)} ({_ms(samples.median)})"


def stage_table(stages: Sequence[Stage]) -> str:
    whole = sum(stage.seconds for stage in stages)
    lines = [(stage.name, _ms(stage.seconds), f"{stage.seconds / whole:.0%}") for stage in stages]
    return aligned([("stage", "time", "share"), *lines, ("all", _ms(whole), "100%")])


def machine() -> str:
    """Processor, cores and kernel."""
    models = (line.partition(":")[2].strip() for line in _cpu() if line.startswith("model name"))
    model = next(models, platform.machine())
    return f"{os.cpu_count()} x {model}, Linux {platform.release()}"


def _cpu() -> list[str]:
    return Path("/proc/cpuinfo").read_text().splitlines()


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


def _verdict(reached: bool) -> str:
    return "yes" if reached else "no"
