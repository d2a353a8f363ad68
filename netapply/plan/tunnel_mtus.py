"""A tunnel keeps the MTU that the file names, whatever its header grows to. Pure.

With a key, a checksum or another device the kernel moves a tunnel's MTU, unless the message that changes the
tunnel names one (net/ipv4/ip_tunnel.c, ip_tunnel_update; net/ipv4/ip_gre.c, ipgre_link_update).
"""

from __future__ import annotations

from netapply.kinds import KIND_OF
from netapply.model.attribute import table_of
from netapply.model.link import Link
from netapply.model.resource import Desired
from netapply.plan.plan import Operation, Plan, Verb


def keep_tunnel_mtus(plan: Plan, desired: Desired) -> None:
    """Say the MTU in each message that sets something of a tunnel's own."""
    for operation in plan.operations:
        if operation.verb is Verb.SET and _moves_mtu(operation):
            wish = desired.get(operation.key)
            mtu = wish.attributes.get("mtu") if wish is not None else None
            if mtu is not None:
                operation.attributes = {"mtu": mtu, **operation.attributes}


def _moves_mtu(operation: Operation) -> bool:
    whole = operation.kind in KIND_OF and KIND_OF[operation.kind].whole
    return whole and not operation.attributes.keys() <= table_of(Link).rows.keys()
