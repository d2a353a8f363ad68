"""Links and addresses as netapply reads them, and as iproute2 does: the same, in a namespace with some of everything.

`link_of` and `address_of` translate what `ip -details -json` prints into netapply's words; the contract tests
use them, too.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from integration.test_contract_engine import Engine, at_work
from integration.test_contract_samples import UNSEEN, shown
from netapply.kinds import link_table
from netapply.lab import Lab
from netapply.model.address import SCOPES
from netapply.model.attribute import Value
from netapply.model.resource import Resource

Json = Any
Facts = dict[str, Value]
FLAGS = {
    "nodad": "nodad", "home": "home", "mngtmpaddr": "mngtmpaddr", "noprefixroute": "noprefixroute",
    "autojoin": "autojoin",
}  # fmt: skip
FOREVER = 2**32 - 1

LINKS = """
link add lower type veth peer name upper
link add red up group 77 txqueuelen 500 type bridge stp_state 1 priority 4096 forward_delay 400 ageing_time 0
link set red alias first/floor,_"quoted"
link set upper up master red mtu 9000
link property add dev red altname bridge-of-the-first-floor-behind-the-door altname red-too
link property add dev lower altname l
link add name eno1.700 type bridge
link add name größe'n=1%d type bridge
link add name abcdefghijklmno mtu 1280 address 02:00:5e:10:00:07 type bridge
link add vx4 mtu 1300 type vxlan id 7 dstport 4789 remote 192.0.2.9 local 192.0.2.1 dev eno1 \
    ttl 64 tos 0x10 nolearning ageing 30 df inherit noudpcsum
link add vx6 type vxlan id 16777215 dstport 4789 remote 2001:db8::9 local 2001:db8::1 dev eno1 tos inherit df set
link add vxgroup type vxlan id 9 group 239.1.1.1 dev eno2 dstport 1
link add vxany up type vxlan external dstport 4790
link add mvlow link lower up type macvlan mode private
link add mvpass link eno3 type macvlan mode passthru
link set lower mtu 9000
"""
ADDRESSES = """
address add 192.0.2.1/24 dev eno1
address add 192.0.2.2/24 dev eno1 label eno1:two broadcast 192.0.2.255 noprefixroute
address add 192.0.2.3/25 dev eno1 metric 7
address add 192.0.2.1/32 dev red scope link
address add 10.0.0.1 peer 10.0.0.2/32 dev eno2 scope site valid_lft 600 preferred_lft 300
address add 10.0.0.3/31 dev eno2 label eno2:
address add 239.1.2.3/32 dev eno1 autojoin
address add 127.9.9.9/8 dev lo scope host
address add 2001:db8::1/64 dev eno1 nodad home mngtmpaddr noprefixroute metric 7
address add 2001:db8::2/64 dev eno1 valid_lft 600 preferred_lft 0
address add 2001:db8:5::1 peer 2001:db8:5::2/128 dev eno2
address add ::ffff:192.0.2.77/128 dev eno2
address add fd00::1/128 dev lo
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Lab() as lab:
        near, far = lab.host("near"), lab.host("far")
        for number in range(1, 4):
            lab.cable(near, f"eno{number}", far, f"eth{number}")
        near.sysctl("net/ipv6/conf/eno1/use_tempaddr", 2)
        with at_work(near) as engine:
            for line in filter(None, (LINKS + ADDRESSES).splitlines()):
                engine.by_hand(*line.split())
            yield engine


def link_of(link: Json) -> Facts:
    """A link in netapply's words, as `ip` shows it."""
    kind = link.get("linkinfo", {}).get("info_kind", "")
    rows = (row.attribute for row in link_table(kind) if (kind, row.attribute) not in UNSEEN)
    facts = {name: shown(kind, name, link) for name in rows}
    if link["link_type"] != "ether" or facts.get("mode") == "passthru":
        facts["mac"] = None
    facts |= {"kind": kind, "ifindex": link["ifindex"], "carrier": "LOWER_UP" in link["flags"]}
    return facts | {"altnames": tuple(link.get("altnames", ()))}


def facts_of_links(links: list[Resource]) -> dict[str, Facts]:
    """The same of what netapply read."""
    found: dict[str, Facts] = {}
    for link in links:
        if link.family == "link":
            found[link.name] = {**link.attributes, **link.facts, "kind": link.kind, "altnames": ()}
        elif link.family == "altname":
            found[link.key[1]]["altnames"] = (*found[link.key[1]]["altnames"], link.name)
    return found


def address_of(link: str, info: Json) -> Facts:
    """An address in netapply's words, as `ip -numeric` shows it; the protocol it shows only since 6.4."""
    return {
        "peer": info.get("address"),
        "broadcast": info.get("broadcast"),
        "label": info["label"] if info.get("label", link) != link else None,
        "metric": info.get("metric"),
        "scope": SCOPES.get(int(info["scope"]), info["scope"]),
        "flags": tuple(word for name, word in FLAGS.items() if info.get(name)),
        "secondary": bool(info.get("secondary")),
        "lifetimes": _lifetimes(info),
    }


def _lifetimes(info: Json) -> Value:
    preferred, valid = info["preferred_life_time"], info["valid_life_time"]
    if valid == FOREVER and info.get("deprecated"):
        return 0, FOREVER  # of IPv4, iproute2 shows the flag only
    return None if preferred == valid == FOREVER else (preferred, valid)


def addresses_by_ip(engine: Engine) -> list[tuple[str, str, Facts]]:
    return [
        (link["ifname"], f"{info['local']}/{info['prefixlen']}", address_of(link["ifname"], info))
        for link in engine.ip("-N", "address", "show") for info in link["addr_info"] if info
    ]  # fmt: skip


def addresses_by_netapply(engine: Engine) -> list[tuple[str, str, Facts]]:
    found = []
    for address in engine.observed().family("address"):
        facts = {name: value for name, value in address.attributes.items() if name != "protocol"}
        found.append((address.key[1], address.name, facts))
    return found


def test_links_are_those_of_iproute2(engine: Engine) -> None:
    mine = facts_of_links(list(engine.observed()))
    theirs = {link["ifname"]: link_of(link) for link in engine.ip("link", "show")}
    assert len(theirs) >= 16
    assert list(mine) == list(theirs)
    for name, facts in theirs.items():
        assert {key: mine[name][key] for key in facts} == facts, name


def test_addresses_are_those_of_iproute2(engine: Engine) -> None:
    """Order within a link included: a primary stands before its secondaries."""
    deadline = time.monotonic() + 5
    while "temporary" not in str(engine.ip("address", "show", "dev", "eno1")) and time.monotonic() < deadline:
        time.sleep(0.05)
    theirs = addresses_by_ip(engine)
    mine = addresses_by_netapply(engine)
    assert len(theirs) >= 16
    for link in {link for link, _, _ in theirs}:
        for family in (".", ":"):
            assert _of(mine, link, family) == _of(theirs, link, family)


def _of(addresses: list[tuple[str, str, Facts]], link: str, mark: str) -> list[tuple[str, Facts]]:
    """One link's addresses of one family, IPv4-mapped ones with IPv6; a lease's seconds may pass meanwhile."""
    found = []
    for name, address, facts in addresses:
        if name == link and ((":" in address) is (mark == ":")):
            leased = {**facts, "lifetimes": [seconds // 60 for seconds in facts["lifetimes"] or ()]}
            found.append((address, leased))
    return found


def test_a_temporary_address_is_nobodys_to_keep(engine: Engine) -> None:
    """Made by the kernel from another one (RFC 8981): it has an end, so it is no static address."""
    (temporary,) = (
        info for info in engine.ip("address", "show", "dev", "eno1")[0]["addr_info"] if info.get("temporary")
    )
    key = ("address", "eno1", f"{temporary['local']}/64")
    assert engine.seen(key).facts["permanent"] is False
    plan = engine.plan(links={"eno1": {"addresses": []}})
    assert ("address", "eno1", "2001:db8::1/64") in {change.key for change in plan.changes}
    assert key not in {change.key for change in plan.changes}


@pytest.mark.kernel("ifb")
def test_a_kind_that_netapply_does_not_know_has_what_every_link_has(engine: Engine) -> None:
    engine.by_hand("link", "add", "ifb7", "mtu", "1400", "group", "5", "type", "ifb")
    engine.by_hand("link", "set", "ifb7", "alias", "mirror")
    seen = engine.link("ifb7")
    engine.apply(links={"ifb7": {"mtu": 1450, "alias": "mirror too"}})
    link = engine.ip_link("ifb7")
    engine.by_hand("link", "delete", "ifb7")
    assert (seen.kind, seen.attributes["mtu"], seen.attributes["group"]) == ("ifb", 1400, 5)
    assert (link["mtu"], link["ifalias"], link["group"]) == (1450, "mirror too", "5")


def test_devices_of_another_namespace_are_not_taken_for_ours() -> None:
    """An index counts in its own namespace only; here the same numbers belong to other devices."""
    with Lab() as lab:
        near, far = lab.host("near"), lab.host("far")
        lab.cable(near, "lower", far, "cable")
        index = near_index(lab, "near", "lower")
        with at_work(near) as engine, at_work(far) as there:
            engine.by_hand("link", "add", "mv", "link", "lower", "type", "macvlan")
            engine.by_hand("link", "add", "vx", "type", "vxlan", "id", "7", "dstport", "4789", "dev", "lower")
            for name in ("mv", "vx"):
                engine.by_hand("link", "set", name, "netns", far.netns)
            for number in range(index + 2):
                there.by_hand("link", "add", f"br{number}", "type", "bridge")
            assert any(link.facts["ifindex"] == index for link in there.observed().family("link"))
            assert there.link("mv").attributes["link"] == f"#{index}"
            assert there.link("vx").attributes["dev"] == f"#{index}"
            assert there.link("cable").attributes["peer"] is None
            assert there.plan(links={"mv": {"kind": "macvlan", "link": "br0"}})


def near_index(lab: Lab, host: str, link: str) -> int:
    return int(lab.hosts[host].run(["cat", f"/sys/class/net/{link}/ifindex"]).stdout)


def test_a_name_that_is_no_text_is_read(engine: Engine) -> None:
    """The kernel takes any bytes for a name; one such device must not stop netapply on the whole host."""
    name = b"br\xff\xfe"
    ip = [b"ip", b"-n", engine.host.netns.encode(), b"link"]
    subprocess.run([*ip, b"add", b"name", name, b"type", b"bridge"], check=True, timeout=30)
    seen = engine.link(r"br\xff\xfe")
    plan = engine.apply(links={"beside": {"kind": "bridge"}})
    engine.apply(links={})
    subprocess.run([*ip, b"delete", b"dev", name], check=True, timeout=30)
    assert seen.kind == "bridge"
    assert [change.key for change in plan.changes] == [("link", "beside")]
