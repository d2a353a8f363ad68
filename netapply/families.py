"""How each family of resources compares and changes: one place that diff and plan ask."""

from __future__ import annotations

from netapply.kinds import link_table
from netapply.model.addressing import same_lifetimes
from netapply.model.attribute import UNSET, Change, Disruption, Row, Table, Value
from netapply.model.family import FAMILIES, table_of_family
from netapply.model.resource import Resource
from netapply.model.routing import same_nexthops


def table_for(resource: Resource) -> Table:
    """The attribute table of a resource."""
    if resource.family == "link":
        return link_table(resource.kind)
    return table_of_family(resource.family)


def row_of(resource: Resource, attribute: str) -> Row | None:
    return table_for(resource).get(attribute)


def default_of(resource: Resource, attribute: str) -> Value:
    """The value of an attribute that nobody named; UNSET where the kernel has no fixed one."""
    row = row_of(resource, attribute)
    return UNSET if row is None else row.nla.default


def same(attribute: str, desired: Value, seen: Value) -> bool:
    """Whether the kernel already has what is wished."""
    if attribute == "nexthops":
        return same_nexthops(desired, seen or ())
    if attribute == "lifetimes":
        return same_lifetimes(desired, seen)
    if attribute == "optimistic":
        return True  # the kernel takes it off when duplicate address detection is done
    return bool(desired == seen)


def change_of(resource: Resource, attribute: str, before: Value, after: Value) -> Change:
    """How this attribute of this resource can go from `before` to `after`."""
    row = row_of(resource, attribute)
    if row is None:
        return Change.RECREATE if FAMILIES[resource.family].marked else Change.LIVE
    if attribute == "up" and after:
        return Change.LIVE
    return row.change_between(before, after)


def disruption_of(resource: Resource, change: Change) -> Disruption:
    """A device made again is `recreate`; an address or rule made again is a short gap."""
    return FAMILIES[resource.family].again if change is Change.RECREATE else change.disruption
