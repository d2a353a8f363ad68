"""What a link has as a port of a bridge, and keeps only as long as it is that port. Pure.

Settings and VLANs are reset when the port moves to another bridge, or the bridge is made again (net/bridge/br_if.c,
new_nbp, del_nbp). What was there is put back, also on ports that are not netapply's.
"""

from __future__ import annotations

from typing import Final

from netapply.errors import MissingError
from netapply.model.attribute import Row, Value
from netapply.model.family import table_of_family
from netapply.model.resource import Desired, Key, Resource, State
from netapply.model.vlan_table import FAMILY as VLANS
from netapply.model.vlan_table import SELF, initial
from netapply.plan.change import Action, Change
from netapply.plan.words import noun

SETTINGS: Final = "bridge_port"
PORT_FAMILIES: Final = (SETTINGS, VLANS)
AUTOMATIC_COSTS: Final = frozenset({1, 2, 4, 19, 100})
"""What the kernel chooses by the link's speed (net/bridge/br_if.c, port_cost)."""


def ends_with_port(item: Resource) -> bool:
    """Whether the item goes when its link leaves its bridge; a bridge's own VLANs do not."""
    return item.family in PORT_FAMILIES and item.kind != SELF


def worth_keeping(item: Resource, desired: Desired) -> Resource:
    """The observed item with what a new port would not have by itself, and what the file names."""
    wish = desired.get(item.key)
    named = wish.attributes if wish is not None else {}
    if item.family == VLANS:
        usual = not named and item.attributes == initial(item.facts["default_pvid"])
        return Resource(item.key, item.kind, {} if usual else item.attributes, item.facts)
    kept = {
        row.attribute: item.attributes[row.attribute] for row in table_of_family(item.family)
        if row.attribute in named or not _is_usual(row, item.attributes.get(row.attribute))
    }  # fmt: skip
    return Resource(item.key, item.kind, kept, item.facts)


def _is_usual(row: Row, value: Value) -> bool:
    return value is None or value == row.nla.default or (row.attribute == "cost" and value in AUTOMATIC_COSTS)


def again(change: Change, item: Resource) -> None:
    """A change of what is lost on the way becomes one that sets all of `item`, which is worth keeping."""
    if change.action is Action.UPDATE and change.family == SETTINGS:
        change.after = item.attributes | {step.attribute: step.after for step in change.steps}


def worth_sending(change: Change) -> dict[str, Value]:
    """What a port that has just become one is set to: not to what it has by itself. A cost that is sent, be it
    the kernel's own, no longer follows the link's speed."""
    rows = table_of_family(change.family).rows
    named = change.origin is not None or bool(change.reason)  # else it is all that was observed once
    wished = ((rows[name], value) for name, value in change.after.items() if value != rows[name].nla.default)
    return {
        row.attribute: value for row, value in wished if value is not None and (named or not _is_usual(row, value))
    }  # fmt: skip


def settle_ports(by_key: dict[Key, Change], desired: Desired, observed: State) -> None:
    """Leave out what would be set on ports that are none any more. MissingError where the file asks for it."""
    for key, change in list(by_key.items()):
        if key[0] not in PORT_FAMILIES or change.action is Action.DELETE:
            continue
        master = key[1] if change.kind == SELF else _master_after(key[1], by_key, observed)
        if _kind_after(master, by_key, desired, observed) == "bridge":
            continue
        if change.origin is not None and key in desired:
            where = f"it is a port of {master}, which is no bridge" if master else "it is no port of a bridge"
            raise MissingError(
                f"cannot set {noun(key, change.kind)}: {where}; add `master`, or name it in the bridge's `ports`; "
                f"{change.origin}"
            )
        del by_key[key]


def _attributes_after(link: str, by_key: dict[Key, Change], observed: State) -> dict[str, Value]:
    change, seen = by_key.get(("link", link)), observed.link(link)
    if change is not None:
        return {} if change.action is Action.DELETE else change.after
    return seen.attributes if seen is not None else {}


def _master_after(link: str, by_key: dict[Key, Change], observed: State) -> str | None:
    name: str | None = _attributes_after(link, by_key, observed).get("master")
    return name


def _kind_after(link: str | None, by_key: dict[Key, Change], desired: Desired, observed: State) -> str:
    if link is None:
        return ""
    change = by_key.get(("link", link))
    found = change if change is not None else desired.link(link) or observed.link(link)
    if found is None or (change is not None and change.action is Action.DELETE):
        return ""
    seen = observed.link(link)
    return found.kind or (seen.kind if seen is not None else "")
