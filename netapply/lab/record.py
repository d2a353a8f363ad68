"""What a lab made, on paper, so that a crashed lab can be removed later.

One file per lab in /run/netapply/labs (gone after a reboot, as namespaces are): first the process id,
then one namespace per line, each written before the namespace is made. The file is locked (flock(2))
while its lab lives; the lock of a killed lab falls with it, its lines stay.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from netapply.errors import LabError

DIRECTORY = Path("/run/netapply/labs")


class Record:
    """The locked list of one lab's namespaces."""

    def __init__(self, lab: str) -> None:
        """Open and lock the list. Errors: LabError if a living lab of the same name holds it."""
        self.path = DIRECTORY / lab
        try:
            DIRECTORY.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise LabError(f"cannot record lab {lab}: {error.strerror} ({self.path})") from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held = os.fstat(self._descriptor).st_nlink > 0
        except BlockingIOError:
            held = False
        if not held:  # locked by another, or removed by it just now
            holder = (self._lines() or ["unknown"])[0]
            os.close(self._descriptor)
            raise LabError(
                f"cannot build lab {lab}: process {holder} is using that name; wait for it or choose another"
            )

    def namespaces(self) -> list[str]:
        """The namespaces on the list, in the order in which they were made."""
        return self._lines()[1:]

    def begin(self) -> None:
        """Start an empty list for this process."""
        os.ftruncate(self._descriptor, 0)
        self._append(str(os.getpid()))

    def add(self, netns: str) -> None:
        """Put a namespace on the list; to be called before it is made."""
        self._append(netns)

    def release(self, *, forget: bool) -> None:
        """Unlock; with `forget` the list goes too, without it a later lab finds what is left."""
        if forget:
            self.path.unlink(missing_ok=True)
        os.close(self._descriptor)

    def _append(self, line: str) -> None:
        os.write(self._descriptor, f"{line}\n".encode())

    def _lines(self) -> list[str]:
        size = os.fstat(self._descriptor).st_size
        return os.pread(self._descriptor, size, 0).decode().splitlines()
