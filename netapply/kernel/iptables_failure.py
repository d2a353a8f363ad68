"""What iptables-restore says when it fails, as an error that names the rule."""

from __future__ import annotations

import errno
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from netapply.errors import KernelError
from netapply.kernel.iptables_input import Line, NatChange, noun
from netapply.kernel.iptables_program import Backend, first_reason

_NUMBER: Final = re.compile(r"\bline (\d+)(?: failed|:)")
"""The spellings that count lines rightly; "Error occurred at line" is one off in the nft variant."""
_TELLS_NOTHING: Final = re.compile(r"line \d+ failed")
_CODES: Final = {
    "Bad rule": errno.ENOENT, "does not exist": errno.ENOENT, "No such file": errno.ENOENT,
    "xtables lock": errno.EBUSY, "Resource busy": errno.EBUSY, "not permitted": errno.EPERM,
    "Permission denied": errno.EACCES, "not supported": errno.EOPNOTSUPP, "too big": errno.ERANGE,
}  # fmt: skip
"""The programs tell no errno, so it follows from their words; the kernel's usual one is EINVAL."""


def failure(backend: Backend, lines: Sequence[Line], stderr: str) -> KernelError:
    """The error for one refused input. Only the refused table of the family is certain to be unchanged."""
    reason = first_reason(stderr)
    code = next((code for words, code in _CODES.items() if words in reason), errno.EINVAL)
    at = _refused_line(lines, stderr)
    change = lines[at].change
    ack = f"{Path(backend.restore).name}: {reason}"
    if change is None:
        table = next(line.text[1:] for line in reversed(lines[: at + 1]) if line.text.startswith("*"))
        hint = "; the kernel may say more in dmesg" if _TELLS_NOTHING.fullmatch(reason) else ""
        return KernelError(f"change {rules_of(table)} (table {table}, {backend.inet})", code, ack + hint)
    if change.verb == "delete":
        code = errno.ENOENT if code == errno.EINVAL else code  # legacy tells only the line's number
        ack += "; somebody may have changed or removed that rule just now"
    return KernelError(f"{change.verb} {noun(change.key)}", code, ack, change.where)


def rules_of(table: str) -> str:
    """What netapply has in a table, for messages."""
    return "filter rules" if table == "filter" else "NAT rules"


def _refused_line(lines: Sequence[Line], stderr: str) -> int:
    """Index of the line that was refused; where it is not told, of the only change or of the first line."""
    match = _NUMBER.search(stderr)
    if match and 1 <= int(match[1]) <= len(lines):
        return int(match[1]) - 1
    changes = [index for index, line in enumerate(lines) if line.change]
    return changes[0] if len(changes) == 1 else 0


def unable(backend: Backend, change: NatChange, reason: str) -> str:
    """Why a rule cannot be created on this host: what it needs, and what was said when it was tried out."""
    words = change.rule.split()
    needs = [f"table {change.table}"]
    needs += [f"match {name}" for option, name in pairwise(words) if option == "-m"]
    needs += [f"target {name}" for option, name in pairwise(words) if option == "-j"]
    return (
        f"cannot create {noun(change.key)}: this host lacks something of what it needs "
        f"({', '.join(needs)}): {Path(backend.restore).name} says: {reason}"
    )
