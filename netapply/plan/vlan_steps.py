"""From one VLAN table to another: what is added, what is removed, and in which order. Pure.

The kernel moves the PVID when another VLAN is given the flag, and an entry that is sent again takes on the
flags of the message. So everything new comes first and everything that goes last, and untagged traffic always
has a VLAN (net/bridge/br_vlan.c, __vlan_add_flags).
"""

from __future__ import annotations

from collections.abc import Iterator

from netapply.model.attribute import Value
from netapply.model.vlan_ranges import EVERY, Texts, minus, union
from netapply.model.vlan_table import SELF, members
from netapply.plan.change import Action, Change
from netapply.plan.plan import Operation, Phase, Verb

NOTHING: dict[str, Value] = {"vids": (), "pvid": 0, "untagged": (), "tunnel": ()}


def steps(before: dict[str, Value] | None, after: dict[str, Value]) -> dict[str, Texts]:
    """Entries to `add` (as iproute2 shows them: `10 pvid untagged`) and to `remove`, and the same of tunnel ids.

    `before` is None for a port to be, whose table is the kernel's choice: then all is sent.
    """
    was = NOTHING if before is None else before
    away = () if before is None else tuple(item for item in was["tunnel"] if item not in after["tunnel"])
    wished = {
        "untunnel": tuple(item.partition(":")[0] for item in away),
        "add": _added(was, after),
        "tunnel": tuple(item for item in after["tunnel"] if item not in was["tunnel"] or before is None),
        "remove": minus(EVERY if before is None else members(was), members(after)),
    }
    return {name: texts for name, texts in wished.items() if texts}


def operations_of(change: Change, left: set[Value]) -> Iterator[Operation]:
    """What makes a table as it shall be, when the port is one and its settings are made.

    A bridge that its last port has left has no MAC address, and is given no VLANs then (br_fdb.c,
    fdb_add_local): what one of `left` is to have, it gets while the ports are there.
    """
    if change.action is Action.DELETE:
        return  # it ends with the port
    wished = steps(change.before if change.action is Action.UPDATE else None, change.after)
    early = {"add"} if change.kind == SELF and change.action is Action.UPDATE and change.key[1] in left else set()
    parts = (
        (Phase.LINK_PREPARE, 0, {name: texts for name, texts in wished.items() if name in early}),
        (Phase.PORT, 1, {name: texts for name, texts in wished.items() if name not in early}),
    )
    for phase, depth, part in parts:
        if part:
            yield Operation(Verb.SET, change.key, change.kind, phase, dict(part), depth, disruption=change.disruption)


def _added(was: dict[str, Value], after: dict[str, Value]) -> Texts:
    pvid = after["pvid"]
    own: Texts = (str(pvid),) if pvid else ()
    untagged = not minus(own, after["untagged"])
    entries = [f"{pvid} pvid untagged" if untagged else f"{pvid} pvid"] if own else []
    if pvid == was["pvid"] and _class_of(pvid, was) == _class_of(pvid, after):
        entries = []
    loose = (str(was["pvid"]),) if was["pvid"] and not pvid else ()  # nobody else takes the flag from it
    kept = minus(loose, minus(loose, members(after)))
    tagged = union(minus(after["vids"], was["vids"]), minus(kept, after["untagged"]))
    plain = union(minus(after["untagged"], was["untagged"]), minus(kept, after["vids"]))
    entries += minus(tagged, own)
    return (*entries, *(f"{each} untagged" for each in minus(plain, own)))


def _class_of(vid: int, attributes: dict[str, Value]) -> bool:
    return not minus((str(vid),), attributes["untagged"])
