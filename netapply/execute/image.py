"""The before-image: what a plan will touch, as it was, and the desired state that leads back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from netapply.families import change_of, table_for
from netapply.kernel.observe import Observed
from netapply.kinds import governed, link_table
from netapply.model.attribute import Change as How
from netapply.model.attribute import Disruption, table_of
from netapply.model.family import FAMILIES, ON_DEMAND, table_of_family
from netapply.model.link import Link
from netapply.model.nexthop_words import leads_over
from netapply.model.ovs_values import is_ovs
from netapply.model.owned import Owned
from netapply.model.resource import Desired, Key, Resource, State
from netapply.naming import renamed, renamed_key
from netapply.plan.along import moved_along
from netapply.plan.change import Action, Change
from netapply.plan.consequences import MINIMUM_IPV6_MTU
from netapply.plan.ovs import OVS_PHASES
from netapply.plan.plan import Plan
from netapply.plan.ties import links_of, returns_by_itself

NEVER_MADE: Final = ON_DEMAND | {"ovs_port"}
"""Families that are only ever set, and have nothing that could be taken away."""


@dataclass(slots=True)
class BeforeImage:
    """Everything that the transaction may change, as it was; what it makes; what it sets."""

    before: dict[Key, Resource] = field(default_factory=dict)
    made: set[Key] = field(default_factory=set)
    touched: dict[Key, tuple[str, ...]] = field(default_factory=dict)
    """Attributes that the plan sets on what exists. Others follow by themselves (a bridge's MAC follows
    its ports) and are set only where they did not: setting them would pin them."""

    switch: bool = False
    """Whether it goes through Open vSwitch's database, which must answer before all can be said to be undone."""

    def called(self, names: dict[str, str]) -> BeforeImage:
        """The same with links called otherwise: as the kernel calls them when nothing has been done yet."""
        if not names:
            return self
        before = [renamed(item, names) for item in self.before.values()]
        made = {renamed_key(key, names) for key in self.made}
        touched = {renamed_key(key, names): attributes for key, attributes in self.touched.items()}
        return BeforeImage({item.key: item for item in before}, made, touched, self.switch)

    def way_back(self, now: State, *, full: bool) -> tuple[Desired, Owned]:
        """The state before as a desired state; with `full`, every attribute that was observed."""
        desired = Desired(source="the state before", absence="was not there before")
        made = set(self.made)
        for key, resource in self.before.items():
            if not full and resource.facts.get("kernel_made"):
                continue
            seen = now.get(key)
            everything = full or seen is None or seen.kind != resource.kind or resource.family != "link"
            names = self._lasting(resource) if everything else self.touched.get(key, ())
            attributes = {name: value for name, value in resource.attributes.items() if name in names}
            if attributes.get("mac", "") is None and not is_ovs(resource.kind):
                del attributes["mac"]  # of a bridge that lost its last port: none can be set
            if key[0] == "route":  # which is read without what it has not
                attributes = {**dict.fromkeys(table_of_family("route").rows), **attributes}
            desired.add(Resource(key, resource.kind, attributes, resource.facts))
        if full:
            made |= self._grown(now)
        return desired, Owned(made=made, marks_count=False)

    def _lasting(self, resource: Resource) -> set[str]:
        """All attributes but those that the kernel, or the link's master, moves by itself."""
        living = {row.attribute for row in table_for(resource) if row.nla.living}
        master = self.before.get(("link", resource.attributes.get("master") or ""))
        return resource.attributes.keys() - living - (governed(master) if resource.family == "link" else set())

    def _grown(self, now: State) -> set[Key]:
        """Link-local addresses that the kernel chose anew, after a link was down or without IPv6."""
        watched = {key[1] for key in self.before if key[0] == "link"}
        watched |= {key[1] for key, item in self.before.items() if item.facts.get("kernel_made")}
        addresses = (item for item in now.family("address") if item.facts.get("kernel_made") and ":" in item.key[2])
        return {item.key for item in addresses if item.key[1] in watched and item.key not in self.before}


def before_image(plan: Plan, observed: Observed) -> BeforeImage:
    """What `plan` touches, and what hangs on the links that it touches.

    Link-local addresses are remembered although the kernel makes them: it makes them from the MAC
    address of the moment, which need not be that of the first time.
    """
    image = BeforeImage(switch=any(operation.phase in OVS_PHASES for operation in plan.operations))
    changed = {change.key for change in plan.changes} | plan.lost
    links = _touched_links(plan, observed)
    alike = {"sysctl"} | {name for name, family in FAMILIES.items() if family.marked}
    alike |= {change.family for change in plan.changes if change.family in ("rule", "wireguard_peer")}
    objects = {key for key in changed if key[0] == "nexthop"}
    readdressed = {change.key[1] for change in plan.changes if change.family == "address"}
    for resource in observed:
        near = resource.key in changed or resource.family in alike or not links.isdisjoint(links_of(resource))
        if resource.family == "route":  # a leg may die here, and the last one on the way back
            legs = resource.attributes["nexthops"] if readdressed else ()
            near = near or (len(legs) > 1 and not readdressed.isdisjoint(hop[1] for hop in legs))
        near = near or (bool(objects) and not objects.isdisjoint(leads_over(resource)))
        if near and (not returns_by_itself(resource) or resource.facts.get("kernel_made")):
            image.before[resource.key] = resource
    for name in _vanishing(plan, links):
        image.before |= {item.key: item for item in observed.unusual_settings(name)}
    _touch(image, plan, observed)
    return image


def _touch(image: BeforeImage, plan: Plan, observed: Observed) -> None:
    """What the plan makes, and what it sets or moves along on what there is."""
    for change in plan.changes:
        seen = observed.get(change.key)
        if seen is None or seen.kind != change.kind:
            if change.family not in NEVER_MADE:
                image.made.add(change.key)
        elif change.action is not Action.DELETE:
            image.touched[change.key] = _touched(change)
    for key, attribute in moved_along(plan.changes, observed):
        image.touched[key] = (*image.touched.get(key, ()), attribute)
    for link in _released(plan, observed):
        image.touched[link.key] = (*image.touched.get(link.key, ()), "master")


def _touched(change: Change) -> tuple[str, ...]:
    """What the change sets; of a link that is made again, all that is its kind's own: what its former self had may be
    nothing that the next one takes (an external GENEVE has no VNI), and so no step."""
    steps = tuple(step.attribute for step in change.steps)
    if change.family != "link" or change.action is not Action.REPLACE:
        return steps
    common = table_of(Link).rows
    own = (row for row in link_table(change.kind) if row.attribute not in common and not row.nla.living)
    kept = (row.attribute for row in own if not str(change.before.get(row.attribute)).startswith("#"))
    return tuple(dict.fromkeys((*steps, *kept)))


def _released(plan: Plan, observed: State) -> Iterator[Resource]:
    """Ports whose master goes: the kernel takes it from them, whoever they belong to."""
    masters = {
        change.key[1] for change in plan.changes
        if change.family == "link" and change.action in (Action.DELETE, Action.REPLACE)
    }  # fmt: skip
    if masters:
        yield from (link for link in observed.family("link") if link.attributes.get("master") in masters)


def _vanishing(plan: Plan, links: set[str]) -> set[str]:
    """Links that may lose their parameters, here or on the way back: deleted ones, and what stands on them."""
    return links if any(forgets(change) for change in plan.changes if change.family == "link") else set()


def forgets(change: Change) -> bool:
    """Whether a link loses what it holds, here or on the way back."""
    if change.action in (Action.DELETE, Action.REPLACE):
        return True
    seen = Resource(change.key, change.kind)
    back = (change_of(seen, step.attribute, step.after, step.before) for step in change.steps)
    too_small = 0 < (change.after.get("mtu") or 0) < MINIMUM_IPV6_MTU
    return change.action is Action.UPDATE and (too_small or How.RECREATE in back)


def takes_entries(change: Change) -> bool:
    """Whether a change may take along what nobody names: neighbours, forwarding entries."""
    if change.family == "link" and change.action is not Action.CREATE:
        return change.disruption > Disruption.LIVE or forgets(change)
    if change.family == "address":
        return change.action is not Action.CREATE
    return change.family == "sysctl" and change.key[1].endswith("/disable_ipv6")


def _touched_links(plan: Plan, observed: State) -> set[str]:
    """Links that change, their masters, and everything that stands on them or is their port."""
    links = set()
    for change in plan.changes:
        if change.family == "link":
            masters = {change.before.get("master"), change.after.get("master")}
            links |= {change.key[1], *filter(None, masters)}
    grown = True
    while grown:
        size = len(links)
        for link in observed.family("link"):
            near = {link.attributes.get(name) for name in ("link", "dev", "peer", "master")}
            if near & links:
                links.add(link.name)
        grown = len(links) > size
    return links
