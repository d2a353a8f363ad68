"""Forwarding entries whose link, as it will be, has no table for them: refused before anything is done. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from netapply.errors import RefusedError
from netapply.model.attribute import Value
from netapply.model.fdb import FLOOD, is_own
from netapply.model.resource import State
from netapply.plan.change import Action, Change
from netapply.plan.words import noun

TABLES = ("bridge", "vxlan")
"""Kinds with a forwarding table of their own."""


def refuse_misplaced(changes: Iterable[Change], observed: State) -> None:
    """RefusedError for the first entry that the kernel would refuse, or put where nobody would find it again."""
    wanted = [change for change in changes if change.family == "fdb" and change.action is not Action.DELETE]
    if not wanted:
        return
    links = {change.key[1]: change for change in changes if change.family == "link"}
    for change in wanted:
        reason = _wrong(change, links, observed)
        if reason:
            where = f"; {change.origin}" if change.origin else ""
            raise RefusedError(f"cannot make {noun(change.key, 'fdb')}: {reason}{where}")


def _wrong(change: Change, links: dict[str, Change], observed: State) -> str:
    name, mac = change.key[1:3]
    kind, attributes = _after(name, links, observed)
    if is_own(change.key):
        if kind not in TABLES:
            return f"{name} is no bridge and no VXLAN, so it has no table of its own; leave self out for its bridge's"
        if kind == "vxlan" and not change.after.get("dst") and not change.after.get("nhid"):
            return f"{name} is a VXLAN, which must know where to; add dst"
    else:
        master = attributes.get("master")
        if not master or _after(master, links, observed)[0] != "bridge":
            return f"{name} is a port of no bridge; make it one (master), or name a port"
    if kind != "vxlan" and mac == FLOOD:
        return "all zeros are for a VXLAN; name a MAC address"
    if mac == attributes.get("mac") and change.after.get("state") == "permanent" and not change.after.get("dst"):
        return f"that is the address of {name} itself, which the kernel enters; leave it out"
    return ""


def _after(name: str, links: dict[str, Change], observed: State) -> tuple[str, dict[str, Value]]:
    """Kind and attributes of a link as the plan leaves it."""
    if name in links:
        return links[name].kind, links[name].after
    seen = observed.link(name)
    return (seen.kind, seen.attributes) if seen is not None else ("", {})
