"""What iptables-restore says when it fails, as an error that names the rule."""

from __future__ import annotations

import errno
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from netapply.errors import KernelError
from netapply.kernel.iptables_input import Line, NatChange
from netapply.kernel.iptables_program import Backend, first_reason

_NUMBER: Final = re.compile(r"\bline (\d+)(?: failed|:)")
"""The spellings that count lines rightly; "Error occurred at line" is one off in the nft variant."""
_CODES: Final = {
    "Bad rule": errno.ENOENT, "does not exist": errno.ENOENT, "No such file": errno.ENOENT,
    "xtables lock": errno.EBUSY, "Resource busy": errno.EBUSY, "not permitted": errno.EPERM,
    "Permission denied": errno.EACCES, "not supported": errno.EOPNOTSUPP, "too big": errno.ERANGE,
}  # fmt: skip
"""The programs tell no errno, so it follows from their words; the kernel's usual one is EINVAL."""


def failure(backend: Backend, lines: Sequence[Line], stderr: str) -> KernelError:
    """The error for one refused input. Only the refused table of the family is certain to be unchanged."""
    reason = first_reason(stderr)
    change = _refused(lines, stderr)
    code = next((code for words, code in _CODES.items() if words in reason), errno.EINVAL)
    program = Path(backend.restore).name
    if change is None:
        tables = " and ".join(sorted({line.text[1:] for line in lines if line.text.startswith("*")}))
        return KernelError(f"change NAT rules (table {tables}, {backend.inet})", code, f"{program}: {reason}")
    if change.verb == "delete" and code == errno.EINVAL:
        reason += "; somebody may have changed or removed that rule just now"
    return KernelError(f"{change.verb} NAT rule {change.key[4]}", code, f"{program}: {reason}", change.where)


def _refused(lines: Sequence[Line], stderr: str) -> NatChange | None:
    match = _NUMBER.search(stderr)
    number = int(match[1]) if match else 0
    return lines[number - 1].change if 1 <= number <= len(lines) else None


def unable(backend: Backend, change: NatChange, reason: str) -> str:
    """Why a rule cannot be created on this host: what it needs, and what was said when it was tried out."""
    words = change.rule.split()
    needs = [f"table {change.table}"]
    needs += [f"match {name}" for option, name in pairwise(words) if option == "-m"]
    needs += [f"target {name}" for option, name in pairwise(words) if option == "-j"]
    return (
        f"cannot create NAT rule {change.key[4]}: this host lacks something of what it needs "
        f"({', '.join(needs)}): {backend.restore}: {reason}"
    )
