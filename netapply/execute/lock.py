"""One writer per namespace: an flock(2) on a file in /run/netapply that names its holder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from netapply.errors import LockedError, StateError
from netapply.execute.durable import ensure_directory


@contextmanager
def locked(run_dir: Path, name: str) -> Iterator[None]:
    """Hold the lock inside the block; LockedError at once where another process holds it.

    The kernel lets go of the lock when its holder ends, however it ends, so no lock is ever stale.
    """
    ensure_directory(run_dir)
    descriptor = _open(run_dir / f"{name}.lock")
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _held(descriptor) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StateError(f"cannot open the lock {path}: {error.strerror}") from None


def _held(descriptor: int) -> LockedError:
    text = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
    pid = int(text) if text.isdecimal() else 0
    holder = f"process {pid}" if pid else "another process"
    return LockedError(f"cannot begin: another netapply is at work here ({holder}); wait for it to end", pid)
