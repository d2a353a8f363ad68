"""Changes → ordered operations: what netapply will do, entirely, before it does anything."""

from __future__ import annotations

from netapply.model.owned import Owned
from netapply.model.resource import Desired, State
from netapply.plan.change import Action, Change, Step
from netapply.plan.mtus import keep_mtus
from netapply.plan.nexthop_users import require_nexthops
from netapply.plan.order import arrange
from netapply.plan.pairs import one_per_pair
from netapply.plan.plan import Operation, Phase, Plan, Verb
from netapply.plan.tunnel_mtus import keep_tunnel_mtus
from netapply.plan.vlan_tables import complete_tables


def make_plan(desired: Desired, observed: State, owned: Owned) -> Plan:
    """The plan that leads from the observed to the desired state. Pure.

    Raises MissingError and ForeignError as `diff` and `complete` do.
    """
    complete_tables(desired, observed)
    # These import netapply.plan.change, and so this module: whichever is asked for first, it must work.
    from netapply.diff import diff
    from netapply.plan.complete import complete

    whole = complete(diff(desired, observed, owned), desired, observed, owned)
    if owned.marks_count:  # a way back is never barred
        require_nexthops(whole.changes, desired, observed)
    plan = arrange(whole.changes, whole.lost, whole.taken, observed)
    plan.operations, plan.lost = one_per_pair(plan.operations), whole.lost
    keep_mtus(plan, desired, observed)
    keep_tunnel_mtus(plan, desired)
    plan.source, plan.notes = desired.source, [*desired.notes, *whole.notes]
    return plan


__all__ = ["Action", "Change", "Operation", "Phase", "Plan", "Step", "Verb", "make_plan"]
