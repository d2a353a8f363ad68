"""The bench's own parts: what it times is there, and its verdicts follow from its samples."""

from __future__ import annotations

import time

import pytest

from integration.bench import report
from integration.bench.compare import Bridges, Short
from integration.bench.measure import Run, Samples
from integration.bench.stages import TIMED, Stopwatch, owner_and_attribute


@pytest.mark.parametrize(("module", "path"), [(module, path) for _, module, path in TIMED])
def test_what_is_timed_is_there(module: str, path: str) -> None:
    owner, attribute = owner_and_attribute(module, path)
    assert callable(getattr(owner, attribute))


def test_the_stopwatch_counts_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The outer function begins at 10 and ends at 20; the inner one runs from 12 to 15."""
    clock = iter([10.0, 12.0, 15.0, 20.0])
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    watch = Stopwatch()
    outer, inner, *_ = watch.seconds
    watch.timing(outer, watch.timing(inner, lambda: None))()
    assert (watch.seconds[outer], watch.seconds[inner]) == (7.0, 3.0)


def seconds(*walls: float) -> Samples:
    return Samples([Run(wall, wall, 2**20) for wall in walls])


def bridges(size: int, first: float, nothing: float, batch: float) -> Bridges:
    return Bridges(size, seconds(0.1, 0.3), seconds(first, 9), seconds(nothing), seconds(batch))


def verdicts(plan: float, many: Bridges) -> list[str]:
    short = Short(seconds(plan), seconds(0.15), seconds(0.01))
    lines = report.rows(short, [bridges(100, first=0.12, nothing=0.11, batch=0.012), many])
    assert len(report.table(lines).splitlines()) == 2 + len(lines)
    return [line.reached for line in lines if line.reached != "-"]


def test_a_run_that_reaches_every_limit() -> None:
    assert verdicts(0.15, bridges(1000, first=0.33, nothing=0.2, batch=0.12)) == ["yes"] * 5


def test_a_run_that_reaches_none() -> None:
    assert verdicts(0.16, bridges(1000, first=0.5, nothing=1.2, batch=0.12)) == ["no"] * 5
