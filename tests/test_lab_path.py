"""How a ping leaves: reading `ip route get`, choosing a source, refusing wrong questions."""

from __future__ import annotations

import pytest

from netapply.errors import LabError
from netapply.lab import Guest, Host, Tag
from netapply.lab.ping.path import Leaving, Path, find, from_route, nearest

PVE1 = Host("pve1", "demo-pve1")
GUEST = Guest("vm", "demo-vm", PVE1, "tap100i0")


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        ({"dst": "10.0.0.2", "dev": "eth0", "prefsrc": "10.0.0.1"}, "10.0.0.2"),
        ({"dst": "10.0.0.2", "gateway": "10.0.9.1", "dev": "eth0", "prefsrc": "10.0.0.1"}, "10.0.9.1"),
        (
            {"via": {"family": "inet6", "host": "fe80::1"}, "dev": "eth0", "prefsrc": "10.0.0.1"},
            "fe80::1",
        ),
    ],
)
def test_the_next_hop_is_the_gateway_or_the_destination(route: dict[str, object], expected: str) -> None:
    path = from_route("vm", "10.0.0.2", route)
    assert path == Path("eth0", "10.0.0.1", "10.0.0.2", expected)


def test_a_given_source_wins() -> None:
    route = {"dev": "eth0", "prefsrc": "10.0.0.1"}
    assert from_route("vm", "10.0.0.2", route, "10.0.0.7").source == "10.0.0.7"


@pytest.mark.parametrize("kind", ["local", "broadcast", "multicast"])
def test_only_unicast_is_pinged(kind: str) -> None:
    with pytest.raises(LabError, match=f"a {kind} address there"):
        from_route("vm", "10.0.0.2", {"type": kind, "dev": "lo", "prefsrc": "10.0.0.1"})


def test_an_interface_without_an_address_is_named() -> None:
    with pytest.raises(LabError, match="eth0 has no address to send from; add one, or give source="):
        from_route("vm", "10.0.0.2", {"dev": "eth0"})


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ([], None),
        (["10.1.0.1/24"], "10.1.0.1"),
        (["10.1.0.1/24", "10.0.0.1/24"], "10.0.0.1"),
    ],
)
def test_the_source_is_of_the_targets_subnet_if_there_is_one(held: list[str], expected: str | None) -> None:
    assert nearest(held, "10.0.0.2") == expected


def test_tagged_pings_do_not_ask_the_routing_table() -> None:
    leaving = Leaving(source="10.0.0.1", via="10.0.0.254", vlan=(Tag(20, "802.1ad"), 100))
    assert find(GUEST, "10.9.9.9", leaving) == Path(
        "eth0", "10.0.0.1", "10.9.9.9", "10.0.0.254", (Tag(20, "802.1ad"), Tag(100))
    )


@pytest.mark.parametrize(("host", "leaving"), [(GUEST, Leaving(vlan=1)), (PVE1, Leaving(vlan=1, source="10.0.0.1"))])
def test_tagged_pings_need_to_know_where_from(host: Host, leaving: Leaving) -> None:
    with pytest.raises(LabError, match="so give interface= and source= too"):
        find(host, "10.0.0.2", leaving)


@pytest.mark.parametrize("leaving", [Leaving(via="router"), Leaving(source="10.0.0.1/24")])
def test_names_and_prefixes_are_no_addresses(leaving: Leaving) -> None:
    with pytest.raises(LabError, match="not an IPv4 or IPv6 address"):
        find(GUEST, "10.0.0.2", leaving)
