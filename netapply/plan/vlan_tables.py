"""The VLAN tables that a file names, completed by what only the host tells; and those it does not, kept. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from netapply.model.resource import Desired, Key, Resource, State
from netapply.model.vlan_ranges import minus, union
from netapply.model.vlan_table import DEFAULT_PVID, FAMILY, PORT, SELF, initial, members, table, table_key
from netapply.plan.change import Action, Change, Step


def complete_tables(desired: Desired, observed: State) -> None:
    """Without `pvid` a table has the default PVID of its bridge; VLAN devices on a bridge are given their way in."""
    wanted = [item for item in desired if item.key[0] == FAMILY]
    devices = [item for item in desired if item.key[0] == "link" and item.kind == "vlan"]
    for item in wanted:
        _complete(item, desired, observed)
    for device in devices:
        _let_in(device, desired, observed)


def _complete(item: Resource, desired: Desired, observed: State) -> None:
    if item.facts.get("whole"):
        return
    default, said = default_pvid(item, desired, observed), item.attributes
    pvid = default if said["pvid"] is None else said["pvid"]
    item.attributes = table(said["vids"], pvid, said["untagged"], said["tunnel"])
    item.facts |= {"whole": True, "default_pvid": default}


def default_pvid(item: Resource, desired: Desired, observed: State) -> int:
    """What a new port of the item's bridge gets: by the file, else as the bridge is, else the kernel's own."""
    name = item.key[1]
    if item.kind != SELF:
        places = (desired.link(name), observed.link(name))
        name = next((link.attributes["master"] for link in places if link and link.attributes.get("master")), "")
    for link in (desired.link(name), observed.link(name)):
        value = link.attributes.get("vlan_default_pvid") if link is not None else None
        if value is not None:
            return int(value)
    return DEFAULT_PVID


def _let_in(device: Resource, desired: Desired, observed: State) -> None:
    """What a VLAN device on a filtering bridge receives passes the bridge's own table (br_handle_vlan)."""
    name, vid = device.attributes.get("link"), device.attributes.get("id")
    wish, seen = desired.link(name or ""), observed.link(name or "")
    kind = (wish.kind if wish is not None else "") or (seen.kind if seen is not None else "")
    filtering = wish.attributes.get("vlan_filtering") if wish is not None else None
    if filtering is None and seen is not None:
        filtering = seen.attributes.get("vlan_filtering")
    if kind != "bridge" or not filtering or vid is None:
        return
    key = table_key(str(name))
    own = desired.get(key) or _as_it_is(key, device, desired, observed)
    desired.add(own)  # also where the VLAN is there: what once was added for it is not to go
    if not minus((str(vid),), members(own.attributes)):
        return
    own.attributes = {**own.attributes, "vids": union(own.attributes["vids"], (str(vid),))}
    where = f"{device.origin}: " if device.origin else ""
    desired.notes.append(f"{where}VLAN {vid} is added to {name} itself: {device.name} stands on it, and it filters")


def _as_it_is(key: Key, device: Resource, desired: Desired, observed: State) -> Resource:
    seen = observed.get(key)
    own = Resource(key, SELF, origin=device.origin)
    default = default_pvid(own, desired, observed)
    own.attributes = dict(seen.attributes) if seen is not None else initial(default)
    own.facts = {"whole": True, "default_pvid": default}
    return own


def keep_foreign_tables(by_key: dict[Key, Change], desired: Desired, observed: State) -> None:
    """A bridge's new default PVID moves the ports that have the former one; those that the file does not name
    keep theirs, and those whose table it names get that (br_vlan.c, __br_vlan_set_default_pvid)."""
    moving = dict(_moving_bridges(by_key))
    for item in observed if moving else ():
        if item.key[0] != FAMILY:
            continue
        bridge = _bridge_of(item, observed)
        if bridge not in moving or not _is_moved(item, *moving[bridge]):
            continue
        if item.key in by_key:
            _rewrite(by_key[item.key])
        elif item.key in desired or ("link", item.key[1]) not in desired:
            by_key[item.key] = _kept(item, str(bridge))


def _moving_bridges(by_key: dict[Key, Change]) -> Iterator[tuple[str, tuple[int, int]]]:
    for key, change in by_key.items():
        if key[0] == "link" and change.kind == "bridge" and change.action is Action.UPDATE:
            for step in change.steps:
                if step.attribute == "vlan_default_pvid" and step.before is not None:
                    yield key[1], (step.before, step.after)


def _is_moved(item: Resource, before: int, after: int) -> bool:
    """Ports on the former default move, unless they have the new one already; from 0, every other port does."""
    pvid, own = item.attributes["pvid"], (str(item.attributes["pvid"]),)
    on_default = bool(before) and pvid == before and not minus(own, item.attributes["untagged"])
    if not after:
        return on_default
    return (on_default or not before) and bool(minus((str(after),), members(item.attributes)))


def _rewrite(change: Change) -> None:
    """What the table was no longer tells what it is: all of it is sent."""
    if change.action is Action.UPDATE:
        change.action = Action.CREATE


def _kept(item: Resource, bridge: str) -> Change:
    steps = tuple(Step(name, value, value) for name, value in item.attributes.items())
    reason = f"put back: the default PVID of {bridge} changes"
    return Change(Action.CREATE, item.key, item.kind or PORT, {}, item.attributes, steps, None, reason=reason)


def filtering_notes(by_key: dict[Key, Change], desired: Desired, observed: State) -> Iterator[str]:
    """In words, which ports carry no tags any more when their bridge begins to filter."""
    beginning = {
        key[1] for key, change in by_key.items() if key[0] == "link" and change.action is Action.UPDATE
        for step in change.steps if step.attribute == "vlan_filtering" and step.after
    }  # fmt: skip
    for bridge in beginning:
        silent = [
            item.key[1] for item in observed
            if item.key[0] == FAMILY and item.key not in desired and not item.attributes["vids"]
            and _bridge_of(item, observed) == bridge and item.kind == PORT
        ]  # fmt: skip
        if silent:
            names = ", ".join(silent[:5]) + (f" and {len(silent) - 5} more" if len(silent) > 5 else "")
            effect = f"frames with tags pass {names} no more"
            yield f"{bridge} begins to filter: {effect}; give such a port `vids` if they shall"


def _bridge_of(item: Resource, observed: State) -> str | None:
    link = observed.link(item.key[1])
    return item.key[1] if item.kind == SELF else (link.attributes.get("master") if link else None)
