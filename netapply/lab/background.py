"""A thread that can be told to stop, and whose failure is not lost."""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

STOP_SECONDS = 5.0


class Background:
    """Runs `loop(stop)` in a thread while a `with` block lasts; the loop ends once `stop()` is true.

    Leaving the block tells the loop to end, waits for that (5 seconds at most) and raises what it raised.
    """

    def __init__(self, name: str, loop: Callable[[Stop], None]) -> None:
        self._name = name
        self._loop = loop

    def __enter__(self) -> None:
        self._stop = Stop()
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix=self._name)
        self._result: Future[None] = self._threads.submit(self._loop, self._stop)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        try:
            self._result.result(timeout=STOP_SECONDS)
        finally:
            self._threads.shutdown(wait=False)
            self._stop.close()


class Stop:
    """A flag that also wakes a poll(2), so that no loop needs to look at it every so often."""

    def __init__(self) -> None:
        self._descriptor = os.eventfd(0, os.EFD_CLOEXEC)
        self._requested = False

    def __call__(self) -> bool:
        return self._requested

    def set(self) -> None:
        self._requested = True
        os.eventfd_write(self._descriptor, 1)

    def wait_for(self, descriptor: int, timeout_seconds: float | None = None) -> bool:
        """Wait until the descriptor is readable: True. False if told to stop first or the time is up."""
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.register(self._descriptor, select.POLLIN)
        ready = poll.poll(None if timeout_seconds is None else max(0.0, timeout_seconds * 1000))
        return any(number == descriptor for number, _ in ready) and not self._requested

    def close(self) -> None:
        os.close(self._descriptor)
