"""Standard error: errors as one line, and with -v what happens, through structlog.

structlog takes 40 ms to import, so it is imported when the first line really needs it.
"""

from __future__ import annotations

import sys
from typing import Any, TextIO


class Log:
    """What a command says beside its result."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._as_json = False
        self._verbose = False
        self._logger: Any = None

    def configure(self, *, as_json: bool, verbose: bool) -> None:
        """Known only once the command line is read; until then, lines are for a person."""
        self._as_json, self._verbose = as_json, verbose

    def error(self, message: str) -> None:
        """One line, whatever the message holds."""
        if self._as_json:
            self._structured().error(message)
        else:
            self._print("netapply: " + " ".join(message.splitlines()))

    def debug(self, event: str, **values: Any) -> None:
        """Something that happened, with -v only."""
        if self._verbose:
            self._structured().debug(event, **values)

    def traceback(self, error: BaseException) -> None:
        """Where an error comes from, with -v only."""
        if not self._verbose:
            return
        from traceback import format_exception  # with its own imports it takes 1 ms

        lines = "".join(format_exception(error))
        if self._as_json:
            self._structured().debug("traceback", traceback=lines)
        else:
            self._print(lines.rstrip())

    def _print(self, text: str) -> None:
        try:
            print(text, file=self._stream, flush=True)
        except OSError:
            return  # nobody listens any more; the exit code still tells

    def _structured(self) -> Any:
        if self._logger is None:
            self._logger = structured(self._stream, as_json=self._as_json)
        return self._logger


def structured(stream: TextIO, *, as_json: bool) -> Any:
    """A structlog logger that writes to the stream."""
    import structlog

    last: Any = structlog.processors.JSONRenderer()
    if not as_json:
        last = structlog.dev.ConsoleRenderer(colors=stream.isatty() and stream is sys.stderr)
    return structlog.wrap_logger(
        structlog.PrintLogger(stream),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            last,
        ],
    )
