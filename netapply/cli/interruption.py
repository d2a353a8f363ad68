"""Signals during a transaction: one is enough to stop it, and none may stop the way back.

The first SIGINT or SIGTERM raises KeyboardInterrupt, upon which the engine undoes what it did; further
ones are ignored until that is done. SIGHUP (the terminal is gone, perhaps because of this very change)
is ignored, as half a network is worse than either whole one.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

STOPPING: Final = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def undo_uninterrupted() -> Iterator[None]:
    """Be ready for one interruption; restore the former reactions afterwards. For the main thread."""
    former = {number: signal.getsignal(number) for number in (*STOPPING, signal.SIGHUP)}
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for number in STOPPING:
        signal.signal(number, _interrupt_once)
    try:
        yield
    finally:
        for number, reaction in former.items():
            signal.signal(number, reaction)


def _interrupt_once(number: int, frame: Any) -> None:
    for stopping in STOPPING:
        signal.signal(stopping, signal.SIG_IGN)
    raise KeyboardInterrupt
