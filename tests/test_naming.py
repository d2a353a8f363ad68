"""Which device bears which name, and in what turn names change hands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netapply.errors import ForeignError, MissingError, NetapplyError, RefusedError
from netapply.model.owned import Owned
from netapply.model.resource import Desired, Key, Resource
from netapply.naming import choose, renamed, renamed_key, renamed_owned
from netapply.plan.names import in_turn
from netapply.plan.plan import Operation, Phase, Verb


def device(name: str, index: int, kind: str = "", **facts: str) -> Resource:
    attributes = {"mac": f"02:00:00:00:00:{index:02x}"}
    return Resource(("link", name), kind, attributes, {"ifindex": index, **facts})


def wish(**matches: dict[str, str]) -> Desired:
    desired = Desired()
    for name, match in matches.items():
        desired.add(Resource(("link", name), facts={"match": match} if match else {}))
    return desired


MAC1 = "02:00:00:00:00:01"
HOST = [
    device("eth0", 1, driver="igc", pci="0000:01:00.0"), device("eth1", 2, driver="igc", pci="0000:02:00.0"),
    device("vmbr0", 3, "bridge"), Resource(("altname", "eth1", "enp2s0"), "altname"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("match", "former"),
    [
        ({"mac": MAC1}, "eth0"), ({"pci": "0000:02:00.0"}, "eth1"), ({"altname": "enp2s0"}, "eth1"),
        ({"original_name": "eth1"}, "eth1"), ({"driver": "igc", "mac": MAC1}, "eth0"),
    ],
)  # fmt: skip
def test_one_device_is_chosen_and_gets_the_name(match: dict[str, str], former: str) -> None:
    desired = wish(lan0=match)
    assert choose(desired, Owned(), HOST) == {former: "lan0"}
    link = desired.link("lan0")
    assert link is not None and link.attributes["name"] == "lan0"


def test_who_borrows_an_address_is_not_meant() -> None:
    bridge = device("vmbr0", 3, "bridge")
    bridge.attributes["mac"] = MAC1
    assert choose(wish(lan0={"mac": MAC1}), Owned(), [bridge, *HOST[:2]]) == {"eth0": "lan0"}


@pytest.mark.parametrize(
    ("desired", "error", "words"),
    [
        (wish(x={"driver": "igc"}), RefusedError, r"2 have driver igc: eth0 \(02:.*igc, pci 0000:01.*; say more"),
        (wish(x={"driver": "e1000e"}), MissingError, "none has driver e1000e; there are: eth0"),
        (wish(vmbr0={"mac": MAC1}), ForeignError, "cannot name eth0 vmbr0: bridge has that name"),
        (wish(enp2s0={"mac": MAC1}), ForeignError, "it is an altname of eth1"),
        (wish(x={"mac": MAC1}, y={"original_name": "eth0"}), RefusedError, "it is to be x already"),
        (wish(x={"mac": MAC1}, eth0={}), RefusedError, "cannot use eth0 for another link"),
    ],
)
def test_what_is_not_one_free_name_for_one_device_is_refused(
    desired: Desired, error: type[NetapplyError], words: str
) -> None:
    with pytest.raises(error, match=words):
        choose(desired, Owned(), HOST)


def test_a_name_is_given_back_unless_it_is_taken() -> None:
    owned = Owned(set_here={("link", "lan0"): {"name": "eth0"}})
    devices = [device("lan0", 1), device("eth1", 2)]
    assert choose(wish(), owned, devices) == {"lan0": "eth0"}
    taken = wish()
    assert choose(taken, owned, [*devices, device("eth0", 3)]) == {}
    assert taken.notes == ["lan0 was eth0, and keeps its name: eth0 is taken"]


def test_everything_on_a_device_is_called_after_it() -> None:
    names = {"eth0": "lan0", "eth1": "eth0"}
    assert renamed_key(("sysctl", "net/ipv4/conf/eth0/proxy_arp"), names)[1] == "net/ipv4/conf/lan0/proxy_arp"
    assert renamed_key(("rule", "inet", "7", "iif eth0"), names)[3] == "iif eth0", "rules go by names"
    route = Resource(("route", "inet", "254", "10.0.0.0/8", "0", "0"), "route", {"nexthops": ((None, "eth1"),)})
    assert renamed(route, names).attributes["nexthops"][0][1] == "eth0"
    address = Resource(("address", "eth0", "10.0.0.1/8"), "address", {"label": "eth0:1"})
    assert renamed(address, names) == Resource(("address", "lan0", "10.0.0.1/8"), "address", {"label": "lan0:1"})
    owned = Owned({("address", "eth1", "10.0.0.1/8")}, {("link", "eth0"): {"mtu": 1500, "master": "eth1"}})
    called = renamed_owned(owned, names)
    assert called.made == {("address", "eth0", "10.0.0.1/8")}
    assert called.set_here == {("link", "lan0"): {"mtu": 1500, "master": "eth0"}}


def rename(former: str, name: str) -> Operation:
    key: Key = ("link", name)
    return Operation(Verb.SET, key, "", Phase.RENAME, {"name": name, "former": former})


@given(st.permutations([f"e{number}" for number in range(7)]), st.integers(0, 7))
def test_a_name_is_free_whenever_it_is_given(names: list[str], kept: int) -> None:
    """Any exchange of names, with some devices that get a fresh one."""
    former = [f"e{number}" for number in range(7)]
    goals = dict(zip(former, names, strict=True)) | {f"e{number}": f"n{number}" for number in range(kept)}
    wanted = [rename(one, other) for one, other in goals.items() if one != other]
    present = {name: name for name in former}
    for operation in sorted(in_turn(wanted, set(former)), key=lambda operation: operation.depth):
        before, after = operation.attributes["former"], operation.attributes["name"]
        assert after not in present, f"{after} is taken"
        present[after] = present.pop(before)
    taken = [name for name in goals.values() if list(goals.values()).count(name) > 1]
    assert not taken and present == {goal: one for one, goal in goals.items()}
