"""Network namespaces by name (ip-netns(8)), entered and left again by one thread.

setns(2) moves the calling thread only. Everything that belongs to a namespace (sockets, /proc/sys/net,
child processes) is opened while the thread is inside.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from netapply.errors import MissingError, PrivilegeError

DIRECTORY: Final = Path("/var/run/netns")
OWN: Final = "/proc/thread-self/ns/net"
CLONE_NEWNET: Final = 0x40000000


def _setns(descriptor: int) -> None:
    if hasattr(os, "setns"):  # Python 3.12
        os.setns(descriptor, CLONE_NEWNET)
        return
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, CLONE_NEWNET) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _open(name: str) -> int:
    if "/" in name or name in ("", ".", ".."):
        raise MissingError(f"cannot use {name!r} as a network namespace: give a name as `ip netns` lists it")
    try:
        return os.open(DIRECTORY / name, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise MissingError(f"cannot enter network namespace {name}: it does not exist; see `ip netns list`") from None
    except PermissionError as error:
        raise PrivilegeError(f"cannot enter network namespace {name}: {error.strerror}; run as root") from None


@contextmanager
def entered(name: str | None) -> Iterator[None]:
    """Be in namespace `name` inside the block, and back afterwards in any case; None stays where we are."""
    if name is None:
        yield
        return
    target = _open(name)
    home = os.open(OWN, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _move(target, name)
        try:
            yield
        finally:
            _setns(home)
    finally:
        os.close(target)
        os.close(home)


def _move(target: int, name: str) -> None:
    try:
        _setns(target)
    except PermissionError:
        raise PrivilegeError(f"cannot enter network namespace {name}: root is needed (CAP_SYS_ADMIN)") from None
    except OSError as error:
        raise MissingError(f"cannot enter network namespace {name}: {error.strerror}; is it one?") from None
