"""The model's addresses and routes (net/ipv4/devinet.c, fib_semantics.c, net/ipv6/addrconf.c, route.c).

Connected routes are not kept but follow from the addresses of the links that are up, which is what
the kernel amounts to. IPv6 link-local addresses come with a link that comes up, carrier or not.
"""

from __future__ import annotations

import errno
import ipaddress
from collections.abc import Callable, Iterator
from typing import Any

from netapply.errors import KernelError
from netapply.model.resource import Key, Resource
from netapply.model.route import DYNAMIC, Nexthop, route_key

Attributes = dict[str, Any]
BLANK: Attributes = {
    "peer": None, "broadcast": None, "label": None, "metric": None, "flags": (), "secondary": False,
}  # fmt: skip
NO_METRICS: Attributes = {"mtu": None, "advmss": None, "hoplimit": None}


def refused(what: str, code: int) -> KernelError:
    return KernelError(what, code)


def interface(text: str) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface:
    return ipaddress.ip_interface(text)


class Addresses:
    """Addresses by (link, text), in the order of their addition."""

    def __init__(self, promotes: Callable[[str], bool]) -> None:
        self.all: dict[tuple[str, str], Resource] = {}
        self._promotes = promotes

    def on(self, link: str, version: int = 0) -> list[Resource]:
        found = [item for item in self.all.values() if item.key[1] == link]
        return [item for item in found if version in (0, interface(item.name).version)]

    def add(self, link: str, text: str, wish: Attributes, facts: Attributes, *, replace: bool) -> None:
        """EEXIST as the kernel tells addresses apart: IPv6 by the address, IPv4 with its prefix."""
        wanted = interface(text)
        for item in self.on(link, wanted.version):
            same = item.name == text or (wanted.version == 6 and interface(item.name).ip == wanted.ip)
            if same and replace and item.name == text:
                return
            if same:
                raise refused(f"create address {text} on {link}", errno.EEXIST)
        attributes = {**BLANK, "scope": _scope(wanted), "protocol": 110, **wish}
        attributes["secondary"] = wanted.version == 4 and self._has_primary(link, text)
        self.all[link, text] = Resource(("address", link, text), "address", attributes, facts)

    def _has_primary(self, link: str, text: str) -> bool:
        peers = [item for item in self.on(link, 4) if interface(item.name).network == interface(text).network]
        return any(not item.attributes["secondary"] for item in peers)

    def delete(self, link: str, text: str) -> list[str]:
        """The address and, with a primary, its secondaries; returns all that went."""
        gone = self.all.pop((link, text), None)
        if gone is None:
            raise refused(f"delete address {text} on {link}", errno.EADDRNOTAVAIL)
        if interface(text).version == 6 or gone.attributes["secondary"]:
            return [text]
        network = interface(text).network
        rest = [item for item in self.on(link, 4) if interface(item.name).network == network]
        if rest and self._promotes(link):
            rest[0].attributes["secondary"] = False
            return [text]
        for item in rest:
            del self.all[item.key[1], item.name]
        return [text, *(item.name for item in rest)]

    def has(self, ip: str) -> bool:
        return any(item.name.partition("/")[0] == ip for item in self.all.values())


def _scope(address: ipaddress.IPv4Interface | ipaddress.IPv6Interface) -> str:
    if address.is_loopback:
        return "host"
    return "link" if address.version == 6 and address.is_link_local else "global"


class Routes:
    """Routes by their key, without the connected ones; `up` says whether a link is."""

    def __init__(self, addresses: Addresses, up: Callable[[str], bool | None]) -> None:
        self.all: dict[Key, Resource] = {}
        self._addresses, self._up = addresses, up
        self._dead: set[tuple[Key, str]] = set()
        """Legs of a multipath route that lead nowhere for the moment."""

    def connected(self) -> Iterator[Resource]:
        """The kernel's own routes to the subnets of the links that are up."""
        for item in self._addresses.all.values():
            address, link = interface(item.name), item.key[1]
            alone = address.network.prefixlen == address.max_prefixlen
            if alone or item.attributes["secondary"] or not self._up(link) or address.is_loopback:
                continue
            inet, metric = ("inet", 0) if address.version == 4 else ("inet6", 256)
            src, scope = (str(address.ip), "link") if inet == "inet" else (None, None)
            hop = Nexthop(None, link)
            key = (*route_key(inet, 254, str(address.network), metric, 0), "kernel", str(hop))
            attributes = {"type": "unicast", "nexthops": (hop,), "src": src, "scope": scope}
            yield Resource(key, "route", {**attributes, "protocol": "kernel", **NO_METRICS})

    def add(self, key: Key, wish: Attributes, facts: Attributes, *, replace: bool) -> None:
        what = f"create route {' '.join(key)}"
        hops = tuple(self._way(what, Nexthop(*hop)) for hop in wish.get("nexthops") or ())
        if wish.get("src") and not self._addresses.has(wish["src"]):
            raise refused(f"{what}: invalid source", errno.EINVAL)
        twins = [item.key for item in (*self.all.values(), *self.connected()) if item.key[:6] == key[:6]]
        if twins and not replace:
            raise refused(what, errno.EEXIST)
        if twins:
            self.all.pop(twins[0], None)
        attributes = {"type": "unicast", "src": None, "protocol": "netapply", **NO_METRICS, **wish}
        attributes |= {"nexthops": hops, "scope": _route_scope(key, wish, hops)}
        word = attributes["protocol"]
        full = (*key[:6], word, str(hops[0]) if hops else "") if word in DYNAMIC else key[:6]
        self.all[full] = Resource(full, "route", attributes, {"nexthop_object": False, **facts})

    def _way(self, what: str, hop: Nexthop) -> Nexthop:
        """One nexthop with its device; errors as the kernel has them."""
        if hop.dev is not None and self._up(hop.dev) is None:
            raise refused(f"{what}: no device {hop.dev}", errno.ENODEV)
        if hop.dev is not None and not self._up(hop.dev):
            raise refused(f"{what}: {hop.dev} is down", errno.ENETDOWN)
        if hop.via is None or hop.onlink:
            return hop
        devices = self._leading_to(hop.via)
        if hop.dev is None and devices:
            return hop._replace(dev=devices[0])
        if hop.dev not in devices:
            raise refused(f"{what}: invalid gateway {hop.via}", errno.EHOSTUNREACH)
        return hop

    def _leading_to(self, gateway: str) -> list[str]:
        """Links on whose wire the gateway is, the longest prefix first."""
        ip = ipaddress.ip_address(gateway)
        found = []
        for route in (*self.connected(), *self.all.values()):
            network = ipaddress.ip_network(route.key[3])
            hops = route.attributes["nexthops"]
            on_wire = route.key[2] == "254" and not any(hop.via for hop in hops)
            if on_wire and ip.version == network.version and ip in network:
                found += [(-network.prefixlen, hop.dev) for hop in hops if self._up(hop.dev)]
        return [dev for _, dev in sorted(found)]

    def delete(self, key: Key, wish: Attributes) -> None:
        for item in self.all.values():
            hops = [Nexthop(*hop) for hop in wish.get("nexthops") or ()]
            fits = item.attributes["protocol"] == wish.get("protocol", "netapply") and len(hops) == len(
                item.attributes["nexthops"]
            )
            if item.key[:6] == key[:6] and fits:
                del self.all[item.key]
                return
        raise refused(f"delete route {' '.join(key)}", errno.ESRCH)

    def lose_over(self, link: str, inets: tuple[str, ...], *, forever: bool = False) -> None:
        """A link is of no use any more: its legs are dead, and with its last leg, or where the link is
        gone `forever`, a route goes."""
        for item in list(self.all.values()):
            devices = {hop.dev for hop in item.attributes["nexthops"]}
            if link not in devices or item.key[1] not in inets:
                continue
            self._dead.add((item.key, link))
            if forever or all((item.key, dev) in self._dead for dev in devices):
                del self.all[item.key]

    def revive(self, link: str) -> None:
        """Legs over a link that is up and has an address again lead somewhere again."""
        self._dead = {(key, dev) for key, dev in self._dead if dev != link and key in self.all}

    def lose_source(self, ip: str) -> None:
        """The last bearer of an address is gone: IPv4 drops the route, IPv6 only forgets the source."""
        if self._addresses.has(ip):
            return
        for item in list(self.all.values()):
            if item.attributes["src"] == ip and ":" in ip:
                item.attributes = {**item.attributes, "src": None}
            elif item.attributes["src"] == ip:
                del self.all[item.key]


def _route_scope(key: Key, wish: Attributes, hops: tuple[Nexthop, ...]) -> str | None:
    if key[1] == "inet6":
        return None
    on_wire = bool(hops) and not any(hop.via for hop in hops)
    return wish.get("scope") or ("link" if on_wire else "global")
