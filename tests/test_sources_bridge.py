"""What a file says of bridges, their ports and VLANs, and what is refused before anything is touched."""

from __future__ import annotations

import pytest

from netapply.errors import InputError, MissingError
from netapply.kernel.observe import Observed
from netapply.model.owned import Owned
from netapply.model.resource import Resource
from netapply.model.vlan_table import initial, table
from netapply.plan import Plan, make_plan
from netapply.sources import loads

BRIDGE = "vmbr0: {kind: bridge, vlan_filtering: true, ports: [eno1]}"


def links(*lines: str) -> str:
    return "version: 1\nlinks:\n" + "".join(f"  {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (["vmbr0: {kind: bridge, group_fwd_mask: 4}"], "bits 0 to 2"),
        (["vmbr0: {kind: bridge, group_fwd_mask: 0x10000}"], "65528"),
        (["vmbr0: {kind: bridge, group_address: '01:80:c2:00:00:01'}"], "no group of a bridge"),
        (["vmbr0: {kind: bridge, group_address: '02:00:00:00:00:01'}"], "no group of a bridge"),
        (["vmbr0: {kind: bridge, vlan_protocol: 802.1x}"], "802.1q"),
        (["vmbr0: {kind: bridge, vlan_default_pvid: 4095}"], "4094"),
        (["vmbr0: {kind: bridge, mcast_vlan_snooping: true}"], "only with vlan_filtering"),
        (["vmbr0: {kind: bridge, mcast_query_interval: 500ms}"], "greater than or equal to 1|at least 1|1"),
        (["vmbr0: {kind: bridge, mcast_last_member_interval: 0.015}"], "multiple of 20 ms"),
        (["vmbr0: {kind: bridge, mcast_igmp_version: 1}"], "2"),
        ([BRIDGE, "eno1: {bridge_port: {cost: 0}}"], "1"),
        ([BRIDGE, "eno1: {bridge_port: {mab: true}}"], "only on a locked port"),
        ([BRIDGE, "eno1: {bridge_port: {group_fwd_mask: 2}}"], "pause frames"),
        ([BRIDGE, "eno1: {bridge_port: {isolatd: true}}"], "isolatd"),
        ([BRIDGE, "eno1: {bridge_port: {backup_port: eno1}}"], "the port itself"),
        ([BRIDGE, "b: {kind: bridge, ports: [eno2]}", "eno1: {bridge_port: {backup_port: eno2}}"], "a port of b;"),
        ([BRIDGE, "eno1: {vids: 4095}"], "outside of 1 to 4094"),
        ([BRIDGE, "eno1: {vids: [10, 30-20]}"], "write 20-30"),
        ([BRIDGE, "eno1: {pvid: 4095}"], "4094"),
        ([BRIDGE, "eno1: {vids: 10, tunnel: {10: 1000}}"], "vlan_tunnel: true"),
        ([BRIDGE, "eno1: {vids: 10, tunnel: {11: 1000}, bridge_port: {vlan_tunnel: true}}"], "not among its vids"),
        (["vmbr0: {kind: bridge, tunnel: {1: 1000}}"], "a bridge is no port of a bridge"),
        (["vmbr0: {kind: bridge, bridge_port: {isolated: true}}"], "a bridge is no port of a bridge"),
        (["eno1: {master: null, vids: 10}"], "the file says it has no master"),
        (["bond0: {kind: bond, ports: [eno1]}", "eno1: {bridge_port: {isolated: true}}"], "is a bond"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_place(lines: list[str], why: str) -> None:
    with pytest.raises(InputError, match=why) as refusal:
        loads(links(*lines))
    assert "<string>:" in str(refusal.value)


def test_masks_and_durations_are_written_as_people_do() -> None:
    said = "kind: bridge, group_fwd_mask: 0x4000, vlan_protocol: 802.1AD, mcast_querier_interval: 5min"
    desired = loads(links(f"br0: {{{said}}}"))
    link = desired.link("br0")
    assert link is not None
    assert link.attributes["group_fwd_mask"] == 0x4000
    assert (link.attributes["vlan_protocol"], link.attributes["mcast_querier_interval"]) == ("802.1ad", 300)


def host(**ports: str) -> Observed:
    """A filtering bridge vmbr0 with these ports, each in the default VLAN."""
    seen = Observed()
    seen.add(Resource(("link", "vmbr0"), "bridge", _link() | {"vlan_filtering": True, "vlan_default_pvid": 1}))
    seen.add(Resource(("bridge_vlans", "vmbr0"), "self", initial(1), {"default_pvid": 1}))
    for name, kind in ports.items():
        seen.add(Resource(("link", name), kind, _link() | {"master": "vmbr0"}))
        seen.add(Resource(("bridge_vlans", name), "port", initial(1), {"default_pvid": 1}))
        seen.add(Resource(("bridge_port", name), "bridge_port", {"isolated": False, "cost": 2, "priority": 32}))
    return seen


def _link() -> dict[str, object]:
    return {"up": True, "mtu": 1500, "mac": None, "alias": None, "master": None, "txqueuelen": 1000, "group": 0}


def planned(text: str, seen: Observed) -> Plan:
    return make_plan(loads(text), seen, Owned())


def test_without_pvid_a_port_has_its_bridges_default() -> None:
    seen = host(eno1="")
    seen.resources["link", "vmbr0"].attributes["vlan_default_pvid"] = 7
    (change,) = planned(links("eno1: {vids: 10-20}"), seen).changes
    assert change.after == table(("10-20",), 7)
    plan = planned(links("vmbr0: {kind: bridge, vlan_default_pvid: 9}", "eno1: {vids: 10-20}"), seen)
    assert plan.changes[-1].after == table(("10-20",), 9)


def test_filtering_is_switched_on_behind_the_tables_and_off_before_them() -> None:
    seen = host(eno1="", tap1="tun")
    seen.resources["link", "vmbr0"].attributes["vlan_filtering"] = False
    on = planned(links(BRIDGE, "eno1: {vids: 10}"), seen)
    assert [operation.key for operation in on.operations] == [("bridge_vlans", "eno1"), ("link", "vmbr0")]
    seen.resources["link", "vmbr0"].attributes["vlan_filtering"] = True
    off = planned(links("vmbr0: {kind: bridge, vlan_filtering: false}", "eno1: {vids: 10}"), seen)
    assert [operation.key for operation in off.operations] == [("link", "vmbr0"), ("bridge_vlans", "eno1")]


def test_guests_that_lose_their_tags_are_named_before() -> None:
    seen = host(eno1="", tap1="tun", tap2="tun")
    seen.resources["link", "vmbr0"].attributes["vlan_filtering"] = False
    seen.resources["bridge_vlans", "tap2"].attributes["vids"] = ("20",)
    plan = planned(links(BRIDGE, "eno1: {vids: 10}"), seen)
    assert plan.notes == [
        "vmbr0 begins to filter: frames with tags pass tap1 no more; give such a port `vids` if they shall"
    ]


def test_a_bridge_is_made_filtering_from_the_start() -> None:
    """Frames of different VLANs would meet otherwise."""
    seen = Observed()
    seen.add(Resource(("link", "eno1"), "", _link()))
    first, *_ = planned(links(BRIDGE), seen).operations
    assert first.attributes["vlan_filtering"] is True


def test_settings_of_what_is_no_port_are_refused() -> None:
    seen = Observed()
    seen.add(Resource(("link", "eno1"), "", _link()))
    with pytest.raises(MissingError, match=r"cannot set VLANs of eno1: it is no port of a bridge; .*<string>:3"):
        planned(links("eno1: {vids: 10}"), seen)


def test_a_vlan_device_is_let_into_the_bridge_that_it_stands_on() -> None:
    desired, seen = loads(links("vmbr0: {kind: bridge, vlan_filtering: true}")), host(eno1="")
    desired.add(Resource(("link", "vmbr0.5"), "vlan", {"link": "vmbr0", "id": 5}))
    desired.add(Resource(("link", "vmbr0.6"), "vlan", {"link": "vmbr0", "id": 6}))
    from netapply.plan.vlan_tables import complete_tables

    complete_tables(desired, seen)
    complete_tables(desired, seen)
    own = desired.get(("bridge_vlans", "vmbr0"))
    assert own is not None and own.attributes == table(("5-6",), 1)
    assert desired.notes == [
        "VLAN 5 is added to vmbr0 itself: vmbr0.5 stands on it, and it filters",
        "VLAN 6 is added to vmbr0 itself: vmbr0.6 stands on it, and it filters",
    ]


def test_what_was_let_in_stays_as_long_as_the_device() -> None:
    text, seen = (
        links("vmbr0: {kind: bridge, vlan_filtering: true}", "vmbr0.5: {kind: vlan, link: vmbr0, id: 5}"),
        host(),
    )
    seen.resources["bridge_vlans", "vmbr0"].attributes = table(("5",), 1)
    owned = Owned(set_here={("bridge_vlans", "vmbr0"): {"vids": ()}})
    assert not [change for change in make_plan(loads(text), seen, owned).changes if change.key[0] == "bridge_vlans"]
    (change,) = make_plan(loads(links("vmbr0: {kind: bridge, vlan_filtering: true}")), seen, owned).changes
    assert change.after == initial(1)


def test_a_bridge_that_becomes_another_kind_takes_no_vlans_along() -> None:
    seen = host(eno1="")
    seen.resources["bridge_vlans", "vmbr0"].attributes = table(("5",), 1)
    owned = Owned(made={("link", "vmbr0")})
    plan = make_plan(loads(links("vmbr0: {kind: veth, peer: far}")), seen, owned)
    assert not [change for change in plan.changes if change.key[0] in ("bridge_vlans", "bridge_port")]


def test_timers_that_the_standard_does_not_allow_are_worth_a_note() -> None:
    """The kernel takes them (IEEE 802.1D, 17.14); with them a topology change may make a loop."""
    desired = loads(links("vmbr0: {kind: bridge, stp: true, forward_delay: 4s}"))
    (note,) = desired.notes
    assert note.startswith("<string>:3:36: max_age of vmbr0 (20 s) should be")
    assert "6 s" in note
    assert not loads(links("vmbr0: {kind: bridge, stp: true, forward_delay: 11s}")).notes
    assert not loads(links("vmbr0: {kind: bridge, stp: false, forward_delay: 4s}")).notes


def test_tables_of_a_bridge_that_does_not_filter_are_worth_a_note() -> None:
    desired = loads(links("vmbr0: {kind: bridge, ports: [eno1]}", "eno1: {vids: 10}"))
    assert desired.notes == [
        "<string>:4:10: the VLANs of eno1 have no effect: vmbr0 does not filter; add vlan_filtering: true"
    ]
