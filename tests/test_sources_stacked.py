"""What the file may not say of VLANs, VRFs and other links that stand on, or hold, others; and what it may."""

from __future__ import annotations

import pytest

from netapply.errors import InputError
from netapply.kernel.tuntap import IFF_MULTI_QUEUE, IFF_NO_PI, IFF_TAP, IFF_TUN, IFF_TUN_EXCL, IFF_VNET_HDR, flags_of
from netapply.model.mapping import egress_map, entries_from, ingress_map
from netapply.model.resource import Desired, Resource, State
from netapply.sources import loads
from netapply.tables import with_tables

REFUSED = {
    "a: {kind: vlan, link: lo, id: 3}": "the loopback carries no VLANs",
    "e: {}, a: {kind: vlan, link: e, id: 3}, b: {kind: vlan, link: e, id: 3}": "vlan a has id 3 there already",
    "e: {up: false}, a: {kind: vlan, link: e, id: 3}": "e below it is down",
    "e: {mtu: 1400}, a: {kind: vlan, link: e, id: 3, mtu: 1500}": "use at most 1400",
    "a: {kind: vlan, link: e, id: 3, protocol: 802.1ad, gvrp: true}": "gvrp and mvrp announce VLANs of protocol 802.1q",
    "a: {kind: vlan, link: e, id: 3, ingress_qos: {8: 1}}": "8:1 maps beyond what there is",
    "a: {kind: vlan, link: e, id: 3, egress_qos: [1:3, 1:4]}": "one priority is mapped twice",
    "a: {kind: macvlan, link: e}, b: {kind: ipvlan, link: e}": "macvlan a has that device already",
    "a: {kind: macvlan, link: e, mode: passthru}, b: {kind: macvtap, link: e, mode: passthru}": "is for one alone",
    "a: {kind: macvlan, link: e}, b: {kind: macvtap, link: e, mode: passthru}": "passthru is for one alone",
    "a: {kind: macvlan, link: e, sources: ['02:00:00:00:00:01']}": "sources need mode source",
    "a: {kind: ipvlan, link: e, mode: l2}, b: {kind: ipvlan, link: e, mode: l3}": "they share it",
    "a: {kind: ipvlan, link: e, mac: '02:00:00:00:00:01'}": "links of kind ipvlan have no mac of their own",
    "a: {kind: bridge, ports: [e]}, b: {kind: macvtap, link: e}": "that is a port of a",
    "a: {kind: vrf, table: 5}, b: {kind: vrf, table: 5}": "a has it",
    "a: {kind: vrf, table: main}": "table main is the host's own",
    "a: {kind: vrf, table: auto}, b: {kind: bridge, ports: [a]}": "a VRF can be a port of nothing",
    "a: {kind: vrf, table: auto}, b: {kind: macvlan, link: a}": "a VRF carries no macvlan",
    "a: {kind: vrf, table: auto, mtu: 1000}": "at least 1280",
    "a: {kind: tun, mode: tun, mac: '02:00:00:00:00:01'}": "has no mac",
}
ALLOWED = (
    "e: {}, a: {kind: vlan, link: e, id: 3}, b: {kind: vlan, link: e, id: 3, protocol: 802.1ad}",
    "e: {up: false}, a: {kind: vlan, link: e, id: 3, loose_binding: true}",
    "a: {kind: vrf, table: auto}, b: {kind: vrf, table: auto}",
    "a: {kind: vrf, table: auto, ports: [e]}, m: {kind: macvlan, link: e}",
    "r: {kind: vrf, table: 5, ports: [e]}, e: {addresses: [10.0.0.1/24]}, f: {addresses: [10.0.0.1/24]}",
)


@pytest.mark.parametrize("links", REFUSED)
def test_what_the_kernel_refuses_is_refused_where_it_is_written(links: str) -> None:
    with pytest.raises(InputError, match=REFUSED[links]):
        loads(f"{{version: 1, links: {{{links}}}}}")


@pytest.mark.parametrize("links", ALLOWED)
def test_what_only_looks_alike_is_taken(links: str) -> None:
    assert len(loads(f"{{version: 1, links: {{{links}}}}}")) >= 2


def vrf(name: str, table: int | str) -> Resource:
    return Resource(("link", name), "vrf", {"table": table})


def tables(*observed: Resource, **wished: int | str) -> dict[str, object]:
    desired = Desired({("link", name): vrf(name, table) for name, table in wished.items()})
    seen = State({item.key: item for item in observed})
    return {link.name: link.attributes["table"] for link in with_tables(desired, seen).family("link")}


def test_auto_is_the_first_free_table_in_the_order_of_the_file() -> None:
    route = Resource(("route", "inet", "1003", "10.0.0.0/8", "0", "0"), "route", {})
    assert tables(vrf("foreign", 1001), route, b="auto", a="auto", c=1002) == {"b": 1004, "a": 1005, "c": 1002}


def test_a_vrf_that_exists_keeps_its_table_unless_another_is_given_it() -> None:
    assert tables(vrf("a", 7), a="auto", b="auto") == {"a": 7, "b": 1001}
    assert tables(vrf("a", 7), a="auto", b=7) == {"a": 1001, "b": 7}


def test_a_map_is_sorted_and_says_nothing_of_zeros() -> None:
    assert ingress_map({7: 1, 1: 3, 2: 0}) == ("1:3", "7:1")
    assert egress_map(["4294967295:7", "0:1"]) == ("0:1", "4294967295:7")
    assert ingress_map({}) is None
    assert entries_from(("1:3", "2:4"), ("2:5",)) == ("2:5", "1:0")
    assert entries_from(("1:3",), None) == ("1:0",)


def test_a_tun_is_asked_for_by_its_flags() -> None:
    assert flags_of({"mode": "tun"}) == IFF_TUN | IFF_NO_PI | IFF_TUN_EXCL
    everything = {"mode": "tap", "pi": True, "vnet_hdr": True, "multi_queue": True}
    assert flags_of(everything) == IFF_TAP | IFF_VNET_HDR | IFF_MULTI_QUEUE | IFF_TUN_EXCL
