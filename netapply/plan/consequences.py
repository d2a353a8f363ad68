"""What the kernel does by itself when a plan's changes are made: the side effects, simulated.

A plan must not leave behind less than it names, so whatever a change takes away as a side effect,
from the desired state or from somebody else's, is put back by the same plan. Each rule here is one
behaviour of the kernel; the module is pure.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator

from netapply.kinds import KIND_OF
from netapply.model.attribute import Change as How
from netapply.model.attribute import Value
from netapply.model.family import link_of
from netapply.model.nexthop_words import leads_over
from netapply.model.resource import Key, Resource, State
from netapply.model.routing import PROTOCOL
from netapply.model.sysctl import device_of
from netapply.movers import moved_by
from netapply.plan.change import Action, Change
from netapply.plan.nexthop_users import NexthopUsers
from netapply.plan.ports import ends_with_port
from netapply.plan.words import noun

MINIMUM_IPV6_MTU = 1280
"""Bytes; a link with less has no IPv6 at all (RFC 8200, net/ipv6/addrconf.c)."""
REFERENCES = ("link", "dev", "peer")
"""Attributes by which a link stands on another: it goes when the other goes."""
REMADE_BY_OTHERS = frozenset({"kernel", "ra", "redirect"})
"""Protocols of routes that come back by themselves."""


Loss = Callable[[Resource, str], None]


class Consequences:
    """What is lost, and which values move, when `changes` meet `observed`."""

    def __init__(self, changes: list[Change], observed: State) -> None:
        self.observed = observed
        self.lost: dict[Key, str] = {}
        self.for_good: set[Key] = set()
        """Lost by a cause that stays: a link that stays down keeps no routes."""
        self.taken: set[Key] = set()
        """Lost for certain, and before its own turn to be deleted would come: no operation is needed for it
        to go. The rest of what is lost may survive (promote_secondaries, keep_addr_on_down, another leg)."""
        self._dead_legs: dict[Key, dict[str, bool]] = {}
        """The links over which a route leads nowhere any more, and whether that stays so."""
        self.moved: list[tuple[Key, Key, str]] = []
        """Global parameter, parameter that it overwrites, and the value which that one gets."""
        self._by_link = _by_link(observed)
        self._by_source: dict[str, list[Resource]] = {}
        self._secondaries: dict[tuple[str, str], list[Resource]] = {}
        self._users = NexthopUsers()
        for item in observed:
            self._take_in(item)
        self._leaving = {
            change.key for change in changes
            if change.family == "link" and change.action in (Action.DELETE, Action.REPLACE)
        }  # fmt: skip
        self._deleted = {
            change.key[1] for change in changes if change.family == "link" and change.action is Action.DELETE
        }  # fmt: skip
        self._changing = {change.key for change in changes}
        self._departing = dict.fromkeys(
            change.key for change in changes
            if change.family == "address" and change.action in (Action.DELETE, Action.REPLACE)
        )  # fmt: skip
        self._vrfs = {link.name for link in observed.family("link") if link.kind == "vrf"}
        self._vrfs |= {change.key[1] for change in changes if change.kind == "vrf"}
        self.raised: dict[Key, bool] = {}
        """VLANs that are down and come up with their parent; whether the parent was up before, too."""
        self._ports: dict[str, list[str]] = {}
        for item in observed:
            if item.family == "link" and item.attributes.get("master"):
                self._ports.setdefault(item.attributes["master"], []).append(item.name)
        for change in changes:
            self._follow(change)
        for link in dict.fromkeys(key[1] for key in self._departing):
            self._lose_with_last_address(link)

    def _take_in(self, item: Resource) -> None:
        """Remember who depends on what."""
        if item.family == "route":
            if item.attributes.get("src"):
                self._by_source.setdefault(item.attributes["src"], []).append(item)
            if item.attributes.get("nexthop"):
                self._users.add(item)
        elif item.family == "nexthop":
            self._users.add(item)
        elif item.family == "address" and item.attributes.get("secondary"):
            self._secondaries.setdefault(_subnet(item.key), []).append(item)

    def _follow(self, change: Change) -> None:
        if change.family == "link" and change.action is not Action.CREATE:
            self._follow_link(change)
        elif change.family == "address" and change.action in (Action.DELETE, Action.REPLACE):
            self._lose_with_address(change)
        elif change.family == "nexthop" and change.action in (Action.DELETE, Action.REPLACE):
            self._lose_over(self.observed.resources[change.key], f"{noun(change.key, '')} is {_fate(change)}", change)
        elif change.family == "sysctl":
            self._follow_sysctl(change.key[1], str(change.after.get("value", "")))

    def _follow_link(self, change: Change) -> None:
        name = change.key[1]
        if change.action in (Action.REPLACE, Action.DELETE):
            self._follow_end(change)
            return
        after = {step.attribute: step.after for step in change.steps}
        self._follow_state(change, after)
        if "master" in after:
            self._lose_as_port(name, f"{name} leaves {change.before.get('master')}")
        for port in self._ports.get(name, ()) if change.needs is How.EMPTY else ():
            self._lose_as_port(port, f"{name} changes only without ports")
        if 0 < (after.get("mtu") or 0) < MINIMUM_IPV6_MTU:
            self._lose_ipv6(name, f"the MTU of {name} is too small for IPv6", self._lose_for_good, self._lose_for_good)

    def _follow_end(self, change: Change) -> None:
        """Made again or deleted: its ports are left alone for a moment, or for good."""
        name, again = change.key[1], change.action is Action.REPLACE
        reason = f"{name} is {'made again' if again else 'deleted'}"
        for port in self._ports.get(name, ()) if change.kind == "vrf" and not again else ():
            self._bounce(port, reason)
        self._lose_link(name, reason)
        for port in self._ports.get(name, ()) if again else ():
            self._lose_as_port(port, reason)

    def _follow_state(self, change: Change, after: dict[str, Value]) -> None:
        """Up, down, or down for a moment; VLANs follow, and entering or leaving a VRF is such a moment."""
        name = change.key[1]
        if after.get("up") is False:
            for link in (name, *self._vlans_on(name)):
                self._lose_routes(link, f"{name} goes down", for_good=True)
                self._lose_ipv6(link, f"{name} goes down", self._lose, self._lose_for_good)
        elif change.needs in (How.DOWN, How.EMPTY) and change.before["up"]:
            self._bounce(name, f"{name} goes down for a moment")
        elif after.get("up"):
            self._raise_vlans(name, was_up=False)
        if "master" in after and self._vrfs & {change.before.get("master"), after["master"]}:
            self._bounce(name, f"{name} {'enters' if after['master'] in self._vrfs else 'leaves'} a VRF")

    def _lose_link(self, name: str, reason: str) -> None:
        """Everything on the link, and every link that stands on it (net/core/dev.c, unregister).

        Two ends of a veth that both leave do not count as each other's loss: one operation takes both.
        """
        for item in self._by_link.get(name, ()):
            if item.key in self.lost or (item.key in self._leaving and item.attributes.get("peer") == name):
                continue
            if item.family == "link" and item.name != name:
                if _outlives(item) and name in self._deleted:
                    continue
                (self._lose if _outlives(item) else self._take)(item, reason)
                self._lose_link(item.name, reason)
            elif item.family != "link":
                self._take(item, reason)

    def _lose_as_port(self, name: str, reason: str) -> None:
        """Settings and VLANs that a link has as a port (net/bridge/br_if.c, del_nbp)."""
        for item in self._by_link.get(name, ()):
            if ends_with_port(item):
                self._lose(item, reason)

    def _lose_for_a_moment(self, name: str, reason: str) -> None:
        """Down and up again; VLANs on the link follow it (net/8021q/vlan.c, vlan_device_event)."""
        self._lose_routes(name, reason, for_good=False)
        self._lose_ipv6(name, reason, self._lose, self._lose)
        for item in self._by_link.get(name, ()):
            if item.family == "link" and item.kind == "vlan" and item.attributes["link"] == name:
                self._lose_for_a_moment(item.name, reason)

    def _lose_routes(self, name: str, reason: str, *, for_good: bool) -> None:
        """A link that goes down takes its routes along (net/ipv4/fib_semantics.c, fib_sync_down_dev)."""
        for item in self._by_link.get(name, ()):
            if item.family == "route":
                self._lose_leg(item, name, reason, for_good=for_good)
            elif item.family == "nexthop":
                (self._lose_for_good if for_good else self._lose)(item, reason)
                self.taken.add(item.key)

    def _lose_over(self, nexthop: Resource, reason: str, change: Change | None = None) -> None:
        """What leads over a nexthop object. One that goes for good goes last, when others have turned away."""
        for user, entirely in self._users.lost_with(nexthop, self.lost):
            ended = change is not None and change.action is Action.DELETE
            if user.key in self.lost or (ended and user.key in self._changing):
                continue
            if ended:
                self.for_good.add(user.key)
            if entirely:
                self._lose(user, reason)
            else:
                self.lost[user.key] = reason

    def _vlans_on(self, name: str, *, up: bool = True) -> Iterator[str]:
        """The VLANs that are taken along when a link goes up or down (net/8021q/vlan.c, vlan_device_event)."""
        for item in self._by_link.get(name, ()):
            on_it = item.family == "link" and item.kind == "vlan" and item.attributes.get("link") == name
            if on_it and item.attributes["up"] is up and not item.attributes.get("loose_binding"):
                yield item.name
                yield from self._vlans_on(item.name, up=up)

    def _raise_vlans(self, name: str, *, was_up: bool) -> None:
        for vlan in self._vlans_on(name, up=False):
            self.raised.setdefault(("link", vlan), was_up)

    def _bounce(self, name: str, reason: str) -> None:
        """Closed and opened again, as a link that enters or leaves a VRF is (drivers/net/vrf.c, cycle_netdev)."""
        link = self.observed.link(name)
        self._lose_for_a_moment(name, reason)  # one that is down loses its IPv6 addresses as well
        if link is not None and link.attributes["up"]:
            self._raise_vlans(name, was_up=True)

    def _lose_leg(self, route: Resource, link: str, reason: str, *, for_good: bool) -> None:
        """A route with another way out stays: its leg over this link is dead until the link is of use again."""
        causes = self._dead_legs.setdefault(route.key, {})
        causes[link] = for_good or causes.get(link, False)
        for other in (self.observed.link(hop[1]) for hop in route.attributes["nexthops"] if hop[1]):
            if other is not None and other.attributes["up"] is False:
                causes[other.name] = True
        if all(hop[1] in causes for hop in route.attributes["nexthops"]):
            (self._lose_for_good if any(causes.values()) else self._lose)(route, reason)

    def _lose_ipv6(self, name: str, reason: str, lose_address: Loss, lose_route: Loss) -> None:
        """A link that is down can be given its addresses again, but no route; one without IPv6 neither."""
        for item in self._by_link.get(name, ()):
            if item.family == "route" and item.key[1] == "inet6":
                lose_route(item, reason)
            elif item.family == "address" and ":" in item.key[2]:
                lose_address(item, reason)

    def _lose_with_address(self, change: Change) -> None:
        """A primary takes its secondaries along, and an address the routes that name it as source."""
        if not change.before.get("secondary"):
            for item in self._secondaries.get(_subnet(change.key), ()):
                self._lose(item, f"{change.key[2]} was its primary address")
        self._lose_from(change.key[2])

    def _lose_from(self, address: str) -> None:
        """IPv4 drops the routes that name the address as source, whatever their link; IPv6 clears the source."""
        source = address.partition("/")[0]
        for route in self._by_source.get(source, ()):
            self.lost.setdefault(route.key, f"{source} was its source")

    def _lose_with_last_address(self, link: str) -> None:
        """Without any IPv4 address a link has no IPv4 routes either (net/ipv4/fib_frontend.c, fib_disable_ip)."""
        items = self._by_link.get(link, ())
        addresses = [item.key for item in items if item.family == "address" and ":" not in item.key[2]]
        if addresses and all(key in self._departing or key in self.lost for key in addresses):
            for item in items:
                if item.family == "route" and item.key[1] == "inet":
                    self._lose_leg(item, link, f"{link} loses its last address", for_good=False)

    def _follow_sysctl(self, path: str, value: str) -> None:
        links = [link.name for link in self.observed.family("link")]
        self.moved += ((("sysctl", path), other, gets) for other, gets in moved_by(path, value, links))
        disabled = path.endswith("/disable_ipv6") and value != "0"
        for link in links if disabled else ():
            if device_of(path) in (link, None) and "/default/" not in path:
                self._lose_ipv6(link, "IPv6 is disabled", self._lose_for_good, self._lose_for_good)
                self.taken |= self._ipv6_of(link) if device_of(path) is None else set()

    def _ipv6_of(self, link: str) -> set[Key]:
        items = self._by_link.get(link, ())
        routes = {item.key for item in items if item.key[:2] == ("route", "inet6")}
        return routes | {item.key for item in items if item.family == "address" and ":" in item.key[2]}

    def _lose(self, item: Resource, reason: str) -> None:
        self.lost.setdefault(item.key, reason)
        if item.family == "address":
            self._lose_from(item.key[2])
        elif item.family == "nexthop":
            self._lose_over(item, reason)

    def _take(self, item: Resource, reason: str) -> None:
        self._lose(item, reason)
        self.taken.add(item.key)

    def _lose_for_good(self, item: Resource, reason: str) -> None:
        self._lose(item, reason)
        self.for_good.add(item.key)

    def restorable(self) -> Iterator[tuple[Resource, str]]:
        """What was lost, could be there again, and does not come back by itself."""
        for key, reason in self.lost.items():
            item = self.observed.resources[key]
            if any(other in self.for_good for other in leads_over(item)):
                self.for_good.add(key)
            if key not in self.for_good and not returns_by_itself(item):
                yield item, reason

    def farewells(self) -> Iterator[str]:
        """In words, what goes for good without being named."""
        for key in (key for key in self.lost if key in self.for_good):
            item = self.observed.resources[key]
            if key in self._changing or returns_by_itself(item):
                continue
            shrinks = not all(other in self.for_good for other in leads_over(item))
            yield f"{noun(key, item.kind)} {'loses a member' if shrinks else 'goes'}: {self.lost[key]}"


def _fate(change: Change) -> str:
    return "made again" if change.action is Action.REPLACE else "deleted"


def returns_by_itself(item: Resource) -> bool:
    """Whether the kernel makes it anew: connected routes, link-local addresses, what a router announces."""
    if item.family == "route":
        return item.attributes.get("protocol") in REMADE_BY_OTHERS
    if item.family != "address":
        return False
    leased = item.attributes.get("lifetimes") is not None and not item.facts.get("permanent")
    from_router = ":" in item.key[2] and leased and item.attributes.get("protocol") != PROTOCOL
    return bool(item.facts.get("kernel_made") or from_router)


def _outlives(link: Resource) -> bool:
    """A tunnel over IP stays when its device goes, bound to an index that leads nowhere: it is made again."""
    return link.kind in KIND_OF and KIND_OF[link.kind].outlives_dev


def _subnet(address: Key) -> tuple[str, str]:
    """Link and network of an address: among equals only the first is primary."""
    return address[1], str(ipaddress.ip_interface(address[2]).network)


def _by_link(observed: State) -> dict[str, list[Resource]]:
    """Everything that is on a link or stands on it, by the link's name."""
    found: dict[str, list[Resource]] = {}
    for item in observed:
        for name in links_of(item):
            found.setdefault(name, []).append(item)
    return found


def links_of(item: Resource) -> Iterator[str]:
    """The links that a resource is on, leads over, or stands on."""
    if item.family == "route":
        yield from (hop[1] for hop in item.attributes.get("nexthops") or () if hop[1])
    elif item.family == "nexthop":
        yield from filter(None, (item.attributes.get("dev"),))
    elif item.family == "sysctl":
        device = device_of(item.key[1])
        if device:
            yield device
    elif item.family == "link":
        yield item.name
        yield from _standing_on(item.attributes)
    elif link_of(item.key):
        yield link_of(item.key)


def _standing_on(attributes: dict[str, Value]) -> Iterator[str]:
    yield from (attributes[name] for name in REFERENCES if attributes.get(name))
