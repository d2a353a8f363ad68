"""NAT rules, conntrack zones and filter rules in the thread's network namespace, through iptables-save and -restore.

Netapply's rules carry a comment (`iptables_text`); all others are foreign: they are counted, and never
moved or changed.

What is atomic is one table of one family: iptables commits no more at once, in either variant. A file with
NAT, conntrack zones and filter rules for IPv4 and IPv6 is six commits; what a failure leaves half done is
undone by the transaction, like everything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netapply.errors import MissingError
from netapply.kernel.iptables_failure import failure, rules_of, unable
from netapply.kernel.iptables_input import NatChange, compose
from netapply.kernel.iptables_program import PROGRAMS, Backend, backend
from netapply.kernel.iptables_survey import Survey, incompatible, survey
from netapply.model.resource import Resource

__all__ = ["NatChange", "missing", "read", "restore"]


def read() -> list[Resource]:
    """Netapply's own rules, of both families and variants, in the order of their chains.

    `facts` hold `position` (in the chain, among all rules, from 1) and `variant`. A rule that is there
    twice is returned twice. No program is run where netapply cannot have rules.
    Errors: PrivilegeError, KernelError; MissingError and RefusedError where rules of ours cannot be printed.
    """
    return [item for inet in PROGRAMS for saved in survey(inet).saved.values() for item in saved.resources]


def missing(resources: Iterable[Resource]) -> str | None:
    """Why these rules cannot be created here (program, table, target, match); None if nothing is missing.

    To be asked before anything is touched: the rules are made in a namespace of their own, which shows
    what the kernel refuses. Errors: as `read`.
    """
    changes = [NatChange("create", item.key, item.attributes["rule"]) for item in resources]
    reasons = (_missing(inet, [item for item in changes if item.key[1] == inet]) for inet in PROGRAMS)
    return next((reason for reason in reasons if reason), None)


def _missing(inet: str, changes: list[NatChange]) -> str | None:
    if not changes:
        return None
    seen = survey(inet)
    try:
        writer = seen.writer()
    except MissingError as error:
        return str(error)
    hidden = seen.of(writer).unreadable & {change.table for change in changes}
    if hidden:
        return f"cannot create {rules_of(min(hidden))}: {incompatible(inet, min(hidden))}"
    from netapply.kernel.iptables_trial import refused, with_iptables  # threads and ctypes, which most runs never need

    found = refused(with_iptables(writer), changes)
    return unable(writer, found.change, found.reason) if found else None


def restore(changes: Sequence[NatChange]) -> None:
    """Carry out all changes with one iptables-restore a family (one more where both variants hold rules).

    Errors: MissingError if the program is not there; KernelError naming the refused rule. The rule's table
    is unchanged then; families and tables before it have been changed (IPv4 first, nat before raw).
    """
    for inet in PROGRAMS:
        mine = [change for change in changes if change.key[1] == inet]
        if mine:
            _restore(survey(inet), mine)


def _restore(seen: Survey, changes: list[NatChange]) -> None:
    """Create where netapply writes, delete where the rule is; first elsewhere, so that none is doubled."""
    writer, homes = seen.writer(), seen.homes()

    def home(change: NatChange) -> str:
        return homes.get(change.key[:5], writer.variant) if change.verb == "delete" else writer.variant

    for found in _others(seen, writer):
        _write(seen, found, [change for change in changes if home(change) == found.variant])
    _write(seen, writer, [change for change in changes if home(change) == writer.variant])


def _others(seen: Survey, writer: Backend) -> list[Backend]:
    variants = (variant for variant in seen.saved if variant != writer.variant)
    return [found for variant in variants if (found := backend(seen.inet, variant))]


def _write(seen: Survey, found: Backend, changes: list[NatChange]) -> None:
    if not changes:
        return
    lines = compose(changes, seen.of(found))
    done = found.write("".join(f"{line.text}\n" for line in lines))
    if done.returncode != 0:
        raise failure(found, lines, done.stderr)
