"""Stories: a file and a host, and the operations between them, in the order in which they run."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from netapply.devices import with_devices
from netapply.plan import make_plan
from netapply.sources import loads
from tests.story_words import deeds_of, host, owned, yaml_of


class Story(NamedTuple):
    desired: str
    observed: str
    owned: str
    operations: str


STORIES = {
    "nothing to do": Story("eno1: {}", "nic eno1", "", ""),
    "a bridge comes before its ports, its address last": Story(
        "eno1: {}, br0: {kind: bridge, ports: [eno1], addresses: [10.0.0.1/24]}",
        "nic eno1",
        "",
        "create bridge br0; set link eno1 master; create address br0 10.0.0.1/24",
    ),
    "a link with settings of its own comes up after them": Story(
        "br0: {kind: bridge, sysctl: {ipv4.proxy_arp: 1}, addresses: [10.0.0.1/24]}",
        "",
        "",
        "create bridge br0; set net/ipv4/conf/br0/proxy_arp 1; set bridge br0 up; create address br0 10.0.0.1/24",
    ),
    "global parameters come first": Story(
        "{links: {br0: {kind: bridge, sysctl: {ipv4.forwarding: 0}}}, sysctl: {net.ipv4.ip_forward: 1}}",
        "",
        "",
        "set net/ipv4/ip_forward 1; create bridge br0; set net/ipv4/conf/br0/forwarding 0; set bridge br0 up",
    ),
    "a wish for one link is said again after a global parameter overwrites it": Story(
        "{links: {eno1: {sysctl: {ipv4.forwarding: 0}}}, sysctl: {net.ipv4.ip_forward: 1}}",
        "nic eno1",
        "",
        "set net/ipv4/ip_forward 1; set net/ipv4/conf/eno1/forwarding 0",
    ),
    "what a global parameter brings by itself is not said": Story(
        "{links: {eno1: {sysctl: {ipv4.forwarding: 1}}}, sysctl: {net.ipv4.ip_forward: 1}}",
        "nic eno1",
        "",
        "set net/ipv4/ip_forward 1",
    ),
    "the default of parameters may reach a link too": Story(
        "{links: {eno1: {sysctl: {ipv4.proxy_arp: 0}}}, sysctl: {net.ipv4.conf.default.proxy_arp: 1}}",
        "nic eno1",
        "",
        "set net/ipv4/conf/default/proxy_arp 1; set net/ipv4/conf/eno1/proxy_arp 0",
    ),
    "a gateway's route follows the route to the gateway": Story(
        "{links: {eno1: {addresses: [10.0.0.1/32]}}, routes: [{to: default, via: 10.0.0.9, dev: eno1},"
        " {to: 10.0.0.9/32, dev: eno1}]}",
        "nic eno1",
        "",
        "create address eno1 10.0.0.1/32; create route 10.0.0.9/32 dev eno1;"
        " create route default via 10.0.0.9 dev eno1",
    ),
    "everything of a deleted link goes with it": Story(
        "eno1: {}",
        "nic eno1; bridge br0; address br0 10.0.0.1/24 by=110; route 10.8.0.0/16 via 10.0.0.9 by netapply",
        "link br0; address br0 10.0.0.1/24",
        "delete bridge br0",
    ),
    "stacks are deleted from the top": Story(
        "eno1: {}",
        "nic eno1; bridge br0; macvlan m0 link=br0; macvlan m1 link=eno1; set eno1 mtu=1500",
        "link br0; link m0; link m1",
        "delete macvlan m1; delete bridge br0",
    ),
    "a cable comes with both ends": Story(
        "a: {kind: veth, peer: b}, b: {kind: veth, peer: a, mtu: 1400}",
        "",
        "",
        "create veth a; set veth b mtu,up",
    ),
    "a cable goes with both ends": Story("{links: {}}", "veth a peer=b", "link a; link b", "delete veth a"),
    "a foreign port of a bridge stays": Story(
        "br0: {kind: bridge, ports: []}", "bridge br0; tap tap0 master=br0", "link br0", ""
    ),
    "a port that the file drops is let go": Story(
        "eno1: {}, br0: {kind: bridge}",
        "nic eno1; bridge br0; set eno1 master=br0",
        "link br0; set eno1 master=none",
        "set link eno1 master",
    ),
    "a port that was made as one is let go": Story(
        "vx0: {kind: vxlan, vni: 10}, br0: {kind: bridge}",
        "bridge br0; vxlan vx0 vni=10 master=br0",
        "link br0; link vx0; set vx0 master=none",
        "set vxlan vx0 master",
    ),
    "an attribute that the file drops goes back to the kernel's default": Story(
        "br0: {kind: bridge}", "bridge br0 stp", "link br0; set br0 stp=false", "set bridge br0 stp"
    ),
    "an attribute without a default goes back to the value found": Story(
        "eno1: {}", "nic eno1 mtu=9000", "set eno1 mtu=1400", "set link eno1 mtu"
    ),
    "a parameter goes with its link": Story(
        "{links: {}}",
        "bridge br0; sysctl net/ipv4/conf/br0/proxy_arp 1",
        "link br0; sysctl net/ipv4/conf/br0/proxy_arp 0",
        "delete bridge br0",
    ),
    "a parameter goes back with the global one that moved it": Story(
        "eno1: {}",
        "nic eno1; sysctl net/ipv4/ip_forward 1; sysctl net/ipv4/conf/eno1/forwarding 0",
        "sysctl net/ipv4/ip_forward 0; sysctl net/ipv4/conf/eno1/forwarding 1",
        "set net/ipv4/ip_forward 0",
    ),
    "a macvlan moves away from a bridge that goes, with its address": Story(
        "eno1: {}, m0: {kind: macvlan, link: eno1, addresses: [10.0.0.1/24]}",
        "nic eno1; bridge br0; macvlan m0 link=br0; address m0 10.0.0.1/24 by=110",
        "link br0; link m0; address m0 10.0.0.1/24",
        "delete bridge br0; create macvlan m0; create address m0 10.0.0.1/24",
    ),
    "a link made again is no port of a bridge that goes": Story(
        "vx0: {kind: vxlan, vni: 20}",
        "bridge br0; vxlan vx0 vni=10 master=br0",
        "link br0",
        "delete bridge br0; delete vxlan vx0; create vxlan vx0",
    ),
    "a route with another way out stays when one of its links goes down": Story(
        "eno1: {up: false}",
        "nic eno1; nic eno2; address eno1 10.0.0.1/24; address eno2 10.1.0.1/24;"
        " route 10.8.0.0/16 via 10.0.0.9,10.1.0.9",
        "",
        "set link eno1 up",
    ),
    "a route whose source is on another link comes back with it": Story(
        "eno1: {}, vx0: {kind: vxlan, vni: 20, addresses: [10.0.0.1/24]}",
        "nic eno1; vxlan vx0 vni=10; address vx0 10.0.0.1/24; route 10.8.0.0/16 dev eno1 src 10.0.0.1",
        "link vx0",
        "delete vxlan vx0; create vxlan vx0; create address vx0 10.0.0.1/24; replace route 10.8.0.0/16 dev eno1",
    ),
    "an address that is not listed goes, and foreign ones elsewhere stay": Story(
        "eno1: {addresses: [10.0.0.1/24]}",
        "nic eno1; nic eno2; address eno1 10.0.0.1/24; address eno1 10.0.0.9/24; address eno2 10.1.0.9/24",
        "",
        "delete address eno1 10.0.0.9/24",
    ),
    "without a list foreign addresses stay": Story("eno1: {}", "nic eno1; address eno1 10.0.0.1/24", "", ""),
    "an address moves from the NIC to the bridge, and the default route follows": Story(
        "{links: {eno1: {}, br0: {kind: bridge, ports: [eno1], addresses: [10.0.0.1/24]}},"
        " routes: [{to: default, via: 10.0.0.254}]}",
        "nic eno1; address eno1 10.0.0.1/24; route default via 10.0.0.254",
        "",
        "delete address eno1 10.0.0.1/24; create bridge br0; set link eno1 master;"
        " create address br0 10.0.0.1/24; replace route default via 10.0.0.254 dev br0",
    ),
    "a route survives the exchange of its link's only address": Story(
        "{links: {eno1: {addresses: [10.0.0.2/24]}}, routes: [{to: default, via: 10.0.0.254}]}",
        "nic eno1; address eno1 10.0.0.1/24; route default via 10.0.0.254 by netapply",
        "",
        "delete address eno1 10.0.0.1/24; create address eno1 10.0.0.2/24;"
        " replace route default via 10.0.0.254 dev eno1",
    ),
    "so does a foreign one": Story(
        "eno1: {addresses: [10.0.0.2/24]}",
        "nic eno1; address eno1 10.0.0.1/24; route 10.8.0.0/16 via 10.0.0.254",
        "",
        "delete address eno1 10.0.0.1/24; create address eno1 10.0.0.2/24;"
        " replace route 10.8.0.0/16 via 10.0.0.254 dev eno1",
    ),
    "a secondary address is deleted first, and comes back after its primary went": Story(
        "eno1: {addresses: [10.0.0.2/24]}",
        "nic eno1; address eno1 10.0.0.1/24; address eno1 10.0.0.2/24",
        "",
        "delete address eno1 10.0.0.2/24; delete address eno1 10.0.0.1/24; create address eno1 10.0.0.2/24",
    ),
    "an IPv6 address is there again when its link is down": Story(
        "eno1: {up: false, addresses: ['2001:db8::1/64']}",
        "nic eno1; address eno1 2001:db8::1/64",
        "",
        "delete address eno1 2001:db8::1/64; set link eno1 up; create address eno1 2001:db8::1/64",
    ),
    "another VNI makes the VXLAN again, and puts back what was on it": Story(
        "{links: {br0: {kind: bridge}, vx0: {kind: vxlan, vni: 20, master: br0, addresses: [10.0.0.1/24]}},"
        " routes: [{to: 10.8.0.0/16, via: 10.0.0.9}]}",
        "bridge br0; vxlan vx0 vni=10 master=br0; address vx0 10.0.0.1/24; route 10.8.0.0/16 via 10.0.0.9",
        "link br0; link vx0",
        "delete vxlan vx0; create vxlan vx0; create address vx0 10.0.0.1/24;"
        " replace route 10.8.0.0/16 via 10.0.0.9 dev vx0",
    ),
    "another remote is a live change": Story(
        "vx0: {kind: vxlan, vni: 10, remote: 192.0.2.2}",
        "vxlan vx0 vni=10 remote=192.0.2.1",
        "link vx0",
        "set vxlan vx0 remote",
    ),
    "a link made again takes its ports back, foreign ones too": Story(
        "br0: {kind: bridge}",
        "bond br0; tap tap0 port_of=br0; nic eno1 port_of=br0",
        "link br0",
        "set tun tap0 up; set link eno1 up; set tun tap0 master; set link eno1 master; "
        "delete bridge br0; create bridge br0; set tun tap0 master; set link eno1 master; "
        "set tun tap0 up; set link eno1 up",
    ),
    "a VXLAN that moves to another device gets the MTU that this one has room for": Story(
        "eno1: {}, vx0: {kind: vxlan, vni: 20, dev: eno1}",
        "nic eno1; vxlan vx0 vni=10",
        "link vx0",
        "delete vxlan vx0; create vxlan vx0",
    ),
    "a bridge keeps its MTU against its ports": Story(
        "eno1: {}, br0: {kind: bridge, mtu: 9000, ports: [eno1]}",
        "nic eno1",
        "",
        "create bridge br0; set link eno1 master; set bridge br0 mtu",
    ),
    "and needs no telling where its ports agree": Story(
        "eno1: {mtu: 9000}, br0: {kind: bridge, mtu: 9000, ports: [eno1]}",
        "nic eno1",
        "",
        "create bridge br0; set link eno1 master,mtu",
    ),
    "a rule's successor comes before it goes": Story(
        "{rules: [{priority: 100, from: 10.0.0.0/24, table: 101}]}",
        "rule 100 src=10.0.0.0/24 table=100 by=110",
        "",
        "create rule 100 src 10.0.0.0/24 lookup 101; delete rule 100 src 10.0.0.0/24 lookup 100",
    ),
    "NAT comes last": Story(
        "{links: {br0: {kind: bridge, addresses: [10.0.0.1/24]}}, nat: [{masquerade: 10.0.0.0/24, out: eno1}],"
        " rules: [{priority: 100, from: 10.0.0.0/24, table: 100}], routes: [{to: 10.8.0.0/16, dev: br0}]}",
        "nat POSTROUTING -s 172.17.0.0/16 -j MASQUERADE",
        "",
        "create bridge br0; create address br0 10.0.0.1/24; create route 10.8.0.0/16 dev br0;"
        " create rule 100 src 10.0.0.0/24 lookup 100; create nat masquerade 10.0.0.0/24 out eno1",
    ),
    "a NAT rule comes in front of the next one of the file": Story(
        "{nat: [{masquerade: 10.1.0.0/24, out: e}, {masquerade: 10.2.0.0/24, out: e}]}",
        "nat POSTROUTING -s 10.2.0.0/24 -o e -m comment --comment 'netapply: masquerade 10.2.0.0/24 out e'"
        " -j MASQUERADE",
        "",
        "create nat masquerade 10.1.0.0/24 out e",
    ),
    "the daemon's route is enough where it leads the same way": Story(
        "{links: {eno1: {}}, routes: [{to: 10.8.0.0/16, dev: eno1}]}",
        "nic eno1; address eno1 10.0.0.1/24; route 10.8.0.0/16 dev eno1 by bgp",
        "",
        "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STORIES)
def test_story(name: str) -> None:
    story = STORIES[name]
    desired = with_devices(loads(yaml_of(story.desired), "a.yaml"))
    kernel, mine = host(story.observed.replace("'", '"')), owned(story.owned)
    parameters = [key[1] for key in (*desired.resources, *mine.set_here) if key[0] == "sysctl"]
    plan = make_plan(desired, kernel.observe(parameters), mine)
    assert deeds_of(plan) == story.operations


@pytest.mark.parametrize("name", STORIES)
def test_the_model_carries_the_story_out(name: str) -> None:
    """What the story tells is no fiction: the operations work, in this order."""
    story = STORIES[name]
    desired = with_devices(loads(yaml_of(story.desired), "a.yaml"))
    kernel, mine = host(story.observed.replace("'", '"')), owned(story.owned)
    parameters = [key[1] for key in desired.resources if key[0] == "sysctl"]
    for group in make_plan(desired, kernel.observe(parameters), mine).batches():
        kernel.run(group)
    assert deeds_of(make_plan(desired, kernel.observe(parameters), mine)) == ""
