"""Netapply's own table of nftables in the thread's network namespace, read and written through nft(8).

All changes of a call are one transaction of the kernel's, both families included: it takes place wholly, or
not at all. The program is used, in JSON, and not netlink itself: how a rule becomes the kernel's expressions
is nft's own knowledge, and so `nft list` shows a person what netapply meant.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterable, Sequence
from typing import Any, Final

from netapply.errors import KernelError, MissingError
from netapply.kernel.iptables_input import NatChange, noun
from netapply.kernel.iptables_presence import marked_tables
from netapply.kernel.iptables_program import run, which
from netapply.kernel.nft_input import compose
from netapply.kernel.nft_listing import FAMILIES, Listing, parse
from netapply.model.netfilter import OWN_TABLE
from netapply.model.resource import Resource

_NOT_THERE: Final = "No such file or directory"


def read() -> list[Resource]:
    """Netapply's own rules, of both families, in the order of their chains; `facts` hold `position`.

    A rule that is there twice is returned twice. No program is run where there is no rule of ours.
    Errors: PrivilegeError, KernelError, MissingError, RefusedError.
    """
    present = [inet for inet in FAMILIES if marked_tables(inet, (OWN_TABLE,))]
    return [item for inet in present for item in listing(inet).resources()]


def listing(inet: str) -> Listing:
    """The table of one family as it is. Errors: KernelError, MissingError, RefusedError."""
    done = run([_program("read"), "-j", "list", "table", FAMILIES[inet], OWN_TABLE], package="nftables")
    if done.returncode == 0:
        found: dict[str, Any] = json.loads(done.stdout)
        return parse(inet, found)
    if _NOT_THERE in done.stderr:
        return Listing(inet)
    reason = _reason(done.stderr)
    raise KernelError(f"read table {FAMILIES[inet]} {OWN_TABLE} of nftables", _code(reason), f"nft: {reason}")


def missing(resources: Iterable[Resource]) -> str | None:
    """Why these rules cannot be created here; None if nothing is missing.

    To be asked before anything is touched: the rules are made in a namespace of their own, which shows
    what the kernel refuses. Errors: as `read`.
    """
    changes = [NatChange("create", item.key, item.attributes["rule"]) for item in resources]
    if not changes:
        return None
    try:
        program = _program("create")
    except MissingError as error:
        return str(error)
    for inet in dict.fromkeys(change.key[1] for change in changes):
        listing(inet)
    from netapply.kernel.iptables_trial import refused  # threads and ctypes, which most runs never need

    def attempt(part: list[NatChange]) -> str | None:
        return _submit(program, compose(part, {inet: Listing(inet) for inet in FAMILIES}))

    found = refused(attempt, changes)
    if found is None:
        return None
    return f"cannot create {noun(found.change.key)}: this host lacks something of what it needs: {found.reason}"


def restore(changes: Sequence[NatChange]) -> None:
    """Carry out all changes as one transaction. Errors: MissingError; KernelError, and then nothing is changed."""
    if not changes:
        return
    program = _program("change")
    inets = [inet for inet in FAMILIES if any(change.key[1] == inet for change in changes)]
    reason = _submit(program, compose(changes, {inet: listing(inet) for inet in inets}))
    if reason is not None:
        raise _failure(changes, reason)


def _submit(program: str, commands: list[dict[str, Any]]) -> str | None:
    """Why the transaction was refused; None if it took place."""
    done = run([program, "-j", "-f", "-"], json.dumps({"nftables": commands}), package="nftables")
    return f"nft: {_reason(done.stderr)}" if done.returncode else None


def _failure(changes: Sequence[NatChange], reason: str) -> KernelError:
    """The only change by its name; of several, nft does not tell which one it was."""
    first = changes[0]
    if len(changes) == 1:
        what = f"{first.verb} {noun(first.key)}"
    else:
        what = f"change {len(changes)} rules in table {OWN_TABLE} of nftables"
    return KernelError(what, _code(reason), reason, first.where if len(changes) == 1 else "")


def _reason(stderr: str) -> str:
    """The program's own words on one line, without places in an input that nobody wrote."""
    lines = [line.split("Error: ", 1)[-1].strip() for line in stderr.splitlines() if line.strip(" ^~\t")]
    return " ".join(dict.fromkeys(line for line in lines if line)).rstrip(".") or "no reason given"


def _code(reason: str) -> int:
    """Nft tells no errno, but the kernel's words for one (strerror(3)); the usual one is EINVAL."""
    return next((code for code in errno.errorcode if os.strerror(code) in reason), errno.EINVAL)


def _program(verb: str) -> str:
    found = which("nft")
    if found is None:
        raise MissingError(
            f"cannot {verb} netapply's rules in nftables: there is no program nft; install the package nftables"
        )
    return found
