"""Changes as one transaction of nft(8), in JSON: the kernel takes all of it at once, or nothing.

New rules are placed by the handle of the rule that they come before, so foreign rules in netapply's chains
stay where they are. Table and chains come with their first rule and go with their last one.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from netapply.errors import KernelError
from netapply.kernel.iptables_input import NatChange, noun
from netapply.kernel.iptables_presence import MARK
from netapply.kernel.nft_listing import FAMILIES, Listed, Listing, specification
from netapply.model.netfilter import OWN_TABLE

Command = dict[str, Any]


class Slot(NamedTuple):
    """A place in the finished chain: of a rule that stays, or of one that comes."""

    stays: Listed | None = None
    comes: NatChange | None = None


def compose(changes: Sequence[NatChange], seen: Mapping[str, Listing]) -> list[Command]:
    """The whole transaction; `seen` is each family's table as it is. KernelError for a rule that is gone."""
    commands: list[Command] = []
    for inet, listing in seen.items():
        mine = [change for change in changes if change.key[1] == inet]
        commands += _family(mine, listing)
    return commands


def _family(changes: list[NatChange], listing: Listing) -> Iterator[Command]:
    left = set(listing.chains)
    if not listing.there and any(change.verb == "create" for change in changes):
        yield {"add": {"table": _table(listing)}}
    for chain in dict.fromkeys(change.chain for change in changes):
        mine = [change for change in changes if change.chain == chain]
        slots, gone = _arranged(mine, listing.chains.get(chain, []))
        if chain not in listing.chains and slots:
            yield {"add": {"chain": {**_named(listing, chain), **specification(chain)}}}
            left.add(chain)
        for item in gone:
            yield {"delete": {"rule": {**_in_chain(listing, chain), "handle": item.handle}}}
        yield from _placed(slots, _in_chain(listing, chain))
        if not slots and chain in left:
            yield {"delete": {"chain": _named(listing, chain)}}
            left.discard(chain)
    if listing.there and not left and not listing.more:
        yield {"delete": {"table": _table(listing)}}


def _arranged(changes: list[NatChange], rules: list[Listed]) -> tuple[list[Slot], list[Listed]]:
    """The finished chain, and what goes from the present one: as `iptables_input` does it."""
    slots = [Slot(stays=item) for item in rules]
    gone = []
    for change in (change for change in changes if change.verb == "delete"):
        at = _found(change, slots)
        gone.append(slots.pop(at))
    _insert(slots, [change for change in changes if change.verb == "create"])
    return slots, [slot.stays for slot in gone if slot.stays is not None]


def _insert(slots: list[Slot], creates: list[NatChange]) -> None:
    """A position behind the end is the end."""
    placed = sorted((change for change in creates if change.position is not None), key=lambda one: one.position or 0)
    for change in placed:
        slots.insert((change.position or 1) - 1, Slot(comes=change))
    slots += [Slot(comes=change) for change in creates if change.position is None]


def _found(change: NatChange, slots: list[Slot]) -> int:
    for at, slot in enumerate(slots):
        if slot.stays is not None and (slot.stays.key, slot.stays.rule) == (change.key[:5], change.rule):
            return at
    said = f"delete {noun(change.key)}"
    raise KernelError(said, errno.ENOENT, "somebody may have changed or removed that rule just now", change.where)


def _placed(slots: list[Slot], chain: Command) -> Iterator[Command]:
    """From the first to the last: each in front of the next one that stays, or at the end."""
    anchors: list[int | None] = []
    anchor: int | None = None
    for slot in reversed(slots):
        anchor = slot.stays.handle if slot.stays is not None else anchor
        anchors.append(anchor)
    for slot, before in zip(slots, reversed(anchors), strict=True):
        if slot.comes is None:
            continue
        rule = {**chain, "comment": MARK + slot.comes.key[4], "expr": json.loads(slot.comes.rule)}
        yield {"add": {"rule": rule}} if before is None else {"insert": {"rule": {**rule, "handle": before}}}


def _table(listing: Listing) -> Command:
    return {"family": FAMILIES[listing.inet], "name": OWN_TABLE}


def _named(listing: Listing, chain: str) -> Command:
    return {"family": FAMILIES[listing.inet], "table": OWN_TABLE, "name": chain}


def _in_chain(listing: Listing, chain: str) -> Command:
    return {"family": FAMILIES[listing.inet], "table": OWN_TABLE, "chain": chain}
