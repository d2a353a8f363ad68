"""Random hosts: what others have put on them, and what others do to them between two applies."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, TypeAlias

from hypothesis import strategies as st

from netapply.errors import KernelError
from netapply.model.resource import Key
from netapply.model.route import Nexthop, route_key
from netapply.model.rule import rule_key
from netapply.plan.plan import Operation, Phase, Verb
from tests.law_files import SUBNETS
from tests.model_kernel import Kernel

LINKS = ("eno1", "eno2", "eno3", "br0", "br1", "vx0", "mv0", "ve0", "ve1", "tap0", "docker0")
FOREIGN_NAT = ("-s 172.17.0.0/16 -j MASQUERADE", "-d 192.0.2.7/32 -j DNAT --to-destination 172.17.0.2")


def step(verb: Verb, key: Key, kind: str = "", **attributes: Any) -> Operation:
    return Operation(verb, key, kind, Phase.LINK, attributes)


Deed: TypeAlias = "Operation | NatStep"


def _link_steps() -> st.SearchStrategy[Operation]:
    wish = st.one_of(
        st.fixed_dictionaries({"up": st.booleans()}),
        st.fixed_dictionaries({"mtu": st.sampled_from([1500, 3000])}),
        st.fixed_dictionaries({"alias": st.sampled_from(["theirs", None])}),
        st.fixed_dictionaries({"master": st.sampled_from(["br0", "br1", "docker0", None])}),
    )
    names = st.sampled_from([name for name in LINKS if name != "eno3"])  # which carries the macvlans
    made = st.sampled_from(
        [
            step(Verb.CREATE, ("link", "br0"), "bridge", up=True, alias="by hand"),
            step(Verb.CREATE, ("link", "vx0"), "vxlan", vni=30, port=4789, mtu=1300),
            step(Verb.CREATE, ("link", "ve0"), "veth", peer="ve1"),
            step(Verb.CREATE, ("link", "fm0"), "macvlan", link="br1"),
        ]
    )
    changed = st.builds(lambda name, said: step(Verb.SET, ("link", name), **said), names, wish)
    gone = st.builds(lambda name: step(Verb.DELETE, ("link", name)), names)
    return st.one_of(changed, changed, made, gone)


def _address_steps() -> st.SearchStrategy[Operation]:
    texts = [f"{subnet}.{host}/24" for subnet in SUBNETS for host in (1, 2, 7)]
    texts += ["192.0.2.5/24", "2001:db8::1/64", "2001:db8:7::7/64"]
    keys = st.tuples(st.just("address"), st.sampled_from(LINKS), st.sampled_from(texts))
    made = st.builds(lambda key: step(Verb.CREATE, key, protocol=0), keys)
    return st.one_of(made, made, st.builds(lambda key: step(Verb.DELETE, key), keys))


def _route_steps() -> st.SearchStrategy[Operation]:
    tos = ("10.8.0.0/16", "0.0.0.0/0", "10.77.0.0/16")
    ways = [Nexthop(f"{subnet}.254") for subnet in SUBNETS] + [Nexthop(None, name) for name in LINKS[:5]]
    ways += [Nexthop("192.0.2.254"), Nexthop("10.0.0.253", "br0", onlink=True)]
    words = st.sampled_from(["static", "boot", "dhcp", "bgp"])
    keys = st.builds(
        lambda to, metric: route_key("inet", 254, to, metric, 0), st.sampled_from(tos), st.sampled_from([0, 50, 90])
    )
    sources = st.sampled_from([None, None, "10.0.0.1", "192.0.2.5"])
    return st.one_of(
        st.builds(
            lambda key, way, word, src: step(Verb.CREATE, key, nexthops=(way,), protocol=word, src=src),
            keys, st.sampled_from(ways), words, sources,
        ),
        st.builds(
            lambda key, ways, word: step(Verb.CREATE, key, nexthops=tuple(ways), protocol=word),
            keys, st.lists(st.sampled_from(ways), min_size=2, max_size=2, unique=True), words,
        ),
    )  # fmt: skip


def _other_steps() -> st.SearchStrategy[Operation]:
    rules: list[dict[str, Any]] = [{"src": "10.0.0.0/24", "table": 100}, {"dst": "192.0.2.0/24", "table": 7}]
    found = [
        step(verb, rule_key("inet", priority, {**rule, "action": "lookup"}), **rule, protocol=0)
        for rule in rules for priority in (100, 150) for verb in (Verb.CREATE, Verb.DELETE)
    ]  # fmt: skip
    paths = ["net/ipv4/ip_forward", "net/ipv6/conf/eno4/disable_ipv6", "net/ipv4/conf/all/promote_secondaries"]
    paths += [f"net/ipv6/conf/{name}/{leaf}" for name in LINKS[:5] for leaf in ("keep_addr_on_down", "forwarding")]
    paths += [
        f"net/ipv4/conf/{name}/{leaf}"
        for name in LINKS[:5]
        for leaf in ("proxy_arp", "forwarding", "promote_secondaries")
    ]
    found += [step(Verb.SET, ("sysctl", path), value=value) for path in paths for value in "01"]
    found += [
        step(verb, ("altname", link, "uplink0"))
        for link in ("eno1", "eno2", "br0")
        for verb in (Verb.CREATE, Verb.DELETE)
    ]
    return st.sampled_from(found)


class NatStep:
    """Somebody inserts a rule at a place of a chain, or removes the first."""

    def __init__(self, chain: str, rule: str | None, place: int) -> None:
        self.chain, self.rule, self.number = chain, rule, place
        self.place = ("inet", "nat" if chain.endswith("ROUTING") else "filter", chain)

    def __repr__(self) -> str:
        return f"NatStep({self.chain!r}, {self.rule!r}, {self.number})"

    def on(self, kernel: Kernel) -> None:
        rules = kernel.nat.chains.get(self.place, [])
        if self.rule is not None:
            rules.insert(self.number, self.rule)
        elif rules:
            del rules[0]  # it may be one of ours


def _nat_steps() -> st.SearchStrategy[NatStep]:
    chains = st.sampled_from(["PREROUTING", "POSTROUTING", "FORWARD", "NETAPPLY-FORWARD"])
    return st.builds(NatStep, chains, st.sampled_from([*FOREIGN_NAT, None]), st.integers(0, 3))


def deeds(size: int) -> st.SearchStrategy[list[Deed]]:
    """What an administrator or another tool does; what the kernel refuses leaves no trace."""
    kinds = (_link_steps(), _address_steps(), _route_steps(), _other_steps(), _nat_steps())
    return st.lists(st.one_of(*kinds), max_size=size)


def carry_out(kernel: Kernel, steps: list[Deed]) -> None:
    for deed in steps:
        if isinstance(deed, NatStep):
            deed.on(kernel)
            continue
        with suppress(KernelError):
            kernel.apply(deed)


def machine() -> Kernel:
    """Three NICs, a container bridge with its cable, a guest's tap, a foreign macvlan, a lease."""
    kernel = Kernel()
    for name in ("eno1", "eno2", "eno3", "eno4"):
        kernel.plug(name, up=name != "eno2")
    kernel.plug("tap0", "tun", up=True)
    for deed in (
        step(Verb.CREATE, ("link", "docker0"), "bridge", up=True),
        step(Verb.CREATE, ("link", "fv0"), "veth", peer="fv1", master="docker0", up=True),
        step(Verb.CREATE, ("link", "fm9"), "macvlan", link="eno4", up=True),
        step(Verb.CREATE, ("address", "docker0", "172.17.0.1/16"), protocol=0),
    ):
        kernel.apply(deed)
    kernel.addresses.add(
        "eno4", "198.51.100.77/24", {"protocol": 0}, {"permanent": False, "kernel_made": False}, replace=False
    )
    return kernel
