"""Root qdiscs: one dump of all qdiscs, one of the classes of each link that has a tree of them.

(net/sched/sch_api.c: classes are the one thing that the kernel shows only link by link.) Whatever has the handle 0
the kernel attached by itself.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Final

from netapply.kernel.netlink import Netlink
from netapply.kernel.tc_options import (
    HTB,
    TCA_HTB_CEIL64,
    TCA_HTB_PARMS,
    TCA_HTB_RATE64,
    decode_options,
    encode_options,
    rate64,
    rate_of,
    spec_of,
)  # fmt: skip
from netapply.kernel.wire import message as m
from netapply.kernel.wire.scalar import unpack_text
from netapply.model.attribute import Value
from netapply.model.htb import MAJOR, ROOT, ClassState, class_order
from netapply.model.qdisc import kinds
from netapply.model.resource import Resource
from netapply.model.tc_values import size_of, ticks_of
from netapply.plan.plan import Operation, Verb

TCMSG: Final = struct.Struct("=BxxxiIII")
"""Family, link, handle, parent, information."""
TCA_KIND, TCA_OPTIONS = 1, 2
TC_H_ROOT, INGRESS_MAJOR = 0xFFFFFFFF, 0xFFFF
Qdiscs = dict[int, tuple[str, int, bytes]]
"""Kind, handle and options of a link's qdiscs by their parent."""


def read_qdiscs(netlink: Netlink, names: Mapping[int, str], _: Mapping[str, Resource]) -> list[Resource]:
    """The root qdiscs that somebody attached."""
    by_link: dict[int, Qdiscs] = {}
    for data in netlink.dump(m.RTM_GETQDISC, TCMSG.pack(0, 0, 0, 0, 0)):
        _, index, handle, parent, _ = TCMSG.unpack_from(data)
        seen = dict(m.attributes(data, TCMSG.size, len(data)))
        if handle >> 16 != INGRESS_MAJOR and index in names:
            by_link.setdefault(index, {})[parent] = (unpack_text(seen[TCA_KIND]), handle, seen.get(TCA_OPTIONS, b""))
    found = (_read_root(netlink, index, names[index], qdiscs) for index, qdiscs in by_link.items())
    return [resource for resource in found if resource is not None]


def _read_root(netlink: Netlink, index: int, link: str, qdiscs: Qdiscs) -> Resource | None:
    """The resource; None where there is nothing but what the kernel attached."""
    kind, handle, options = qdiscs.get(TC_H_ROOT, ("", 0, b""))
    leaves = {parent: leaf for parent, leaf in qdiscs.items() if parent != TC_H_ROOT and leaf[1]}
    if not kind or (not handle and not leaves):
        return None
    known = kind in kinds() and bool(handle)
    attributes, whole = decode_options(kind, options) if known else ({}, False)
    if kind == "htb":
        attributes["classes"], complete = _read_classes(netlink, index, leaves)
        whole = whole and complete and handle == MAJOR << 16
    else:
        whole = whole and not leaves
    return Resource(("qdisc", link), kind, {**attributes, "handle": handle}, {"whole": whole})


def _read_classes(netlink: Netlink, index: int, leaves: Qdiscs) -> tuple[tuple[Value, ...], bool]:
    classes, whole, places = [], True, set()
    for data in netlink.dump(m.RTM_GETTCLASS, TCMSG.pack(0, index, 0, 0, 0)):
        _, _, handle, parent, _ = TCMSG.unpack_from(data)
        seen = dict(m.attributes(data, TCMSG.size, len(data)))
        if unpack_text(seen[TCA_KIND]) == "htb":
            leaf, readable = _leaf(leaves.get(handle))
            classes.append(tuple(_class(handle, parent, seen[TCA_OPTIONS], leaf)))
            whole = whole and readable
            places.add(handle)
    return tuple(sorted(classes, key=class_order)), whole and not leaves.keys() - places


def _leaf(qdisc: tuple[str, int, bytes] | None) -> tuple[Value, bool]:
    if qdisc is None:
        return None, True
    kind, _, options = qdisc
    attributes, whole = decode_options(kind, options) if kind in kinds() else ({}, False)
    said = sorted((name, value) for name, value in attributes.items() if value is not None)
    return (kind, tuple(said)), whole


def _class(handle: int, parent: int, options: bytes, leaf: Value) -> ClassState:
    seen = dict(m.attributes(options, 0, len(options)))
    rate_spec, ceil_spec, ticks, cticks, _, _, prio = HTB.unpack(seen[TCA_HTB_PARMS])
    rate, ceil = rate_of(rate_spec, seen.get(TCA_HTB_RATE64)), rate_of(ceil_spec, seen.get(TCA_HTB_CEIL64))
    above = ROOT if parent in (TC_H_ROOT, MAJOR << 16) else _name(parent)
    return ClassState(_name(handle), above, rate, ceil, size_of(ticks, rate), size_of(cticks, ceil), prio, leaf)


def _name(handle: int) -> str:
    return f"{handle >> 16:x}:{handle & 0xFFFF:x}"


def _handle(name: str) -> int:
    major, _, minor = name.partition(":")
    return int(major, 16) << 16 | int(minor or "0", 16)


def encode_qdisc(operation: Operation, indexes: dict[str, int]) -> list[bytearray]:
    """A root qdisc with all that is below it attached, changed in place, or taken off (then the default returns)."""
    index, kind, wish = indexes[operation.key[1]], operation.kind, operation.attributes
    if operation.verb is Verb.DELETE:
        return [m.message(m.RTM_DELQDISC, 0, TCMSG.pack(0, index, 0, TC_H_ROOT, 0))]
    handle = wish.get("handle", MAJOR << 16 if kind == "htb" else 0)
    messages = []
    if not operation.replace:
        messages.append(_qdisc(index, handle, TC_H_ROOT, kind, wish, m.NLM_F_CREATE | m.NLM_F_REPLACE))
    elif kind != "htb":  # of which the kernel changes only the classes
        messages.append(_qdisc(index, handle, TC_H_ROOT, kind, wish, 0, change=True))
    for each in _from_the_top([ClassState(*each) for each in wish.get("classes", ())]):
        messages += _encode_class(index, each)
    return messages


def _qdisc(
    index: int, handle: int, parent: int, kind: str, wish: Mapping[str, Value], flags: int, *, change: bool = False
) -> bytearray:
    body = m.attribute(TCA_KIND, kind.encode() + b"\0")
    options = encode_options(kind, wish, change=change)
    body += m.nested(TCA_OPTIONS, options) if options else b""
    return m.message(m.RTM_NEWQDISC, flags, TCMSG.pack(0, index, handle, parent, 0) + body)


def _from_the_top(classes: list[ClassState]) -> Iterator[ClassState]:
    """Each behind the class that it stands below."""
    waiting, made = classes, {ROOT}
    while waiting:
        ready = [each for each in waiting if each.parent in made]
        yield from ready
        made |= {each.id for each in ready}
        waiting = [each for each in waiting if each.id not in made] if ready else []


def _encode_class(index: int, each: ClassState) -> list[bytearray]:
    ticks = ticks_of(each.burst, each.rate), ticks_of(each.cburst, each.ceil)
    parameters = HTB.pack(spec_of(each.rate), spec_of(each.ceil), *ticks, 0, 0, each.prio)
    options = rate64(TCA_HTB_RATE64, each.rate) + rate64(TCA_HTB_CEIL64, each.ceil)
    body = m.attribute(TCA_KIND, b"htb\0") + m.nested(TCA_OPTIONS, options + m.attribute(TCA_HTB_PARMS, parameters))
    header = TCMSG.pack(0, index, _handle(each.id), _handle(each.parent), 0)
    messages = [m.message(m.RTM_NEWTCLASS, m.NLM_F_CREATE, header + body)]
    if each.leaf is not None:
        kind, options_of_leaf = each.leaf
        flags = m.NLM_F_CREATE | m.NLM_F_REPLACE
        messages.append(_qdisc(index, 0, _handle(each.id), kind, dict(options_of_leaf), flags))
    return messages
