"""What a plan refuses before anything is touched: whole sentences that say what to do."""

from __future__ import annotations

import pytest

from netapply.devices import with_devices
from netapply.errors import ForeignError, MissingError, RefusedError
from netapply.plan import make_plan
from netapply.sources import loads
from tests.story_words import host, owned, yaml_of

LOST_ROUTE = (
    "cannot go on: eno1 loses its last address, and route default (protocol static), which netapply did not make, "
    "would be lost with it; name it in the file, or delete it first"
)
REFUSALS: list[tuple[str, str, str, type[RefusedError], str]] = [
    (
        "{links: {eno1: {}}, routes: [{to: 10.8.0.0/16, dev: eno1, metric: 20}]}",
        "nic eno1; nic eno2; route 10.8.0.0/16 dev eno2 metric 20 by bgp",
        "",
        ForeignError,
        "cannot add the route to 10.8.0.0/16 with metric 20: protocol bgp has one (dev eno2), which is not netapply's "
        "to change; give yours another metric; a.yaml:1:44",
    ),
    (
        "br0: {kind: bridge}",
        "nic eno2; macvlan br0 link=eno2",
        "",
        ForeignError,
        "cannot make bridge br0: a macvlan link of that name exists and netapply did not make it; rename one of them, "
        "or delete it first; a.yaml:1:24",
    ),
    (
        "enp3s0f1: {}",
        "nic enp3s0f0; nic eno1",
        "",
        MissingError,
        "cannot use link enp3s0f1: there is no such device, and without a kind none is made; the nearest name is "
        "enp3s0f0; a.yaml:1:24",
    ),
    (
        "tap100i0: {}",
        "nic eno1",
        "",
        MissingError,
        "cannot use link tap100i0: there is no such device, and without a kind none is made; there are eno1, lo; "
        "a.yaml:1:24",
    ),
    (
        "eno1: {}",
        "nic eno1; bridge br0; macvlan fm0 link=br0",
        "link br0",
        ForeignError,
        "cannot go on: br0 is deleted, and macvlan link fm0, which netapply did not make, would be deleted with it; "
        "move fm0 away first, or name it in the file",
    ),
    (
        "eno1: {}",
        "nic eno1; bridge br0; address br0 10.0.0.1/24 by=110; route 10.8.0.0/16 dev eno1 src 10.0.0.1",
        "link br0",
        ForeignError,
        "cannot go on: 10.0.0.1 was its source, and route 10.8.0.0/16 (protocol static), which netapply did not make, "
        "would be lost with it; name it in the file, or delete it first",
    ),
    (
        "eno1: {addresses: []}, br0: {kind: bridge, addresses: [10.0.0.1/24]}",
        "nic eno1; address eno1 10.0.0.1/24; route default via 10.0.0.254",
        "",
        ForeignError,
        LOST_ROUTE,
    ),
]


@pytest.mark.parametrize(("desired", "observed", "mine", "error", "message"), REFUSALS)
def test_refusal(desired: str, observed: str, mine: str, error: type[RefusedError], message: str) -> None:
    wished = with_devices(loads(yaml_of(desired), "a.yaml"))
    with pytest.raises(error) as caught:
        make_plan(wished, host(observed).observe(), owned(mine))
    assert str(caught.value) == message


def test_a_foreign_link_that_can_be_made_again_is_no_reason_to_refuse() -> None:
    """Its lower device is made again, and it with it, as it was."""
    wished = loads(yaml_of("vx0: {kind: vxlan, vni: 20}"), "a.yaml")
    observed = host("vxlan vx0 vni=10; macvlan fm0 link=vx0 mode=bridge").observe()
    plan = make_plan(wished, observed, owned("link vx0"))
    again = plan.changes[1]
    assert again.key == ("link", "fm0")
    assert again.reason == "put back: vx0 is made again"
    assert again.after["mode"] == "bridge"


def test_the_way_back_is_never_barred_by_a_route() -> None:
    """While a transaction waits, a daemon may have added a route; the undo goes on without it."""
    observed = host("nic eno1; address eno1 10.0.0.1/24; route 10.8.0.0/16 via 10.0.0.9 by bgp").observe()
    made = owned("address eno1 10.0.0.1/24")
    made.marks_count = False
    plan = make_plan(loads(yaml_of("{links: {}}"), "before"), observed, made)
    assert ("address", "eno1", "10.0.0.1/24") in {change.key for change in plan.changes}
