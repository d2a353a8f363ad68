"""Standard output that survives its reader: a closed pipe must not break a transaction halfway."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from typing import TextIO

from netapply.render.paint import Paint, ansi, plain

ERASE_LINE = "\r\033[K"


class Output:
    """Lines on a stream. After the first failure it falls silent, and `failure` says why."""

    def __init__(self, stream: TextIO, environment: Mapping[str, str] = os.environ) -> None:
        self._stream = stream
        self._unfinished = False
        self.failure: OSError | None = None
        self.on_terminal = stream.isatty()
        self.can_rewrite = self.on_terminal and environment.get("TERM", "dumb") != "dumb"
        coloured = self.can_rewrite and not environment.get("NO_COLOR")
        self.paint: Paint = ansi if coloured else plain
        _tolerate_any_text(stream)

    def line(self, text: str = "") -> None:
        """A line; what `rewrite` has left there makes room for it."""
        self._write((ERASE_LINE if self._unfinished else "") + text + "\n")
        self._unfinished = False

    def rewrite(self, text: str) -> None:
        """Put a line in the place of the one that the last `rewrite` wrote; for terminals only."""
        self._write(ERASE_LINE + text)
        self._unfinished = True
        self.flush()

    def end_line(self) -> None:
        """Take away what `rewrite` has left, so that an error begins at the margin."""
        if self._unfinished:
            self._write(ERASE_LINE)
            self._unfinished = False
            self.flush()

    def ask(self, question: str) -> str:
        """The answer to a question on the terminal, without its newline; empty at the end of input."""
        self._write(question)
        self.flush()
        try:
            return sys.stdin.readline().strip()
        except KeyboardInterrupt:
            self.line()
            raise

    def flush(self) -> None:
        """Bring everything to its reader."""
        if self.failure is None:
            try:
                self._stream.flush()
            except OSError as error:
                self._fall_silent(error)

    def finish(self) -> None:
        self.end_line()
        self.flush()

    def _write(self, text: str) -> None:
        if self.failure is None:
            try:
                self._stream.write(text)
            except OSError as error:
                self._fall_silent(error)

    def _fall_silent(self, error: OSError) -> None:
        """What is still buffered goes to /dev/null, else the interpreter fails on it at its exit."""
        self.failure = error
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


def is_interactive(out: Output) -> bool:
    """Whether a person can be asked: standard input and output are a terminal."""
    return out.on_terminal and sys.stdin is not None and sys.stdin.isatty()


def _tolerate_any_text(stream: TextIO) -> None:
    """A terminal that cannot show an arrow shows its code: better than an error in mid-apply."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
