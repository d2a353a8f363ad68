"""Progress of an apply: one line that is rewritten on a terminal, one line an operation elsewhere.

Operations that go to the kernel as one batch have one time, which stands behind the last of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from netapply.cli.output import Output
from netapply.render.paint import printable

if TYPE_CHECKING:
    from netapply.api import Progress

Reporter = Callable[["Progress"], None]
COLUMNS = 78
"""A rewritten line must not wrap; so much fits on every terminal."""


def reporter(out: Output) -> Reporter:
    """What the engine calls after each group of operations. It never raises: that would undo the apply."""
    if out.can_rewrite:
        return lambda progress: out.rewrite(_clipped(_counted(progress, str(progress))))
    out.line()
    return lambda progress: _lines(out, progress)


def _lines(out: Output, progress: Progress) -> None:
    *others, last = progress.lines()
    for line in others:
        out.line(_counted(progress, line))
    batch = f" for {len(others) + 1}" if others else ""
    out.line(f"{_counted(progress, last)}  ({progress.seconds * 1000:.1f} ms{batch})")
    out.flush()


def _counted(progress: Progress, text: str) -> str:
    width = len(str(progress.total))
    return f"[{progress.number:>{width}}/{progress.total}] {printable(text)}"


def _clipped(text: str) -> str:
    return text if len(text) <= COLUMNS else text[: COLUMNS - 1] + "…"
