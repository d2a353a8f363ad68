"""Random desired states over every kind: what `test_pairs` applies one after the other.

Kinds, attributes and values come from the tables that netapply itself uses, so whatever is added there is in
these states as well. A state that netapply refuses as contradictory is drawn again without what it named.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

from integration.test_contract_samples import COMPANY, samples_of
from netapply.errors import InputError
from netapply.kinds import KIND_OF, link_table
from netapply.model.attribute import LINK, Row
from netapply.sources import loads

File = dict[str, Any]
NICS = ("eno1", "eno2")
MASTERS = ("bridge", "bond", "vrf")
MOST_LINKS = 6
MOST_ROWS = 3
MOST_ATTEMPTS = 60
VLAN_ROWS = (
    *("vlan_filtering", "vlan_default_pvid", "vlan_protocol", "vlan_stats_enabled", "vlan_stats_per_port"),
    *("mcast_vlan_snooping", "mst_enabled"),
)
LEFT_OUT = {
    "": ("master", "up", "mtu", "mac"), "tun": ("owner", "user_group"), "bond": ("active_slave",), "bridge": VLAN_ROWS,
}  # fmt: skip
"""Rows that are drawn in another way, that no two states can share, or that many kernels lack."""
PARAMETERS = ("ipv4.forwarding", "ipv4.rp_filter", "ipv4.proxy_arp", "ipv6.accept_ra", "ipv4.promote_secondaries")


def state(chance: Random, kinds: tuple[str, ...]) -> File:
    """A file that netapply accepts, with links of these kinds."""
    for _ in range(MOST_ATTEMPTS):
        file = _drawn(chance, kinds)
        try:
            loads(json.dumps(file), "world.yaml")
        except InputError:
            continue
        return file
    raise AssertionError("no acceptable state was drawn")


def _drawn(chance: Random, kinds: tuple[str, ...]) -> File:
    links: dict[str, File] = {name: {} for name in NICS if chance.random() < 0.8}
    for kind in chance.sample(kinds, min(len(kinds), chance.randint(1, MOST_LINKS))):
        links[f"{kind[:8]}{chance.randint(0, 1)}"] = _link(chance, kind, links)
    _attach(chance, links)
    _address(chance, links)
    file: File = {"version": 1, "links": links, "sysctl": {}, "routes": [], "rules": [], "nat": []}
    _route(chance, file)
    return file


def _link(chance: Random, kind: str, links: dict[str, File]) -> File:
    """The least that the kind needs, and a few more of its attributes."""
    model, said = KIND_OF[kind], {"kind": kind}
    required = [name for name, info in model.model_fields.items() if info.is_required()]
    rows = [row for row in link_table(kind) if row.attribute not in (*LEFT_OUT[""], *LEFT_OUT.get(kind, ()), *required)]
    for name in required:
        said[name] = _value(chance, kind, link_table(kind).rows.get(name), name, links)
    for row in chance.sample(rows, min(len(rows), chance.randint(0, MOST_ROWS))):
        said |= {name: value for name, value in COMPANY.get((kind, row.attribute), {}).items() if name != "ports"}
        said[row.attribute] = _value(chance, kind, row, row.attribute, links)
    return said


def _value(chance: Random, kind: str, row: Row | None, name: str, links: dict[str, File]) -> Any:
    if row is not None and row.nla.unit is LINK:
        return f"{kind[:6]}x{chance.randint(0, 1)}" if name == "peer" else chance.choice([*NICS, *_lowers(links)])
    return chance.choice(samples_of(KIND_OF[kind], name))


def _lowers(links: dict[str, File]) -> list[str]:
    return [name for name, link in links.items() if link.get("kind") in ("dummy", "veth", "bridge", "bond", "vlan")]


def _attach(chance: Random, links: dict[str, File]) -> None:
    """Ports for the masters, each link for one of them."""
    masters = [name for name, link in links.items() if link.get("kind") in MASTERS]
    under = {link.get(key) for link in links.values() for key in ("link", "dev")}
    for name, link in links.items():
        if masters and link.get("kind") not in MASTERS and name not in under and chance.random() < 0.5:
            link["master"] = chance.choice(masters)


def _address(chance: Random, links: dict[str, File]) -> None:
    for number, link in enumerate(links.values()):
        if "master" in link and links.get(link["master"], {}).get("kind") != "vrf":
            continue
        if chance.random() < 0.6:
            link["addresses"] = [
                f"10.{number}.0.{host}/24" for host in chance.sample(range(1, 200), chance.randint(0, 2))
            ]
            link["addresses"] += [f"2001:db8:{number}::{chance.randint(1, 9)}/64"] if chance.random() < 0.4 else []
        if chance.random() < 0.3:
            link["sysctl"] = {path: chance.randint(0, 1) for path in chance.sample(PARAMETERS, 2)}
        if chance.random() < 0.2:
            link["mtu"] = chance.choice((1400, 1300, 1280))


def _route(chance: Random, file: File) -> None:
    """Routes through what has addresses; rules, parameters and NAT on their own."""
    for link in file["links"].values():
        for address in link.get("addresses", ()) if "master" not in link else ():
            if chance.random() < 0.3 and "." in address:
                subnet = address.rpartition(".")[0]
                file["routes"].append({"to": f"10.{chance.randint(100, 120)}.0.0/16", "via": f"{subnet}.254"})
    file["routes"] = list({route["to"]: route for route in file["routes"]}.values())
    if chance.random() < 0.3:
        file["routes"].append({"to": "10.200.0.0/16", "type": chance.choice(("blackhole", "unreachable"))})
    file["rules"] = [
        {"priority": 100 + number, "from": f"10.{number}.0.0/16", "table": 100 + chance.randint(0, 3)}
        for number in range(chance.randint(0, 2))
    ]
    if chance.random() < 0.3:
        file["sysctl"]["net.ipv4.ip_forward"] = chance.randint(0, 1)
    if chance.random() < 0.3:
        file["nat"].append({"masquerade": f"10.{chance.randint(0, 3)}.0.0/24", "out": "eno1"})


def pairs(seed: int, kinds: tuple[str, ...], count: int) -> Iterator[tuple[File, File]]:
    """`count` pairs; each state but the first and the last is in two of them."""
    chance = Random(seed)
    before = state(chance, kinds)
    for _ in range(count):
        after = state(chance, kinds)
        yield before, after
        before = after
