"""Where netapply's iptables rules are, and which variant writes.

A rule counts as there in whichever variant it is found, so a host whose `iptables` was switched from legacy
to nft does not end up with every rule twice. Netapply goes on writing where its rules are; the
environment variable NETAPPLY_IPTABLES decides otherwise (`iptables_program`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from netapply.errors import MissingError, RefusedError
from netapply.kernel.iptables_failure import rules_of
from netapply.kernel.iptables_presence import TABLES, legacy_tables, marked_tables
from netapply.kernel.iptables_program import (
    CHOICE,
    PROGRAMS,
    VARIANTS,
    Backend,
    Variant,
    backend,
    chosen,
    chosen_backend,
)
from netapply.kernel.iptables_text import Saved, parse
from netapply.model.resource import Key


@dataclass(frozen=True, slots=True)
class Survey:
    """What iptables-save says for one family, by variant; only of variants that can hold rules of ours."""

    inet: str
    saved: dict[Variant, Saved]

    def writer(self) -> Backend:
        """The variant where netapply's rules are, if that is one; else the host's. Raises MissingError."""
        holding = [variant for variant, saved in self.saved.items() if saved.resources]
        if len(holding) == 1 and not os.environ.get(CHOICE):
            found = backend(self.inet, holding[0])
            if found:
                return found
        return chosen_backend(self.inet)

    def homes(self) -> dict[Key, Variant]:
        """The variant that holds each rule; the one that writes, where both do."""
        holding = reversed(self.saved.items())
        return {item.key: variant for variant, saved in holding for item in saved.resources}

    def of(self, found: Backend) -> Saved:
        """What one variant holds, read now if it could hold nothing of ours."""
        return self.saved.get(found.variant) or saved_by(found)


def survey(inet: str) -> Survey:
    """Look, and run iptables-save only where netapply can have rules.

    Raises MissingError and RefusedError where rules of ours are there and cannot be printed.
    """
    marked = marked_tables(inet)
    there = {"nft": bool(marked), "legacy": not legacy_tables(inet).isdisjoint(TABLES)}
    present = [variant for variant in VARIANTS if there[variant]]
    if len(present) > 1:
        present.sort(key=lambda variant: variant != chosen(inet))
    found = {variant: programs for variant in present if (programs := backend(inet, variant))}
    if marked and "nft" not in found:
        raise MissingError(
            f"cannot read netapply's rules in nf_tables: there is no {PROGRAMS[inet]}-nft-save; "
            f"install the package iptables"
        )
    saved = {variant: saved_by(programs) for variant, programs in found.items()}
    hidden = saved["nft"].unreadable & marked if "nft" in saved else set()
    if hidden:
        raise RefusedError(f"cannot read netapply's {rules_of(min(hidden))}: {incompatible(inet, min(hidden))}")
    return Survey(inet, saved)


def saved_by(found: Backend) -> Saved:
    return parse(found.read(), found.inet, found.variant)


def incompatible(inet: str, table: str) -> str:
    """Why iptables-save prints nothing of a table of nf_tables, and what to do."""
    name = f"{'ip6' if inet == 'inet6' else 'ip'} {table}"
    return (
        f"table {name} of nf_tables has chains or rules that iptables cannot show; "
        f"move those to a table of another name (they are in: nft list table {name})"
    )
