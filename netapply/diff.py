"""The difference: (desired, observed, owned) → changes. Pure: no kernel, no clock, no files.

Only what the desired state names is compared. What netapply made and the file no longer names goes;
what netapply set on somebody else's resource goes back; everything else is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from netapply.errors import ForeignError, MissingError
from netapply.families import change_of, default_of, disruption_of, same
from netapply.kinds import KIND_OF
from netapply.model.addressing import is_static
from netapply.model.attribute import UNSET, Disruption, Value
from netapply.model.attribute import Change as How
from netapply.model.family import FAMILIES, link_of
from netapply.model.netfilter import NETFILTER, backend_of, is_jump, twin
from netapply.model.owned import Owned
from netapply.model.resource import Desired, Key, Origin, Resource, State
from netapply.model.routing import DYNAMIC, same_nexthops
from netapply.model.sysctl import device_of
from netapply.movers import without_wish
from netapply.plan.change import Action, Change, Step
from netapply.sequence import put_in_order

_LOOPBACK = ("127.0.0.1/8", "::1/128")
"""Made by the kernel when the loopback comes up; of the first it does not say so (IFA_PROTO, Linux 6.18)."""


def diff(desired: Desired, observed: State, owned: Owned) -> list[Change]:
    """Every change that leads from the observed to the desired state, in the desired state's order.

    Raises MissingError where a physical device is not there, ForeignError where a name is taken by
    something that netapply may not touch.
    """
    changes = list(_deletions(desired, observed, owned))
    daemons = {route.key[:6]: route for route in observed.family("route") if len(route.key) > 6}
    for resource in desired:
        change = _wished(resource, observed, owned, daemons)
        if change is not None:
            changes.append(change)
    changes += _abandoned(desired, observed, owned)
    return _in_wished_order(put_in_order(changes, desired, observed), desired)


def _in_wished_order(changes: list[Change], desired: Desired) -> list[Change]:
    """Rules of one list come to its end one after the other, so in the order in which the file has them."""
    place = {resource.key: number for number, resource in enumerate(desired) if FAMILIES[resource.family].ordered}
    listed = sorted((change for change in changes if change.key in place), key=lambda change: place[change.key])
    return [*(change for change in changes if change.key not in place), *listed]


def _wished(resource: Resource, observed: State, owned: Owned, daemons: dict[Key, Resource]) -> Change | None:
    seen = observed.get(resource.key)
    if seen is None:
        return _unseen(resource, observed, daemons)
    if resource.family == "nexthop":
        _refuse_daemons_nexthop(resource, seen)
    elif resource.family == "link" and resource.kind and seen.kind != resource.kind:
        return _other_kind(resource, seen, owned)
    steps = (*_steps(resource, seen), *_returning(seen, owned, resource.attributes))
    if not steps:
        return None
    change = changed(seen, steps, resource.origin)
    if change.action is Action.REPLACE and "mtu" not in resource.attributes and _chooses_mtu(change):
        del change.after["mtu"]
    if resource.family == "route":
        _let_follow(change, resource)
    return change


def _let_follow(change: Change, resource: Resource) -> None:
    """Leave to the kernel what follows from a way that changes."""
    if any(step.attribute in ("type", "nexthops") for step in change.steps):
        for name in _FOLLOWING - resource.attributes.keys():
            change.after.pop(name, None)


_FOLLOWING: Final = frozenset({"scope", "src", "nexthop", "realm"})
"""What follows from a route's type and nexthops: with another way, the former value may be wrong."""


def _unseen(resource: Resource, observed: State, daemons: dict[Key, Resource]) -> Change | None:
    if FAMILIES[resource.family].implicit and _is_usual(resource):
        return None
    daemon = daemons.get(resource.key) if resource.family == "route" else None
    if daemon is None:
        return _creation(resource, observed)
    _require_same(resource, daemon)
    return None


def _is_usual(resource: Resource) -> bool:
    return all(value == default_of(resource, name) for name, value in resource.attributes.items())


def _chooses_mtu(change: Change) -> bool:
    """Whether the kernel's own MTU of a new link depends on another link: then the former one may not fit."""
    lowers = {change.after.get("link"), change.after.get("dev"), change.before.get("link"), change.before.get("dev")}
    return change.family == "link" and lowers != {None}


def _steps(resource: Resource, seen: Resource) -> Iterator[Step]:
    for name, value in resource.attributes.items():
        before = seen.attributes.get(name)
        if not same(name, value, before):
            yield Step(name, before, value, resource.where(name))


def _returning(seen: Resource, owned: Owned, named: dict[str, Value]) -> Iterator[Step]:
    """Attributes that netapply set and the file no longer names: back to the default, or to the found value."""
    for name, found in owned.set_here.get(seen.key, {}).items():
        if name in named or (seen.family == "link" and name not in seen.attributes):
            continue  # the second: it was a link of another kind that had it
        default = default_of(seen, name)
        goal = found if default is UNSET else default
        before = seen.attributes.get(name)
        if not same(name, goal, before):
            yield Step(name, before, goal)


def changed(seen: Resource, steps: tuple[Step, ...], origin: Origin | None, reason: str = "") -> Change:
    """An update, or a replacement where one attribute is immutable in the kernel."""
    ways = [change_of(seen, step.attribute, step.before, step.after) for step in steps]
    action = Action.REPLACE if How.RECREATE in ways else Action.UPDATE
    after = {**seen.attributes, **{step.attribute: step.after for step in steps}}
    disruption = max(disruption_of(seen, way) for way in ways)
    where = steps[0].origin or origin
    needs, position = max(ways, key=list(How).index), seen.facts.get("position")
    return Change(
        action, seen.key, seen.kind, seen.attributes, after, steps, where, disruption, reason, needs, position
    )


def creation(resource: Resource, reason: str = "") -> Change:
    steps = tuple(Step(name, None, value, resource.where(name)) for name, value in resource.attributes.items())
    return Change(
        Action.CREATE, resource.key, resource.kind, {}, dict(resource.attributes), steps, resource.origin,
        reason=reason, position=resource.facts.get("position"),
    )  # fmt: skip


def deletion(resource: Resource, reason: str) -> Change:
    return Change(
        Action.DELETE, resource.key, resource.kind, resource.attributes, {}, (), None,
        FAMILIES[resource.family].goes, reason, position=resource.facts.get("position"),
    )  # fmt: skip


def _creation(resource: Resource, observed: State) -> Change:
    if resource.family == "link" and not KIND_OF[resource.kind].created:
        raise _no_device(resource, observed)
    return creation(resource)


def _no_device(resource: Resource, observed: State) -> MissingError:
    names = sorted(link.name for link in observed.family("link"))
    from difflib import get_close_matches  # for this error only

    near = get_close_matches(resource.name, names, 1)
    hint = f"the nearest name is {near[0]}" if near else f"there are {', '.join(names[:12])}"
    return MissingError(
        f"cannot use link {resource.name}: there is no such device, and without a kind none is made; "
        f"{hint}{_at(resource)}"
    )


def _at(resource: Resource) -> str:
    return f"; {resource.origin}" if resource.origin else ""


def _require_same(resource: Resource, daemon: Resource) -> None:
    """The kernel or a daemon has a route of the same destination and metric: the same is enough."""
    if same_nexthops(resource.attributes.get("nexthops", ()), daemon.attributes["nexthops"]):
        return
    raise ForeignError(
        f"cannot add the route to {resource.key[3]} with metric {resource.key[4]}: protocol {daemon.key[6]} has one "
        f"({daemon.key[7]}), which is not netapply's to change; give yours another metric{_at(resource)}"
    )


def _refuse_daemons_nexthop(resource: Resource, seen: Resource) -> None:
    """A routing daemon's nexthop object is never changed."""
    if seen.attributes["protocol"] in DYNAMIC:
        raise ForeignError(
            f"cannot use nexthop {resource.name}: protocol {seen.attributes['protocol']} has one of that number, which "
            f"is not netapply's to change; choose another id{_at(resource)}"
        )


def _other_kind(resource: Resource, seen: Resource, owned: Owned) -> Change:
    if not owned.has(seen):
        raise ForeignError(
            f"cannot make {resource.kind} {resource.name}: a {seen.kind or 'physical'} link of that name exists and "
            f"netapply did not make it; rename one of them, or delete it first{_at(resource)}"
        )
    change = creation(resource, f"was a {seen.kind}")
    change.action, change.before, change.disruption = Action.REPLACE, seen.attributes, Disruption.RECREATE
    return change


def _deletions(desired: Desired, observed: State, owned: Owned) -> Iterator[Change]:
    wished = {resource.name: resource.key[1] for resource in desired.family("address")}
    for resource in observed:
        if resource.key in desired:
            continue
        reason = _surplus(resource, desired, wished) if resource.family == "address" else None
        if reason is not None:
            yield deletion(resource, reason)
        elif owned.has(resource):
            yield deletion(resource, _moved(resource, desired) or desired.absence)


def _moved(resource: Resource, desired: Desired) -> str:
    """Where a rule of netfilter goes that the file wants in the other backend; a jump goes with its chain."""
    if resource.family in NETFILTER and is_jump(resource.key):
        return "its chain goes"
    there = twin(resource.key) if resource.family in NETFILTER else None
    return f"moves to {backend_of(there)}" if there is not None and there in desired else ""


def _surplus(resource: Resource, desired: Desired, wished: dict[str, str]) -> str | None:
    """Why a static address goes: its link's list is complete, or the file wants it on another link."""
    link, address = resource.key[1:3]
    if not is_static(resource) or (link == "lo" and address in _LOOPBACK):
        return None
    if address in wished and ("link", link) in desired and not address.startswith("fe80:"):
        return f"moves to {wished[address]}"
    return f"not among the addresses of {link}" if link in desired.authoritative else None


def _abandoned(desired: Desired, observed: State, owned: Owned) -> Iterator[Change]:
    """Resources that the file names no more, on which netapply once set something."""
    for key in owned.set_here:
        seen = observed.get(key)
        if seen is None or key in desired or owned.has(seen) or _goes_with_link(key, desired, observed, owned):
            continue
        steps = tuple(_returning(seen, owned, {}) if key[0] != "sysctl" else _parameter_back(seen, desired, owned))
        if steps:
            yield changed(seen, steps, None, desired.absence)


def _parameter_back(seen: Resource, desired: Desired, owned: Owned) -> Iterator[Step]:
    """What was found counts only where no global parameter decides."""
    before, found = seen.attributes["value"], owned.set_here[seen.key]["value"]
    goal = without_wish(seen.key[1], found, desired, owned)
    if goal != before:
        yield Step("value", before, goal)


def _goes_with_link(key: Key, desired: Desired, observed: State, owned: Owned) -> bool:
    """Whether this is a parameter, or a setting, of a link that is about to be deleted."""
    name = (device_of(key[1]) or "") if key[0] == "sysctl" else "" if key[0] == "link" else link_of(key)
    link = observed.link(name)
    return link is not None and owned.has(link) and link.key not in desired
