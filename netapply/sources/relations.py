"""Who is a port of whom, who stands on whom, and what the other end of a cable is.

A relation may be written at either side: `ports` at the bridge, `master` at the port. Whatever is
written twice must agree, and nothing may stand on itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NamedTuple

from netapply.model.attribute import Value
from netapply.model.resource import Origin
from netapply.sources.declared import Declared, Links, earlier
from netapply.sources.wording import named, refusal


class Attachment(NamedTuple):
    """A link's master, None where the file says that it has none; and where that is written."""

    master: str | None
    origin: Origin
    kind: str = ""
    """The master's kind, where the file says it."""


class Companion(NamedTuple):
    """A link that the file does not declare, but that comes with one that it does."""

    kind: str
    attributes: dict[str, Value]
    origin: Origin


@dataclass(slots=True)
class Relations:
    """All relations of the file's links."""

    masters: dict[str, Attachment] = field(default_factory=dict)
    companions: dict[str, Companion] = field(default_factory=dict)


def relate(links: Links) -> Relations:
    """Find all relations. InputError for the first that contradicts another, or the kernel."""
    relations = Relations()
    for declared in links.values():
        for port, attachment in _attachments(declared):
            _attach(relations.masters, port, attachment)
        _add_companions(relations.companions, declared, links)
    for port, attachment in relations.masters.items():
        master = links.get(attachment.master or "")
        relations.masters[port] = attachment._replace(kind=master.kind if master is not None else "")
    _refuse_loops(links, relations.masters)
    for port, attachment in relations.masters.items():
        _refuse_impossible_port(port, attachment, links)
    return relations


def _attachments(declared: Declared) -> Iterator[tuple[str, Attachment]]:
    """What one link says about masters: its own, and itself as that of its ports."""
    if declared.names("master"):
        yield declared.name, Attachment(declared.link.master, declared.at("master"))
    seen: set[str] = set()
    for port, origin in zip(declared.link.ports_of(), declared.items_at("ports"), strict=True):
        if port in seen:
            message = f"cannot use {named(port)} twice as a port of {declared.title}; remove one"
            raise refusal(message, origin)
        seen.add(port)
        yield port, Attachment(declared.name, origin)


def _attach(masters: dict[str, Attachment], port: str, attachment: Attachment) -> None:
    known = masters.setdefault(port, attachment)
    if known.master == attachment.master:
        return
    other = earlier(known.origin, attachment.origin)
    wish = f"a port of {attachment.master}" if attachment.master else "a port of nothing"
    fact = f"a port of {known.master}" if known.master else "a port of nothing"
    message = f"cannot make {named(port)} {wish}: {other} makes it {fact}; remove one of the two"
    raise refusal(message, attachment.origin)


def _add_companions(companions: dict[str, Companion], declared: Declared, links: Links) -> None:
    """Take in the far ends of the link's cables, or see that the declared ones agree."""
    for name, attributes in declared.link.companions(declared.name):
        origin = declared.at("peer")
        if name == declared.name:
            raise refusal(f"cannot make {declared.title} its own peer; name the other end", origin)
        far = links.get(name)
        if far is not None:
            _refuse_another_end(declared, far)
        elif name in companions:
            other = earlier(companions[name].origin, origin)
            what = f"cannot make {named(name)} the peer of {named(declared.name)}"
            raise refusal(f"{what}: {other} makes it another's peer; a cable has two ends", origin)
        else:
            companions[name] = Companion(declared.kind, attributes, origin)


def _refuse_another_end(declared: Declared, far: Declared) -> None:
    if far.kind == declared.kind and declared.name in dict(far.link.companions(far.name)):
        return
    other = earlier(far.key, declared.key)
    what = f"cannot make {named(far.name)} the peer of {named(declared.name)}: {other} describes it otherwise"
    advice = f"write it there as kind: {declared.kind}, peer: {declared.name}"
    raise refusal(f"{what}; {advice}, or leave it out", declared.at("peer"))


def _refuse_loops(links: Links, masters: dict[str, Attachment]) -> None:
    """Refuse a link that stands on itself, over any number of links between."""
    below: dict[str, dict[str, Origin]] = {name: dict(link.lowers()) for name, link in links.items()}
    for port, attachment in masters.items():
        if attachment.master is not None:
            below.setdefault(attachment.master, {})[port] = attachment.origin
    loop = _loop_in(below)
    if loop:
        first = min(below[upper][lower] for upper, lower in pairwise(loop))
        chain = " → ".join(named(name) for name in loop)
        raise refusal(f"cannot build links that stand on themselves: {chain}; remove one of these", first)


def _loop_in(below: dict[str, dict[str, Origin]]) -> list[str]:
    """The first loop, its first link repeated at the end; empty where there is none."""
    done: set[str] = set()
    for start in below:
        path = {} if start in done else {start: iter(below[start])}
        while path:
            last = next(reversed(path))
            lower = next(path[last], None)
            if lower is None:
                done.add(last)
                del path[last]
            elif lower in path:
                names = list(path)
                return [*names[names.index(lower) :], lower]
            elif lower not in done:
                path[lower] = iter(below.get(lower, {}))
    return []


_LOOPBACK: Final = "lo"


def _refuse_impossible_port(port: str, attachment: Attachment, links: Links) -> None:
    """What the kernel refuses for certain (net/bridge/br_if.c, br_add_if)."""
    if attachment.master is None:
        return
    master, inner = links.get(attachment.master), links.get(port)
    what = f"cannot make {named(port)} a port of {attachment.master}"
    if port == _LOOPBACK:
        raise refusal(f"{what}: the loopback can be no port; use a veth", attachment.origin)
    if master is not None and master.kind and "ports" not in type(master.link).model_fields:
        raise refusal(f"{what}: a {master.kind} has no ports; name a bridge", attachment.origin)
    if inner is not None and inner.kind == "macvtap" and master is not None and master.kind in ("bridge", "bond"):
        raise refusal(f"{what}: a macvtap hands its frames to a program; use a macvlan", attachment.origin)
    if master is not None and inner is not None and master.kind == "bridge" and not inner.link.ethernet:
        raise refusal(f"{what}: a {inner.kind} carries no Ethernet frames; a bridge needs them", attachment.origin)
    if master is not None and inner is not None and master.kind == inner.kind == "bridge":
        raise refusal(f"{what}: a bridge cannot hold a bridge; join them by a veth pair", attachment.origin)
