"""Routes that name a VRF: the table is that of the VRF, of the file or of the host. Pure.

A VRF's table may be left to netapply (`auto`), so a route that names one waits for it: until then the name stands
in the route's key in place of the table's number. The kernel itself never asks for the VRF of a route, and puts a
route without one in the host's own table, however its device belongs to a VRF.
"""

from __future__ import annotations

from netapply.errors import InputError, MissingError
from netapply.model.attribute import Value
from netapply.model.resource import Desired, Resource, State
from netapply.model.routing import VRF_MARK


def with_vrf_tables(desired: Desired, observed: State) -> Desired:
    """The same desired state with a table in every route. MissingError where there is no such VRF."""
    waiting = [route for route in desired.family("route") if route.key[2].startswith(VRF_MARK)]
    if not waiting:
        return desired
    routes = {}
    for key, resource in desired.resources.items():
        if key[0] == "route" and key[2].startswith(VRF_MARK):
            table = _table_of(key[2].removeprefix(VRF_MARK), desired, observed, resource)
            resource.key = (*key[:2], str(table), *key[3:])
        if resource.key in routes:
            raise InputError(
                f"cannot use the route to {resource.key[3]} twice: the VRF's table is {resource.key[2]}; remove one",
                str(resource.origin or ""),
            )
        routes[resource.key] = resource
    desired.resources = routes
    return desired


def _table_of(name: str, desired: Desired, observed: State, route: Resource) -> Value:
    for link in (desired.link(name), observed.link(name)):
        table = link.attributes.get("table") if link is not None and link.kind == "vrf" else None
        if isinstance(table, int):
            return table
    raise MissingError(
        f"cannot use vrf {name} for the route to {route.key[3]}: neither the file nor the host has a VRF of that name; "
        f"describe it under links with kind: vrf, or give the route a table"
        f"{f'; {route.origin}' if route.origin else ''}"
    )
