"""Ctrl-C must not leave half a lab: signals wait until a removal is complete."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_WAITING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def held_back() -> Iterator[None]:
    """Hold SIGINT and SIGTERM back while the block runs, deliver them after it.

    Signals reach Python code in the main thread only (Python's `signal` module), so elsewhere this
    does nothing. A handler that was not installed from Python cannot be restored and is left in place.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        received.append(number)

    handlers = {waiting: signal.getsignal(waiting) for waiting in _WAITING}
    replaceable = {waiting: handler for waiting, handler in handlers.items() if handler is not None}
    try:
        for waiting in replaceable:
            signal.signal(waiting, note)
        yield
    finally:
        for waiting, handler in replaceable.items():
            signal.signal(waiting, handler)
        for number in dict.fromkeys(received):
            signal.raise_signal(number)
