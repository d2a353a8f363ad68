"""When a VRF goes, its ports would stay up, with their addresses, in the host's own routing table. Pure.

What nobody answers for is set down before the VRF goes: a network that was kept apart is not joined to the
host's by a deletion (drivers/net/vrf.c, vrf_dellink only lets the ports go).
"""

from __future__ import annotations

from collections.abc import Iterator

from netapply.model.attribute import Disruption
from netapply.model.owned import Owned
from netapply.model.phase import Phase
from netapply.model.resource import Desired, Resource, State
from netapply.plan.change import Action, Change, Step


def closed_ports(
    changes: list[Change], desired: Desired, observed: State, owned: Owned
) -> tuple[list[Change], list[str]]:
    """Changes that set down the ports which a deleted VRF leaves behind, and notes on those that stay up.

    A port that the file names, or that netapply itself once put in, is where somebody wants it. An undo goes
    back to what was there before, in every respect.
    """
    going = {each.key[1] for each in changes if each.kind == "vrf" and each.action is Action.DELETE}
    if not going or not owned.marks_count:
        return [], []
    busy = {each.key: each for each in changes}
    closed, notes = [], []
    for port in _ports(observed, going):
        change, vrf = busy.get(port.key), port.attributes["master"]
        if change is not None and (change.action is not Action.UPDATE or change.after.get("master") not in (None, vrf)):
            continue
        if port.key in desired or "master" in owned.set_here.get(port.key, {}):
            notes.append(f"{port.name} leaves vrf {vrf} and stays up: from now on the main table routes its traffic")
        elif change is None:
            closed.append(_close(port, vrf))
            notes.append(f"{port.name} is set down: vrf {vrf} goes, and its traffic would be routed by the main table; "
                         f"name {port.name} in the file to keep it up")  # fmt: skip
    return closed, notes


def _ports(observed: State, vrfs: set[str]) -> Iterator[Resource]:
    return (link for link in observed.family("link") if link.attributes.get("master") in vrfs and link.attributes["up"])


def _close(port: Resource, vrf: str) -> Change:
    after = {**port.attributes, "up": False, "master": None}
    return Change(
        Action.UPDATE, port.key, port.kind, port.attributes, after, (Step("up", True, False),), None,
        Disruption.FLAP, f"vrf {vrf}, which kept it apart, goes", phase=Phase.LINK_PREPARE,
    )  # fmt: skip
