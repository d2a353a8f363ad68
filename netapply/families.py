"""How each family of resources compares and changes: one place that diff and plan ask."""

from __future__ import annotations

from functools import cache
from typing import Final

from netapply.kinds import link_table
from netapply.model.attribute import UNSET, Change, Disruption, Row, Table, Value, table_of
from netapply.model.resource import Resource
from netapply.model.routing import same_nexthops

_EMPTY: Final = Table()
_ROUTE_DEFAULTS: Final = {"src": None, "mtu": None, "advmss": None, "hoplimit": None, "protocol": "netapply"}
ORDERED: Final = frozenset({"nat"})
"""Families in which the order among netapply's own resources of one list counts."""


def table_for(resource: Resource) -> Table:
    """The attribute table of a resource."""
    if resource.family == "link":
        return link_table(resource.kind)
    return _table_of(resource.family)


@cache
def _table_of(family: str) -> Table:
    """The models are imported when a resource of their family changes: each takes a millisecond or two."""
    if family == "address":
        from netapply.model.address import Address

        return table_of(Address)
    if family == "route":
        from netapply.model.route import Route

        return table_of(Route)
    if family == "rule":
        from netapply.model.rule import Rule

        return table_of(Rule)
    return _EMPTY


def row_of(resource: Resource, attribute: str) -> Row | None:
    return table_for(resource).get(attribute)


def default_of(resource: Resource, attribute: str) -> Value:
    """The value of an attribute that nobody named; UNSET where the kernel has no fixed one."""
    if resource.family == "route":
        return _ROUTE_DEFAULTS.get(attribute, UNSET)
    row = row_of(resource, attribute)
    return UNSET if row is None else row.nla.default


def same(attribute: str, desired: Value, seen: Value) -> bool:
    """Whether the kernel already has what is wished."""
    if attribute == "nexthops":
        return same_nexthops(desired, seen or ())
    if attribute == "lifetimes":
        return (desired is None) == (seen is None)
    return bool(desired == seen)


def change_of(resource: Resource, attribute: str, before: Value, after: Value) -> Change:
    """How this attribute of this resource can go from `before` to `after`."""
    row = row_of(resource, attribute)
    if row is None:
        return Change.RECREATE if resource.family == "nat" else Change.LIVE
    if attribute == "up" and after:
        return Change.LIVE
    return row.change_between(before, after)


def disruption_of(resource: Resource, change: Change) -> Disruption:
    """A device made again is `recreate`; an address or rule made again is a short gap."""
    if change is Change.RECREATE and resource.family != "link":
        return Disruption.FLAP if resource.family == "address" else Disruption.LIVE
    return change.disruption
