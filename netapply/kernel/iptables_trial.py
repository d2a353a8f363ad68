"""Rules tried out in a network namespace that lives as long as one function call.

No program tells beforehand what the kernel will refuse. `iptables-restore --test` does not ask it: the nft
variant accepts a target that does not exist, and the legacy variant makes the table that it only tests. In
an empty namespace the same input shows what the kernel and the programs refuse, and the host's namespace sees
nothing of it.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from netapply.kernel.iptables_input import NatChange, compose
from netapply.kernel.iptables_program import Backend, first_reason
from netapply.kernel.iptables_text import Saved
from netapply.kernel.namespace import CLONE_NEWNET

Attempt = Callable[[list[NatChange]], str | None]
"""Creates the rules in the thread's namespace; what the program says, None where it is content."""


class Refusal(NamedTuple):
    """The first rule that is refused, and the program's words."""

    change: NatChange
    reason: str


def refused(attempt: Attempt, changes: Sequence[NatChange]) -> Refusal | None:
    """The first rule that cannot be created on this kernel; None if all can, or nothing can be told.

    Nothing can be told where no namespace can be made: without CAP_SYS_ADMIN, as in many containers.
    """
    try:
        return _first_refused(attempt, list(changes)) if changes else None
    except OSError:
        return None


def _first_refused(attempt: Attempt, changes: list[NatChange]) -> Refusal | None:
    """Halve the list until one rule is left: 1,000 rules take ten attempts."""
    reason = _apart(attempt, changes)
    if reason is None:
        return None
    while len(changes) > 1:
        half = changes[: len(changes) // 2]
        in_half = _apart(attempt, half)
        changes, reason = (half, in_half) if in_half else (changes[len(half) :], reason)
    return Refusal(changes[0], _apart(attempt, changes) or reason)


def with_iptables(backend: Backend) -> Attempt:
    """Feeds iptables-restore with all of the rules."""

    def attempt(changes: list[NatChange]) -> str | None:
        done = backend.write("\n".join(line.text for line in compose(changes, Saved())) + "\n")
        return first_reason(done.stderr) if done.returncode else None

    return attempt


def _apart(attempt: Attempt, changes: list[NatChange]) -> str | None:
    """What is said in an empty namespace."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="netfilter-trial") as thread:
        return thread.submit(_restore_apart, attempt, changes).result()


def _restore_apart(attempt: Attempt, changes: list[NatChange]) -> str | None:
    """To be called in a thread of its own: unshare(2) moves the thread, and it never comes back."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return attempt(changes)
