"""A model of the kernel, honest about what it does by itself, for the laws of the plan.

It carries out netapply's operations on a state in netapply's words. It knows what an operation brings
along (a deleted link takes its uppers, a link that goes down loses its routes, a primary address takes
its secondaries, …) and what it refuses, each as seen on Linux 6.18 and independently of
`netapply.plan.consequences`. What it leaves out: carriers, duplicate address detection, leases.
"""

from __future__ import annotations

import errno
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from typing import Any

from netapply.errors import KernelError
from netapply.kernel.iptables_input import NatChange
from netapply.kernel.observe import OPTIONAL_FAMILIES, Observed
from netapply.model.attribute import Value
from netapply.model.netfilter import NETFILTER
from netapply.model.resource import Key, Resource
from netapply.model.sysctl import touched_by
from netapply.plan.plan import Operation, Verb
from tests.model_ip import Addresses, Routes, interface
from tests.model_links import Events, Links
from tests.model_rules import Nat, Rules
from tests.model_sysctl import Parameters

Snapshot = dict[Key, tuple[str, dict[str, Value]]]
BOTH = ("inet", "inet6")
BY_KERNEL = {"permanent": True, "kernel_made": True}
BY_HAND = {"permanent": True, "kernel_made": False}


@dataclass(slots=True)
class ModelObserved(Observed):
    """An observation that knows the unusual parameters of links without reading /proc/sys."""

    unusual: dict[str, list[Resource]] = field(default_factory=dict)

    def unusual_settings(self, link: str) -> list[Resource]:
        return self.unusual.get(link, [])


@dataclass
class Fault:
    """The operation with this number (from 0) fails, done not at all, in part, or wholly."""

    number: int
    done: str = "nothing"


class Kernel:
    """Links, addresses, routes, rules, parameters and NAT rules of one namespace."""

    def __init__(self) -> None:
        self.parameters = Parameters()
        events = Events(self._link_made, self._link_gone, self._link_up, self._link_down, self._link_mtu)
        self.links = Links(events)
        self.addresses = Addresses(self._promotes)
        self.routes = Routes(self.addresses, self.links.is_up)
        self.rules, self.nat = Rules(), Nat()
        self.fault: Fault | None = None
        self.count = 0
        loopback = self.links.add("lo", "")
        loopback.attributes |= {"mac": None, "mtu": 65536, "up": True}
        self.addresses.add("lo", "127.0.0.1/8", {"protocol": 0, "scope": "host"}, BY_HAND, replace=False)
        self.addresses.add("lo", "::1/128", {"protocol": 1, "scope": "host"}, BY_KERNEL, replace=False)
        self.parameters.choose_all("lo")

    # ------------------------------------------------------------------ what happens by itself

    def _promotes(self, link: str) -> bool:
        places = ("all", link)
        return any(self.parameters.of("ipv4", place, "promote_secondaries") == "1" for place in places)

    def _ipv6_on(self, link: str) -> bool:
        return self.parameters.of("ipv6", link, "disable_ipv6") == "0"

    def _link_made(self, link: str) -> None:
        self.parameters.add(link, "ipv4")
        self.parameters.add(link, "ipv6")

    def _link_gone(self, link: str) -> None:
        self.routes.lose_over(link, BOTH, forever=True)
        for item in self.addresses.on(link):
            del self.addresses.all[link, item.name]
            self.routes.lose_source(item.name.partition("/")[0])
        self.parameters.remove(link, "ipv4")
        self.parameters.remove(link, "ipv6")

    def _link_up(self, link: str) -> None:
        self.routes.revive(link)
        self._gain_link_local(link)

    def _gain_link_local(self, link: str) -> None:
        """From the MAC address of this moment (RFC 4291, appendix A)."""
        mac = self.links.found(link).attributes["mac"]
        if link == "lo" and self._ipv6_on(link) and ("lo", "::1/128") not in self.addresses.all:
            self.addresses.add("lo", "::1/128", {"protocol": 1, "scope": "host"}, BY_KERNEL, replace=False)
        if not mac or not self._ipv6_on(link) or not self.links.is_up(link):
            return
        part = mac.split(":")
        host = f"{int(part[0], 16) ^ 2:02x}{part[1]}:{part[2]}ff:fe{part[3]}:{part[4]}{part[5]}"
        text = str(interface(f"fe80::{host}/64"))
        if (link, text) not in self.addresses.all:
            self.addresses.add(link, text, {"protocol": 3}, BY_KERNEL, replace=False)

    def _link_down(self, link: str) -> None:
        keeps = any(self.parameters.of("ipv6", place, "keep_addr_on_down") == "1" for place in ("all", link))
        self.routes.lose_over(link, BOTH)
        self._lose_ipv6(link, keeps=keeps)

    def _lose_ipv6(self, link: str, *, keeps: bool = False) -> None:
        self.routes.lose_over(link, ("inet6",))
        for item in self.addresses.on(link, 6):
            if not keeps or item.facts["kernel_made"]:
                del self.addresses.all[link, item.name]
                self.routes.lose_source(item.name.partition("/")[0])

    def _link_mtu(self, link: str, mtu: int) -> None:
        had = self.parameters.of("ipv6", link, "forwarding") != ""
        if mtu < 1280 and had:
            self._lose_ipv6(link)
            self.parameters.remove(link, "ipv6")
        elif mtu >= 1280 and not had:
            self.parameters.add(link, "ipv6")
            self._gain_link_local(link)

    # ------------------------------------------------------------------ operations

    def run(self, group: list[Operation]) -> None:
        """One batch, as `kernel.submit` sends it: netlink goes on behind an error, and reports the first."""
        if group[0].key[0] in NETFILTER:
            self._run_nat(group)
            return
        first: KernelError | None = None
        for operation in group:
            try:
                self._counted(operation)
            except KernelError as error:
                first = first or error
                if operation.key[0] == "sysctl":
                    break
        if first is not None:
            raise first

    def _counted(self, operation: Operation) -> None:
        self.count += 1
        if self.fault is None or self.fault.number != self.count - 1:
            self.apply(operation)
            return
        if self.fault.done == "part" and operation.verb is Verb.SET and operation.key[0] == "link":
            name = next(iter(operation.attributes))
            self.links.set(operation.key[1], {name: operation.attributes[name]})
        elif self.fault.done != "nothing":
            self.apply(operation)
        raise KernelError(f"(a fault) {operation.verb} {' '.join(operation.key)}", errno.EIO)

    def _run_nat(self, group: list[Operation]) -> None:
        self.count += len(group)
        hit = self.fault is not None and self.count - len(group) <= self.fault.number < self.count
        changes = [NatChange(item.verb.value, item.key, item.attributes["rule"], item.position) for item in group]
        if hit and self.fault is not None and self.fault.done == "part":
            changes = [change for change in changes if change.key[1] == "inet"]
        if not hit or (self.fault is not None and self.fault.done != "nothing"):
            self.nat.restore(changes)
        if hit:
            raise KernelError("(a fault) restore NAT rules", errno.EIO)

    def fail_at(self, number: int, done: str = "nothing") -> None:
        """The operation with this number from now on (0: the next) fails, done not at all, in part, or all."""
        self.fault = Fault(self.count + number, done)

    def apply(self, operation: Operation) -> None:
        """One operation; KernelError where the kernel refuses it."""
        getattr(self, f"_apply_{operation.key[0]}")(operation.verb, operation.key, operation)

    def _apply_link(self, verb: Verb, key: Key, operation: Operation) -> None:
        if verb is Verb.DELETE:
            self.links.delete(key[1])
        elif verb is Verb.CREATE:
            self.links.create(key[1], operation.kind, operation.attributes)
        else:
            self.links.set(key[1], operation.attributes)

    def _apply_altname(self, verb: Verb, key: Key, operation: Operation) -> None:
        self.links.found(key[1])
        taken = key[2] in self.links.altnames or key[2] in self.links.all
        if taken != (verb is Verb.DELETE):
            raise KernelError(f"{verb} altname {key[2]}", errno.EEXIST if taken else errno.ENOENT)
        if verb is Verb.DELETE:
            del self.links.altnames[key[2]]
        else:
            self.links.altnames[key[2]] = key[1]

    def _apply_address(self, verb: Verb, key: Key, operation: Operation) -> None:
        _, link, text = key
        self.links.found(link)
        if verb is Verb.DELETE:
            self._delete_address(link, text)
            return
        if ":" in text and not self._ipv6_on(link):
            raise KernelError(f"create address {text} on {link}", errno.EACCES)
        wish = {name: value for name, value in operation.attributes.items() if value is not None}
        facts = BY_KERNEL if wish.get("protocol") in (1, 2, 3) else BY_HAND
        self.addresses.add(link, text, wish, facts, replace=operation.replace)
        if ":" not in text:
            self.routes.revive(link)
            self.parameters.choose_all(link)

    def _delete_address(self, link: str, text: str) -> None:
        for gone in self.addresses.delete(link, text):
            self.routes.lose_source(gone.partition("/")[0])
        if ":" not in text and not self.addresses.on(link, 4):
            self.routes.lose_over(link, ("inet",))

    def _apply_route(self, verb: Verb, key: Key, operation: Operation) -> None:
        if verb is Verb.DELETE:
            self.routes.delete(key, operation.attributes)
        else:
            self.routes.add(key, operation.attributes, {}, replace=operation.replace)

    def _apply_rule(self, verb: Verb, key: Key, operation: Operation) -> None:
        if verb is Verb.DELETE:
            self.rules.delete(key, operation.attributes)
        else:
            self.rules.create(key, operation.attributes)

    def _apply_sysctl(self, _: Verb, key: Key, operation: Operation) -> None:
        self.write(key[1], operation.attributes["value"])

    def write(self, path: str, value: str) -> None:
        before = {link: self._ipv6_on(link) for link in self.links.all}
        self.parameters.write(path, value)
        for link, was_on in before.items():
            if was_on and not self._ipv6_on(link):
                self._lose_ipv6(link)
            elif self._ipv6_on(link) and not was_on:
                self._gain_link_local(link)

    # ------------------------------------------------------------------ observation

    def _found(self, parameters: Iterable[str]) -> Iterable[Resource]:
        for device in self.links.all.values():
            facts = {"ifindex": device.index, "carrier": True}
            yield Resource(("link", device.name), device.kind, dict(device.attributes), facts)
        for alt, link in self.links.altnames.items():
            yield Resource(("altname", link, alt), "altname")
        for item in (*self.addresses.all.values(), *self.routes.all.values(), *self.routes.connected()):
            yield Resource(item.key, item.kind or item.key[0], dict(item.attributes), dict(item.facts))
        yield from self.rules.resources()
        for path in parameters:
            value = self.parameters.read(path)
            if value is not None:
                yield Resource(("sysctl", path), "sysctl", {"value": value})
        yield from self.nat.resources()

    def observe(self, parameters: Iterable[str] = (), families: Container[str] = OPTIONAL_FAMILIES) -> ModelObserved:
        """What `kernel.observe` would return."""
        paths = dict.fromkeys(parameters)
        for path in list(paths):
            paths |= dict.fromkeys(touched_by(path, self.links.all))
        state = ModelObserved(unusual={link: self._unusual(link) for link in self.links.all})
        state.indexes = {name: device.index for name, device in self.links.all.items()}
        left_out = {family for family in OPTIONAL_FAMILIES if family not in families}
        for item in (item for item in self._found(paths) if item.family not in left_out):
            while item.key in state.resources:
                item.key = (*item.key, "again")
            state.add(item)
        return state

    def _unusual(self, link: str) -> list[Resource]:
        return [Resource(("sysctl", path), "sysctl", {"value": value}) for path, value in self.parameters.unusual(link)]

    def snapshot(self) -> Snapshot:
        """Everything, foreign NAT rules and all parameters included, to be compared with another."""
        whole = self.observe(self.parameters.values)
        taken = {item.key: (item.kind, item.attributes) for item in whole}
        for chain, rules in self.nat.chains.items():
            taken["chain", *chain] = ("chain", {"rules": tuple(rules)})
        return taken

    # ------------------------------------------------------------------ furniture

    def plug(self, name: str, kind: str = "", **attributes: Any) -> None:
        """A device that comes from elsewhere: a NIC, or a guest's tap."""
        self.links.add(name, kind)
        self.links.set(name, attributes)
