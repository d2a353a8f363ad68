"""Random desired states: files over a small world, so that two of them often speak of the same things."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from netapply.devices import with_devices
from netapply.errors import InputError
from netapply.model.resource import Desired
from netapply.sources import loads

File = dict[str, Any]
NICS = ("eno1", "eno2", "eno3")
SUBNETS = ("10.0.0", "10.0.1", "10.0.2")
BASIC: dict[str, st.SearchStrategy[Any]] = {
    "mtu": st.sampled_from([1400, 1500, 3000, 9000]),
    "alias": st.sampled_from(["uplink", "guests"]),
    "group": st.integers(0, 3),
    "txqueuelen": st.sampled_from([0, 500]),
    "up": st.sampled_from([True, True, True, False]),
}
BRIDGE: dict[str, st.SearchStrategy[Any]] = {
    "stp": st.booleans(),
    "forward_delay": st.sampled_from([0, 4]),
    "priority": st.sampled_from([4096, 32768]),
    "mac": st.sampled_from(["02:00:00:00:00:aa", "02:00:00:00:00:bb"]),
}
VXLAN: dict[str, st.SearchStrategy[Any]] = {
    "remote": st.sampled_from(["192.0.2.1", "192.0.2.2", "2001:db8:ff::1"]),
    "dev": st.sampled_from(["eno3"]),
    "port": st.sampled_from([4789, 8472]),
    "learning": st.booleans(),
}
PARAMETERS = {
    "net.ipv4.ip_forward": "01",
    "net.ipv6.conf.all.forwarding": "01",
    "net.ipv6.conf.all.disable_ipv6": "001",
    "net.ipv4.conf.default.proxy_arp": "01",
    "net.ipv4.tcp_syncookies": "01",
}
LINK_PARAMETERS = {"ipv4.proxy_arp": "01", "ipv4.forwarding": "01", "ipv6.accept_ra": "012", "ipv6.forwarding": "01"}
RULES: tuple[File, ...] = (
    {"priority": 100, "from": "10.0.0.0/24", "table": 100},
    {"priority": 100, "from": "10.0.0.0/24", "table": 101},
    {"priority": 100, "from": "10.0.1.0/24", "table": 100},
    {"priority": 200, "iif": "br0", "table": 100},
    {"priority": 300, "fwmark": 7, "action": "prohibit"},
    {"priority": 400, "family": "inet6", "to": "2001:db8:9::/48", "action": "unreachable"},
)
NAT: tuple[File, ...] = (
    {"masquerade": "10.0.0.0/24", "out": "eno1"},
    {"masquerade": "10.0.1.0/24", "out": "eno1"},
    {"snat": "10.0.2.0/24", "out": "eno2", "to": "198.51.100.5"},
    {"dnat": "198.51.100.5", "proto": "tcp", "port": 8080, "to": "10.0.0.5:80", "in": "eno1"},
    {"ct_zone": 1, "in": "fwbr+"},
    {"masquerade": "2001:db8:0::/48", "out": "eno1"},
)
FILTER: tuple[File, ...] = (
    {"accept": "forward", "state": ["established", "related"]},
    {"drop": "forward", "in": "eno1", "to": "10.0.0.0/24"},
    {"isolate": "10.0.1.0/24"},
    {"reject": "input", "in": "br0", "proto": "tcp", "port": [22, 80]},
    {"accept": "input", "icmp": "echo-request"},
    {"policy": {"forward": "drop"}},
)


def some(options: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[File]:
    return st.fixed_dictionaries({}, optional=options)


def subset(items: Any, size: int = 3) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(list(items)), max_size=size, unique_by=str)


def _low(link: File, mtu: int) -> File:
    """An MTU, where there is one, for which every device below has room."""
    return {**link, **({"mtu": mtu} if "mtu" in link else {})}


@st.composite
def links(draw: st.DrawFn) -> dict[str, File]:
    """NICs, a bridge or two with ports, a VXLAN, a macvlan on eno3 or br1, a veth pair."""
    found: dict[str, File] = {nic: draw(some(BASIC)) for nic in draw(subset(NICS))}
    if found.get("eno3", {}).get("mtu") == 1400:
        found["eno3"]["mtu"] = 1500  # a VXLAN of 1300 needs more
    ports = draw(st.permutations(["eno1", "eno2", "vx0", "ve1", "tap0"]))
    for bridge in draw(subset(("br0", "br1"), 2)):
        found[bridge] = {"kind": "bridge", **draw(some({**BASIC, **BRIDGE}))}
        count = draw(st.integers(0, 2))
        found[bridge]["ports"], ports = ports[:count], ports[count:]
    if draw(st.booleans()):
        vxlan = draw(some({**BASIC, **VXLAN}))
        found["vx0"] = _low({"kind": "vxlan", "vni": draw(st.sampled_from([10, 20])), **vxlan}, 1300)
    if draw(st.booleans()):
        lower = draw(st.sampled_from(["eno3", "br1"] if "br1" in found else ["eno3"]))
        found["mv0"] = {"kind": "macvlan", "link": lower, **draw(some(BASIC))}
        found["mv0"] |= draw(some({"mode": st.sampled_from(["bridge", "private"])}))
        found["mv0"] = _low(found["mv0"], 1300)
    if draw(st.booleans()):
        found["ve0"] = {"kind": "veth", "peer": "ve1", **draw(some(BASIC))}
    named = {port for link in found.values() for port in link.get("ports", ())} & {"vx0", "ve1"}
    missing = {"vx0": "vx0", "ve1": "ve0"}
    for link in found.values():
        link["ports"] = [port for port in link.get("ports", ()) if port not in named or missing[port] in found]
    return {name: {key: value for key, value in link.items() if value != []} for name, link in found.items()}


def _addresses(draw: st.DrawFn, found: dict[str, File]) -> dict[str, list[str]]:
    """Each subnet on one link that is up; an empty list now and then."""
    on: dict[str, list[str]] = {}
    homes = [name for name, link in found.items() if link.get("up", True)]
    for number, subnet in enumerate(SUBNETS if homes else ()):
        hosts = draw(st.lists(st.sampled_from([1, 2, 3]), max_size=3, unique=True))
        link = draw(st.sampled_from(homes))
        on.setdefault(link, []).extend(f"{subnet}.{host}/24" for host in hosts)
        if draw(st.booleans()):
            on[link].append(f"2001:db8:{number}::1/64")
    if draw(st.booleans()):
        on["lo"] = draw(subset(("192.0.2.201/32", "2001:db8:ffff::1/128")))
    return {link: texts for link, texts in on.items() if bool(texts) or draw(st.booleans())}


def _routes(draw: st.DrawFn, on: dict[str, list[str]]) -> list[File]:
    reachable = {text for texts in on.values() for text in texts if text.endswith(("/24", "/64"))}
    subnets = sorted({text.rpartition(".")[0] for text in reachable if "." in text})
    sixes = sorted({text.partition("::")[0] for text in reachable if ":" in text})
    ways: list[File] = [{"via": f"{subnet}.254"} for subnet in subnets]
    ways += [{"dev": link} for link, texts in on.items() if any("/24" in text for text in texts)]
    ways += [{"via": f"{way['via']}", "src": f"{way['via'][:-4]}.1"} for way in ways
             if "via" in way and f"{way['via'][:-4]}.1/24" in str(on)]  # fmt: skip
    if len(subnets) > 1:
        ways.append({"nexthops": [{"via": f"{subnet}.254"} for subnet in subnets]})
    ways += [{"type": "blackhole"}]
    sixth: list[File] = [{"via": f"{six}::fe"} for six in sixes]
    found = []
    for to in draw(subset(("10.8.0.0/16", "10.9.0.0/16", "default", "2001:db8:e::/48", "2001:db8:f::/48"), 4)):
        options = sixth if ":" in to else ways
        if options:
            extra = some({"metric": st.sampled_from([50, 70]), "table": st.sampled_from([100]), "mtu": st.just(1400)})
            found.append({"to": to, **draw(st.sampled_from(options)), **draw(extra)})
    return found


@st.composite
def files(draw: st.DrawFn) -> File:
    """A file that is right in itself; what the host makes of it is another matter."""
    found = draw(links())
    on = _addresses(draw, found)
    for link, texts in on.items():
        found[link] = {**found.get(link, {}), "addresses": texts}
    for name in draw(subset(found, 2)) if found else ():
        chosen = draw(subset(LINK_PARAMETERS, 2))
        found[name]["sysctl"] = {path: draw(st.sampled_from(LINK_PARAMETERS[path])) for path in chosen}
    chosen = draw(subset(PARAMETERS, 2))
    return {
        "version": 1,
        "links": found,
        "routes": _routes(draw, on),
        "rules": draw(subset(RULES)),
        "sysctl": {path: draw(st.sampled_from(PARAMETERS[path])) for path in chosen},
        "nat": draw(subset(NAT)),
        "filter": draw(subset(FILTER)),
    }


def read(file: File) -> Desired | None:
    """The file as the command line reads it; None where it contradicts itself after all."""
    try:
        return with_devices(loads(json.dumps(file), "a.yaml"))
    except InputError:
        return None


NOTHING: File = {"version": 1}
