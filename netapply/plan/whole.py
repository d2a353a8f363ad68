"""Tunnels are changed as a whole: the kernel resets what such a change does not mention. Pure.

ip_tunnel_changelink and its kin build the parameters anew from each message; with the device, a key or a
checksum, the MTU moves as well unless the message names one (net/ipv4/ip_tunnel.c, ip_tunnel_update).
"""

from __future__ import annotations

from netapply.kinds import KIND_OF, link_table
from netapply.model.attribute import Change as How
from netapply.model.attribute import Value, table_of
from netapply.model.link import Link
from netapply.model.resource import Desired
from netapply.plan.plan import Operation, Plan, Verb


def say_everything(plan: Plan, desired: Desired) -> None:
    """Fill in, in each operation that sets something of a tunnel's own, all that the tunnel is."""
    for operation in plan.operations:
        if operation.verb is Verb.SET and operation.kind in KIND_OF and KIND_OF[operation.kind].whole:
            _fill_in(operation, plan.changes[operation.change].after, desired)


def _fill_in(operation: Operation, after: dict[str, Value], desired: Desired) -> None:
    common = table_of(Link).rows
    if operation.attributes.keys() <= common.keys():
        return
    rest = {
        row.attribute: after[row.attribute] for row in link_table(operation.kind)
        if row.attribute in after and row.attribute not in common and not _only_at_birth(row.nla.form, row.change)
    }  # fmt: skip
    wish = desired.get(operation.key)
    if wish is not None and wish.attributes.get("mtu"):
        rest["mtu"] = wish.attributes["mtu"]
    operation.attributes = {**rest, **operation.attributes}


def _only_at_birth(form: str, change: How) -> bool:
    """A switch that is set by being there: the kernel refuses to hear of it again (ipip_changelink)."""
    return form == "presence" and change is How.RECREATE
