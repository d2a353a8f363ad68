"""Progress of an apply: one line that is rewritten on a terminal, one line a group elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from netapply.cli.output import Output
from netapply.render.paint import printable

if TYPE_CHECKING:
    from netapply.execute.transaction import Progress

Reporter = Callable[["Progress"], None]
COLUMNS = 78
"""A rewritten line must not wrap; so much fits on every terminal."""


def reporter(out: Output) -> Reporter:
    """What the engine calls after each group of operations. It never raises: that would undo the apply."""
    if out.can_rewrite:
        return lambda progress: out.rewrite(_clipped(_counted(progress)))
    out.line()
    return lambda progress: _line(out, progress)


def _line(out: Output, progress: Progress) -> None:
    out.line(f"{_counted(progress)}  ({progress.seconds * 1000:.1f} ms)")
    out.flush()


def _counted(progress: Progress) -> str:
    width = len(str(progress.total))
    return f"[{progress.number:>{width}}/{progress.total}] {printable(progress.text)}"


def _clipped(text: str) -> str:
    return text if len(text) <= COLUMNS else text[: COLUMNS - 1] + "…"
