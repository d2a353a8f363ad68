"""Every error that netapply raises, as one tree.

    NetapplyError                 exit  what it means
    ├── InputError                 1    the file is wrong; carries file:line:column
    ├── RefusedError               1    the request is understood and refused; nothing was changed
    │   ├── PrivilegeError         1    not root, or a capability is missing
    │   ├── LockedError            1    another netapply works on this namespace
    │   ├── MissingError           1    a device, namespace, kernel feature or program is not there
    │   ├── ForeignError           1    the plan would harm something that netapply does not own
    │   └── JournalError           1    an earlier transaction is open and must be recovered first
    ├── KernelError                -    the kernel refused one operation; carries errno and extended ack
    ├── StateError                 1    the state directory cannot be read or written
    ├── LabError                   1    a lab of namespaces cannot be built or used
    └── TransactionError
        ├── RolledBackError        3    the transaction failed and was undone exactly
        └── IncompleteError        4    the undo itself failed: a person is needed

A message begins with "cannot", and says what, which, why and what next. `KernelError` never reaches a
user alone: the transaction that met it wraps it in `RolledBackError` or `IncompleteError`; while only
reading, it ends the command with exit code 1.
"""

from __future__ import annotations

import errno
import os
from typing import ClassVar


class NetapplyError(Exception):
    """The root of the tree; `exit_code` is what the command line exits with."""

    exit_code: ClassVar[int] = 1


class InputError(NetapplyError):
    """The desired state cannot be understood; `where` is `file:line:column`, empty where there is none."""

    def __init__(self, message: str, where: str = "") -> None:
        super().__init__(f"{where}: {message}" if where else message)
        self.where = where
        self.reason = message


class RefusedError(NetapplyError):
    """The request is understood and refused before anything was changed."""


class PrivilegeError(RefusedError):
    """The caller lacks the privilege that the work needs (capabilities(7): CAP_NET_ADMIN)."""


class LockedError(RefusedError):
    """Another netapply holds the lock of this namespace; `pid` is its process, 0 where unknown."""

    def __init__(self, message: str, pid: int = 0) -> None:
        super().__init__(message)
        self.pid = pid


class MissingError(RefusedError):
    """A device, namespace, kernel feature or program that the work needs is not there."""


class ForeignError(RefusedError):
    """The plan would harm something on the host that netapply does not own."""


class JournalError(RefusedError):
    """An earlier transaction was interrupted; it must be recovered before anything else."""


class KernelError(NetapplyError):
    """The kernel refused a message: `code` is the errno, `ack` the extended ack's text (netlink(7))."""

    def __init__(self, what: str, code: int, ack: str = "", where: str = "") -> None:
        self.what, self.code, self.ack, self.where = what, code, ack, where
        name = "EOPNOTSUPP" if code == errno.EOPNOTSUPP else errno.errorcode.get(code, str(code))
        parts = [f"cannot {what}: {os.strerror(code)} ({name})"]
        if ack:
            parts.append(f": {ack.rstrip('.')}")
        if where:
            parts.append(f"; {where}")
        super().__init__("".join(parts))


class StateError(NetapplyError):
    """The state directory (/var/lib/netapply, /run/netapply) cannot be read or written."""


class LabError(NetapplyError):
    """A lab of namespaces cannot be built or used."""


class TransactionError(NetapplyError):
    """A transaction did not commit; see the two ways below."""


class RolledBackError(TransactionError):
    """The transaction failed and everything is exactly as it was before."""

    exit_code = 3


class IncompleteError(TransactionError):
    """The undo failed too: `remaining` names what still differs; a person is needed."""

    exit_code = 4

    def __init__(self, message: str, remaining: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.remaining = remaining
