"""The before-image: everything that a plan may change, and the way back from whatever became of it."""

from __future__ import annotations

from netapply.execute.image import BeforeImage, before_image
from netapply.model.resource import Key
from netapply.plan import Plan, make_plan
from netapply.sources import loads
from tests.law_story import Story
from tests.model_kernel import Kernel
from tests.story_words import deeds_of, host, owned, yaml_of


def image_of(kernel: Kernel, text: str, mine: str = "") -> tuple[BeforeImage, Plan]:
    desired = loads(yaml_of(text), "a.yaml")
    observed = kernel.observe([key[1] for key in desired.resources if key[0] == "sysctl"])
    plan = make_plan(desired, observed, owned(mine))
    return before_image(plan, observed), plan


def way_back(kernel: Kernel, image: BeforeImage, *, full: bool) -> str:
    now = kernel.observe([key[1] for key in image.before if key[0] == "sysctl"])
    desired, made = image.way_back(now, full=full)
    return deeds_of(make_plan(desired, now, made))


def run(kernel: Kernel, plan: Plan) -> None:
    for group in plan.batches():
        kernel.run(group)


def test_only_what_the_plan_may_touch_is_remembered() -> None:
    kernel = host(
        "nic eno1; nic eno2; address eno1 10.0.0.1/24; address eno2 10.1.0.1/24; route 10.8.0.0/16 via 10.0.0.9"
    )
    image, _ = image_of(kernel, "eno1: {mtu: 1400}")
    names = {key for key in image.before if key[0] != "rule"}
    assert ("link", "eno1") in names
    assert ("address", "eno1", "10.0.0.1/24") in names
    assert ("route", "inet", "254", "10.8.0.0/16", "0", "0") in names
    assert not [key for key in names if "eno2" in key]
    assert image.touched == {("link", "eno1"): ("mtu",)}
    assert image.made == set()


def test_the_ports_of_a_bridge_that_goes_are_remembered() -> None:
    image, _ = image_of(host("nic eno1; bridge br0; tap tap0 master=br0"), "eno1: {}", "link br0")
    assert {("link", "br0"), ("link", "tap0")} <= image.before.keys()


def test_the_way_back_takes_away_what_was_made_and_nothing_else() -> None:
    kernel = host("nic eno1; bridge theirs")
    image, plan = image_of(kernel, "br0: {kind: bridge, ports: [eno1], addresses: [10.0.0.1/24]}")
    run(kernel, plan)
    assert way_back(kernel, image, full=False) == "delete bridge br0; set link eno1 master"
    kernel.links.delete("br0")
    assert way_back(kernel, image, full=True) == ""


def test_what_follows_by_itself_is_not_pinned_in_the_first_pass() -> None:
    """A bridge's MAC follows its ports; set once, it never would again."""
    kernel = host("nic eno1; nic eno2; bridge br0; set eno1 master=br0")
    image, plan = image_of(kernel, "eno2: {master: br0}, br0: {kind: bridge}")
    run(kernel, plan)
    assert way_back(kernel, image, full=False) == "set link eno2 master"
    assert "mac" not in kernel.links.all["br0"].pinned


def test_link_local_addresses_that_grew_anew_go_and_the_loopback_stays() -> None:
    kernel = host("bridge br0; nic eno1; set eno1 master=br0")  # its address is from before the port
    before = kernel.snapshot()
    image, plan = image_of(kernel, "{sysctl: {net.ipv6.conf.all.disable_ipv6: 1}}")
    run(kernel, plan)
    kernel.write("net/ipv6/conf/all/disable_ipv6", "0")
    assert kernel.snapshot() != before
    deeds = way_back(kernel, image, full=True)
    assert [deed.split()[2] for deed in deeds.split("; ") if deed.startswith("delete")] == ["br0"]
    assert "lo" not in deeds.split()


def test_parameters_of_a_link_that_only_the_way_back_makes_again_are_remembered() -> None:
    """A device is set live, and cannot be taken off again: the way back makes the link anew."""
    path: Key = ("sysctl", "net/ipv4/conf/vx0/proxy_arp")
    text = "nic eno1; vxlan vx0 vni=10; sysctl net/ipv4/conf/vx0/proxy_arp 1"
    image, _ = image_of(host(text), "eno1: {}, vx0: {kind: vxlan, vni: 10, dev: eno1}", "link vx0")
    assert image.before[path].attributes == {"value": "1"}
    image, _ = image_of(host(text), "vx0: {kind: vxlan, vni: 10, alias: tunnel}", "link vx0")
    assert path not in image.before


def test_parameters_that_a_small_mtu_takes_away_are_remembered() -> None:
    kernel = host("nic eno1; sysctl net/ipv6/conf/eno1/accept_ra 0")
    image, _ = image_of(kernel, "eno1: {mtu: 1000}")
    assert ("sysctl", "net/ipv6/conf/eno1/accept_ra") in image.before


def test_an_undo_aims_at_the_observed_state_and_not_at_the_file() -> None:
    """Drift that nobody asked about stays: it was there before."""
    story = Story(host("nic eno1; address eno1 10.0.0.7/24"))
    image, plan = image_of(story.kernel, "eno1: {addresses: [10.0.0.1/24]}")
    run(story.kernel, plan)
    assert way_back(story.kernel, image, full=False) == (
        "delete address eno1 10.0.0.1/24; create address eno1 10.0.0.7/24"
    )
