"""One change of the difference: what differs, where it is written, what it does to traffic, and why."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from netapply.diff import diff
from netapply.model.attribute import Disruption
from netapply.model.resource import Origin
from netapply.plan.change import Action, Change, Step
from netapply.sources import loads
from tests.story_words import host, owned


def changes(text: str, observed: str, mine: str = "") -> list[Change]:
    desired = loads(text, "a.yaml")
    parameters = [key[1] for key in desired.resources if key[0] == "sysctl"]
    return diff(desired, host(observed).observe(parameters), owned(mine))


def only(text: str, observed: str, mine: str = "") -> Change:
    found = changes(text, observed, mine)
    assert len(found) == 1, found
    return found[0]


def test_what_the_file_does_not_say_is_not_compared() -> None:
    assert changes("{version: 1, links: {eno1: {}}}", "nic eno1 mtu=9000 alias=theirs group=7") == []


def test_an_update_holds_only_what_differs_and_where_it_is_written() -> None:
    change = only("version: 1\nlinks:\n  eno1:\n    mtu: 1400\n    alias: uplink\n", "nic eno1 alias=uplink")
    assert change.action is Action.UPDATE
    assert change.steps == (Step("mtu", 1500, 1400, Origin("a.yaml", 4, 5)),)
    assert change.origin == Origin("a.yaml", 4, 5)
    assert change.before["mtu"] == 1500
    assert change.after["mtu"] == 1400
    assert change.after["alias"] == "uplink"


def test_a_creation_says_what_the_file_says() -> None:
    change = only("version: 1\nlinks:\n  br0:\n    kind: bridge\n    stp: true\n", "")
    assert (change.action, change.before, change.origin) == (Action.CREATE, {}, Origin("a.yaml", 3, 3))
    assert change.after == {"up": True, "stp": True}
    assert Step("stp", None, True, Origin("a.yaml", 5, 5)) in change.steps
    assert change.disruption is Disruption.LIVE


@pytest.mark.parametrize(
    ("text", "observed", "expected"),
    [
        ("links: {eno1: {mtu: 1400}}", "nic eno1", Disruption.LIVE),
        ("links: {eno1: {up: false}}", "nic eno1", Disruption.FLAP),
        ("links: {eno1: {}}", "nic eno1 up=false", Disruption.LIVE),
        ('links: {eno1: {mac: "02:00:00:00:00:01"}}', "nic eno1", Disruption.FLAP),
        ("links: {eno1: {master: br0, mtu: 1400}}", "nic eno1; bridge br0", Disruption.FLAP),
        ("links: {vx0: {kind: vxlan, vni: 20}}", "vxlan vx0 vni=10", Disruption.RECREATE),
        ("links: {eno1: {addresses: []}}", "nic eno1; address eno1 10.0.0.1/24", Disruption.FLAP),
        ("rules: [{priority: 1, table: 9}]", "", Disruption.LIVE),
    ],
)
def test_a_change_says_what_it_does_to_traffic(text: str, observed: str, expected: Disruption) -> None:
    assert only(f"{{version: 1, {text}}}", observed).disruption is expected


def test_a_deletion_says_why() -> None:
    moves, _ = changes(
        "{version: 1, links: {eno1: {}, eno2: {addresses: [10.0.0.1/24]}}}",
        "nic eno1; nic eno2; address eno1 10.0.0.1/24",
    )
    assert (moves.action, moves.reason) == (Action.DELETE, "moves to eno2")
    change = only("{version: 1, links: {eno1: {addresses: []}}}", "nic eno1; address eno1 10.0.0.1/24")
    assert change.reason == "not among the addresses of eno1"
    assert only("{version: 1, links: {}}", "bridge br0", "link br0").reason == "no longer in the file"


def test_a_lease_and_the_kernels_own_addresses_are_no_part_of_the_list() -> None:
    kernel = host("nic eno1")
    lease = {"permanent": False, "kernel_made": False}
    kernel.addresses.add("eno1", "10.0.0.77/24", {"protocol": 0}, lease, replace=False)
    desired = loads("{version: 1, links: {eno1: {addresses: []}}}", "a.yaml")
    assert diff(desired, kernel.observe(), owned("")) == []


def test_the_loopback_keeps_its_own_addresses_whatever_the_list_says() -> None:
    """Everybody's localhost; the kernel does not mark it as its own."""
    found = changes("{version: 1, links: {lo: {addresses: [192.0.2.1/32]}}}", "address lo 192.0.2.9/32")
    assert [(change.action, change.key[2]) for change in found] == [
        (Action.DELETE, "192.0.2.9/32"),
        (Action.CREATE, "192.0.2.1/32"),
    ]


def test_an_address_that_only_looks_like_another_is_another() -> None:
    """The same address with two prefixes are two to the kernel (IPv4)."""
    found = changes("{version: 1, links: {eno1: {addresses: [10.0.0.1/25]}}}", "nic eno1; address eno1 10.0.0.1/24")
    assert [(change.action, change.key[2]) for change in found] == [
        (Action.DELETE, "10.0.0.1/24"),
        (Action.CREATE, "10.0.0.1/25"),
    ]


def test_a_link_made_again_keeps_what_others_gave_it_but_an_mtu_that_may_not_fit() -> None:
    change = only(
        "{version: 1, links: {vx0: {kind: vxlan, vni: 20, dev: eno1}}}", "nic eno1; vxlan vx0 vni=10 alias=theirs"
    )
    assert change.action is Action.REPLACE
    assert change.after["alias"] == "theirs"
    assert "mtu" not in change.after
    kept = only("{version: 1, links: {vx0: {kind: vxlan, vni: 20}}}", "vxlan vx0 vni=10 mtu=1400")
    assert kept.after["mtu"] == 1400


def test_deletions_come_first_then_the_order_of_the_file() -> None:
    found = changes(
        "{version: 1, links: {br1: {kind: bridge}, br0: {kind: bridge}}, rules: [{priority: 9, table: 9}]}",
        "bridge br9",
        "link br9",
    )
    assert [change.key[:3] for change in found] == [
        ("link", "br9"), ("link", "br1"), ("link", "br0"), ("rule", "inet", "9"),
    ]  # fmt: skip


@pytest.mark.parametrize("module", ["diff", "plan", "plan.complete", "plan.change", "execute.transaction", "families"])
def test_every_module_can_be_the_first_that_is_imported(module: str) -> None:
    """The difference needs the plan's nouns, and the plan the difference."""
    done = subprocess.run(
        [sys.executable, "-c", f"import netapply.{module}"], cwd=Path(__file__).parents[1], check=False,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.stderr == ""
