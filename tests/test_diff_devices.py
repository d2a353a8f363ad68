"""The device of a route that names only its gateway: the link whose subnet holds it, in the file."""

from __future__ import annotations

from netapply.devices import with_devices
from netapply.model.routing import Nexthop
from netapply.sources import loads


def hops(text: str) -> list[tuple[Nexthop, ...]]:
    desired = with_devices(loads(text, "a.yaml"))
    return [route.attributes["nexthops"] for route in desired.family("route")]


LINKS = "links: {eno1: {addresses: [10.0.0.1/16, '2001:db8::1/64']}, eno2: {addresses: [10.0.1.1/24]}}"


def test_the_longest_prefix_wins() -> None:
    routes = "[{to: 10.8.0.0/16, via: 10.0.1.9}, {to: 10.9.0.0/16, via: 10.0.2.9}, {to: default, via: '2001:db8::9'}]"
    assert hops(f"{{version: 1, {LINKS}, routes: {routes}}}") == [
        (Nexthop("10.0.1.9", "eno2"),),
        (Nexthop("10.0.2.9", "eno1"),),
        (Nexthop("2001:db8::9", "eno1"),),
    ]


def test_what_is_said_stays_and_what_is_elsewhere_is_left_to_the_kernel() -> None:
    routes = (
        "[{to: 10.8.0.0/16, via: 10.0.1.9, dev: eno1}, {to: 10.9.0.0/16, via: 192.0.2.1}, {to: 10.7.0.0/16, dev: eno1}]"
    )
    assert hops(f"{{version: 1, {LINKS}, routes: {routes}}}") == [
        (Nexthop("10.0.1.9", "eno1"),),
        (Nexthop("192.0.2.1", None),),
        (Nexthop(None, "eno1"),),
    ]


def test_each_leg_has_its_own_device() -> None:
    routes = "[{to: default, nexthops: [{via: 10.0.1.9}, {via: 10.0.2.9, weight: 3}]}]"
    assert hops(f"{{version: 1, {LINKS}, routes: {routes}}}") == [
        (Nexthop("10.0.1.9", "eno2"), Nexthop("10.0.2.9", "eno1", 3)),
    ]


def test_without_addresses_nothing_is_guessed() -> None:
    assert hops("{version: 1, routes: [{to: default, via: 10.0.1.9}]}") == [(Nexthop("10.0.1.9", None),)]
    assert hops("{version: 1, routes: [{to: 10.0.0.0/8, type: blackhole}]}") == [()]
