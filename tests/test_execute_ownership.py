"""What netapply owns after a plan, and what everything goes back to."""

from __future__ import annotations

from netapply.model.owned import Owned
from netapply.model.resource import Key
from netapply.sources import loads
from tests.law_story import Story
from tests.story_words import deed_of, deeds_of, host, yaml_of

BR0, ENO1, VX0 = ("link", "br0"), ("link", "eno1"), ("link", "vx0")
ROUTE: Key = ("route", "inet", "254", "10.8.0.0/16", "0", "0")


def story(text: str = "nic eno1; nic eno2") -> Story:
    return Story(host(text))


def apply(owner: Story, text: str) -> str:
    """The operations, in words."""
    return deeds_of(owner.apply(loads(yaml_of(text), "a.yaml")))


def test_what_is_made_is_owned_and_what_was_there_is_not() -> None:
    owner = story("nic eno1; bridge br0; address br0 10.0.0.1/24")
    apply(owner, "{links: {br0: {kind: bridge, addresses: [10.0.0.1/24]}, br1: {kind: bridge, altnames: [guests]}}}")
    assert owner.owned.made == {("link", "br1"), ("altname", "br1", "guests")}


def test_the_value_found_is_kept_however_often_it_changes() -> None:
    owner = story("nic eno1 mtu=9000 alias=theirs")
    apply(owner, "eno1: {mtu: 1400, alias: first}")
    apply(owner, "eno1: {mtu: 1300, alias: second}")
    assert owner.owned.set_here == {ENO1: {"mtu": 9000, "alias": "theirs"}}
    assert apply(owner, "eno1: {}") == "set link eno1 alias,mtu"
    assert owner.kernel.links.all["eno1"].attributes["mtu"] == 9000
    assert owner.owned == Owned()


def test_a_value_that_was_right_already_is_not_netapplys() -> None:
    owner = story("nic eno1 mtu=9000")
    apply(owner, "eno1: {mtu: 9000}")
    assert owner.owned == Owned()
    assert apply(owner, "eno1: {}") == ""


def test_a_link_of_ours_forgets_what_the_file_no_longer_says() -> None:
    owner = story()
    apply(owner, "br0: {kind: bridge, stp: true, alias: guests}, vx0: {kind: vxlan, vni: 10, master: br0, ttl: 9}")
    assert owner.owned.set_here == {BR0: {"stp": False, "alias": None}, VX0: {"master": None, "ttl": 0, "port": 4789}}
    assert (
        apply(owner, "br0: {kind: bridge}, vx0: {kind: vxlan, vni: 10}")
        == "set bridge br0 alias,stp; set vxlan vx0 master,ttl"
    )


def test_a_link_of_ours_without_a_default_goes_back_to_what_it_had() -> None:
    owner = story()
    apply(owner, "br0: {kind: bridge}")
    apply(owner, "br0: {kind: bridge, mtu: 1400}")
    assert apply(owner, "br0: {kind: bridge}") == "set bridge br0 mtu"
    assert owner.kernel.links.all["br0"].attributes["mtu"] == 1500


def test_a_route_of_ours_forgets_what_the_file_no_longer_says() -> None:
    owner = story("nic eno1; address eno1 10.0.0.1/24")
    apply(owner, "{links: {eno1: {}}, routes: [{to: 10.8.0.0/16, dev: eno1, src: 10.0.0.1, mtu: 1400}]}")
    assert owner.owned.set_here == {ROUTE: {"src": None, "mtu": None}}
    less = "{links: {eno1: {}}, routes: [{to: 10.8.0.0/16, dev: eno1}]}"
    assert apply(owner, less) == "replace route 10.8.0.0/16 dev eno1"
    assert owner.kernel.routes.all[ROUTE].attributes["mtu"] is None
    assert apply(owner, less) == ""


def test_what_is_put_back_for_others_does_not_become_ours() -> None:
    """Their macvlan stands on a VXLAN that is made again, and so is it; the file only names it."""
    owner = story()
    apply(owner, "vx0: {kind: vxlan, vni: 10}")
    for deed in ("macvlan m0 link=vx0 alias=theirs", "address m0 10.1.0.1/24"):
        _do(owner, deed)
    apply(owner, "vx0: {kind: vxlan, vni: 20}, m0: {}")
    assert ("link", "m0") not in owner.owned.made | owner.owned.set_here.keys()
    assert owner.kernel.links.all["m0"].attributes["alias"] == "theirs"
    assert apply(owner, "vx0: {kind: vxlan, vni: 20}") == ""


def test_what_vanished_by_itself_is_not_owned_any_more() -> None:
    owner = story()
    apply(owner, "br0: {kind: bridge, addresses: [10.0.0.1/24]}, eno1: {}")
    owner.kernel.links.delete("br0")
    apply(owner, "eno1: {alias: uplink}")
    assert owner.owned == Owned(set(), {ENO1: {"alias": None}})


def test_a_parameter_goes_back_to_what_its_mover_makes_of_it() -> None:
    """Said against ip_forward, it would be 1 without netapply; and 0 again once ip_forward is."""
    owner = story()
    path: Key = ("sysctl", "net/ipv4/conf/eno1/forwarding")
    apply(owner, "{links: {eno1: {sysctl: {ipv4.forwarding: 0}}}, sysctl: {net.ipv4.ip_forward: 1}}")
    assert owner.owned.set_here[path] == {"value": "1"}
    apply(owner, "eno1: {sysctl: {ipv4.forwarding: 0}}")
    assert owner.owned.set_here[path] == {"value": "0"}
    apply(owner, "eno1: {}")
    assert owner.kernel.parameters.read(path[1]) == "0"


def test_a_replaced_link_of_others_goes_back_to_what_it_was() -> None:
    owner = story("vxlan vx0 vni=10")
    assert apply(owner, "vx0: {kind: vxlan, vni: 20}") == "delete vxlan vx0; create vxlan vx0"
    assert owner.owned == Owned(set(), {VX0: {"vni": 10}})
    assert apply(owner, "{links: {}}") == "delete vxlan vx0; create vxlan vx0"
    assert owner.kernel.links.all["vx0"].attributes["vni"] == 10


def _do(owner: Story, deed: str) -> None:
    """Somebody else's deed, in the words of `story_words`."""
    word, *rest = deed.split()
    owner.kernel.apply(deed_of(word, rest))
