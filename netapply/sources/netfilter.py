"""The rules of netfilter of all files: NAT and conntrack zones as they come, filter rules with policies last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from netapply.model.resource import Desired, Origin
from netapply.sources.collisions import add_once
from netapply.sources.declared import Part, earlier
from netapply.sources.tree import Node
from netapply.sources.wording import refusal

if TYPE_CHECKING:
    from netapply.model.nat import Entry
    from netapply.model.netfilter import Backend


def add_netfilter(desired: Desired, parts: Sequence[Part]) -> None:
    """Add what the sections `nat` and `filter` say. InputError for the first that cannot be."""
    backend = _backend(parts)
    for part in parts:
        for entry, node in zip(part.sections.nat, part.items("nat"), strict=True):
            _add_nat(desired, entry, node, backend)
    if any(part.sections.filter for part in parts):
        from netapply.sources.filtering import add_filter  # most hosts have no such section

        add_filter(desired, parts, backend)


def _backend(parts: Sequence[Part]) -> Backend:
    """The one that the files name; InputError where they name two."""
    chosen: tuple[Backend, Origin] | None = None
    for part in parts:
        backend = part.sections.nat_backend
        if backend is None:
            continue
        here = part.root.entries["nat_backend"].key
        if chosen is not None and chosen[0] != backend:
            where = earlier(chosen[1], here)
            raise refusal(f"cannot use nat_backend {backend}: {where} says {chosen[0]}; remove one of the two", here)
        chosen = (backend, here)
    return chosen[0] if chosen else "iptables"


def _add_nat(desired: Desired, entry: Entry, node: Node, backend: Backend) -> None:
    try:
        resources = entry.resources(backend)
    except ValueError as error:
        raise refusal(f"cannot use this nat entry with nat_backend {backend}: {error}", node.origin) from None
    for resource in resources:
        resource.origin = node.origin
        add_once(desired, resource, "this nat entry", "remove one")
