"""The lab on the real kernel: what is built works, what is asked is answered truly, nothing stays behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from scapy.layers.inet import ICMP, TCP
from scapy.layers.l2 import ARP, Dot1AD

from netapply.lab import Guest, Host, Lab, LabError, Tag, capture, ping, tags, traffic


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab() as opened:
        yield opened


def bridged_pair(lab: Lab) -> tuple[Host, Guest, Guest]:
    """Two guests on one bridge."""
    pve1 = lab.host("pve1")
    pve1.run(["ip", "link", "add", "vmbr0", "up", "type", "bridge", "forward_delay", "0"])
    left = lab.guest(pve1, "tap100i0", address=["10.0.0.1/24", "2001:db8::1/64"], master="vmbr0")
    right = lab.guest(pve1, "tap101i0", address=["10.0.0.2/24", "2001:db8::2/64"], master="vmbr0")
    return pve1, left, right


def routed_pair(lab: Lab, *, far_mtu: int = 1500) -> tuple[Host, Host, Host]:
    """A client and a server behind a router; the server's cable may be narrower."""
    client, router, server = lab.host("client"), lab.host("router", forward=True), lab.host("server")
    lab.cable(router, "eth0", client, "eth0")
    lab.cable(router, "eth1", server, "eth0", mtu=far_mtu)
    for number, end in enumerate((client, server)):
        router.add_address(f"10.0.{number}.1/24", f"eth{number}")
        router.add_address(f"2001:db8:{number}::1/64", f"eth{number}")
        end.add_address(f"10.0.{number}.2/24", "eth0")
        end.add_address(f"2001:db8:{number}::2/64", "eth0")
        end.add_route("default", via=f"10.0.{number}.1")
        end.add_route("default", via=f"2001:db8:{number}::1")
    return client, router, server


class TestPing:
    def test_neighbours_answer_across_a_bridge_with_their_own_mac(self, lab: Lab) -> None:
        _, left, right = bridged_pair(lab)
        for reply in (ping.arp(left, "eth0", "10.0.0.2"), ping.ndp(left, "eth0", "2001:db8::2")):
            assert isinstance(reply, ping.Reply)
            assert reply.mac == right.mac("eth0")
            assert 0 < reply.rtt_seconds < 1

    def test_nobody_answers_for_a_free_address_and_the_deadline_holds(self, lab: Lab) -> None:
        _, left, _ = bridged_pair(lab)
        begun = time.monotonic()
        assert ping.arp(left, "eth0", "10.0.0.99", timeout=0.2) is None
        assert ping.icmpv6(left, "2001:db8::99", timeout=0.2) is None
        assert ping.tcp(left, "10.0.0.99", 80, timeout=0.2) is None
        assert time.monotonic() - begun < 1.5

    def test_the_tap_carries_the_traffic(self, lab: Lab) -> None:
        pve1, left, right = bridged_pair(lab)
        assert set(pve1.interfaces()) >= {"lo", "vmbr0", left.tap, right.tap}
        assert ping.icmp(left, "10.0.0.2")
        pve1.set_link(right.tap, up=False)
        assert not ping.icmp(left, "10.0.0.2", timeout=0.2)

    def test_echoes_cross_a_router_and_lose_one_hop(self, lab: Lab) -> None:
        client, router, _ = routed_pair(lab)
        for reply in (ping.icmp(client, "10.0.1.2"), ping.icmpv6(client, "2001:db8:1::2")):
            assert isinstance(reply, ping.Reply)
            assert (reply.ttl, reply.mac) == (63, router.mac("eth0"))

    def test_a_router_refuses_by_name(self, lab: Lab) -> None:
        client, _, _ = routed_pair(lab)
        assert ping.icmp(client, "10.0.1.2", ttl=1) == ping.Refusal("time exceeded", "10.0.0.1")
        expired = ping.icmpv6(client, "2001:db8:1::2", hop_limit=1)
        assert expired == ping.Refusal("time exceeded", "2001:db8::1")
        assert ping.icmp(client, "10.9.9.9") == ping.Refusal("network unreachable", "10.0.0.1")

    def test_without_a_route_the_host_itself_refuses(self, lab: Lab) -> None:
        alone = lab.host("alone")
        assert ping.icmp(alone, "10.0.0.1") == ping.Refusal("Network is unreachable")
        assert ping.tcp(alone, "10.0.0.1", 80) == ping.State.UNREACHABLE

    def test_a_narrow_path_refuses_what_may_not_be_cut(self, lab: Lab) -> None:
        client, _, _ = routed_pair(lab, far_mtu=1400)
        assert ping.icmp(client, "10.0.1.2", size=1372, dont_fragment=True)
        refused = ping.icmp(client, "10.0.1.2", size=1373, dont_fragment=True)
        assert refused == ping.Refusal("packet too big, fragmentation needed", "10.0.0.1", 1400)
        assert ping.icmpv6(client, "2001:db8:1::2", size=1352)
        refused = ping.icmpv6(client, "2001:db8:1::2", size=1353)
        assert refused == ping.Refusal("packet too big", "2001:db8::1", 1400)

    def test_the_own_interface_refuses_what_may_not_be_cut(self, lab: Lab) -> None:
        client, _, _ = routed_pair(lab)
        refused = ping.icmp(client, "10.0.1.2", size=1473, dont_fragment=True)
        assert isinstance(refused, ping.Refusal)
        assert (refused.address, refused.mtu) == (None, 1500)

    @pytest.mark.parametrize("size", [0, 1373, 1473, 9000, 65507])
    def test_large_packets_cross_in_fragments(self, lab: Lab, size: int) -> None:
        client, _, _ = routed_pair(lab, far_mtu=1400)
        assert ping.icmp(client, "10.0.1.2", size=size)

    def test_tcp_ports_are_open_refused_or_silent(self, lab: Lab) -> None:
        client, router, server = routed_pair(lab)
        with server.listen_tcp(80), server.listen_tcp(80, "2001:db8:1::2"):
            assert ping.tcp(client, "10.0.1.2", 80) == "open"
            assert ping.tcp(client, "2001:db8:1::2", 80) == "open"
        assert ping.tcp(client, "10.0.1.2", 80) == "refused"
        assert ping.tcp(client, "2001:db8:1::2", 80) == "refused"
        router.run(["ip", "route", "add", "blackhole", "10.0.1.2/32"])
        assert ping.tcp(client, "10.0.1.2", 80, timeout=0.2) is None
        router.run(["ip", "route", "replace", "prohibit", "10.0.1.2/32"])
        assert ping.tcp(client, "10.0.1.2", 80) == "unreachable"

    def test_only_the_ping_itself_resets_its_connection(self, lab: Lab) -> None:
        client, _, server = routed_pair(lab)
        with (
            server.listen_tcp(80) as listener,
            capture.frames(server, "eth0", lambda packet: TCP in packet) as seen,
        ):
            assert ping.tcp(client, "10.0.1.2", 80) == "open"
            assert seen.wait_for(lambda packet: bool(packet[TCP].flags.R))
            time.sleep(0.05)  # the namespace's own RST, were there one, would come within this time
        assert [str(packet[TCP].flags) for packet in seen] == ["S", "R"]
        assert listener.peers == []

    def test_an_own_address_is_no_question_for_the_network(self, lab: Lab) -> None:
        _, left, _ = bridged_pair(lab)
        with pytest.raises(LabError, match=r"^cannot ping 10\.0\.0\.1 from .*a local address there"):
            ping.icmp(left, "10.0.0.1")

    def test_a_link_that_is_down_refuses(self, lab: Lab) -> None:
        _, left, _ = bridged_pair(lab)
        left.set_link("eth0", up=False)
        assert ping.arp(left, "eth0", "10.0.0.2") == ping.Refusal("eth0: Network is down")


class TestTags:
    def test_tagged_frames_arrive_with_their_tags(self, lab: Lab) -> None:
        near, far = lab.host("near"), lab.host("far")
        lab.cable(near, "eno1", far, "eth0")
        stacked = (Tag(20, "802.1ad"), Tag(100, priority=5))
        with capture.frames(far, "eth0", lambda packet: ARP in packet) as seen:
            assert ping.arp(near, "eno1", "10.0.0.2", vlan=100, timeout=0.1, attempts=1) is None
            assert ping.arp(near, "eno1", "10.0.0.2", vlan=(20, 100), timeout=0.1, attempts=1) is None
            assert ping.arp(near, "eno1", "10.0.0.2", vlan=stacked, timeout=0.1, attempts=1) is None
        assert [tags.read(bytes(packet)) for packet in seen] == [(Tag(100),), (Tag(20), Tag(100)), stacked]
        outer = list(seen)[2]
        assert (outer[Dot1AD].vlan, outer[Dot1AD].payload.vlan, outer[ARP].pdst) == (20, 100, "10.0.0.2")

    def test_an_untagged_answer_is_none_to_a_tagged_question(self, lab: Lab) -> None:
        near, far = lab.host("near"), lab.host("far")
        lab.cable(near, "eno1", far, "eth0")
        far.add_address("10.0.0.2/24", "eth0")
        assert ping.arp(near, "eno1", "10.0.0.2")
        assert ping.arp(near, "eno1", "10.0.0.2", vlan=100, timeout=0.1) is None

    def test_a_tagged_source_is_found_by_its_neighbours(self, lab: Lab) -> None:
        near, far = lab.host("near"), lab.host("far")
        lab.cable(near, "eno1", far, "eth0")
        lonely = threading.Thread(
            target=lambda: ping.icmp(near, "10.0.0.9", interface="eno1", source="10.0.0.1", vlan=100, timeout=1.0)
        )
        lonely.start()
        reply = ping.arp(far, "eth0", "10.0.0.1", vlan=100, timeout=0.8, attempts=8)
        assert isinstance(reply, ping.Reply)
        assert reply.mac == near.mac("eno1")
        assert ping.arp(far, "eth0", "10.0.0.1", vlan=200, timeout=0.1) is None
        lonely.join()


class TestCapture:
    def test_outgoing_frames_are_heard_only_when_asked_for(self, lab: Lab) -> None:
        _, left, right = bridged_pair(lab)
        with (
            capture.frames(right, "eth0", lambda packet: ICMP in packet) as arriving,
            capture.frames(right, "eth0", lambda packet: ICMP in packet, outgoing=True) as both,
        ):
            assert ping.icmp(left, "10.0.0.2")
        assert [packet[ICMP].type for packet in arriving] == [8]
        assert [packet[ICMP].type for packet in both] == [8, 0]
        assert (arriving.dropped, both.dropped) == (0, 0)

    def test_waiting_ends_with_the_frame_or_the_deadline(self, lab: Lab) -> None:
        _, left, right = bridged_pair(lab)
        with capture.frames(right, "eth0", lambda packet: ARP in packet) as seen:
            assert seen.wait_for(timeout=0.1) is None
            assert ping.arp(left, "eth0", "10.0.0.2")
            heard = seen.wait_for(lambda packet: packet[ARP].op == 1)
        assert heard is not None
        assert heard[ARP].psrc == "10.0.0.1"

    def test_a_condition_that_raises_raises_where_it_was_written(self, lab: Lab) -> None:
        _, left, right = bridged_pair(lab)
        with capture.frames(right, "eth0", lambda packet: ARP in packet) as seen:
            assert ping.arp(left, "eth0", "10.0.0.2")
            with pytest.raises(IndexError):
                seen.wait_for(lambda packet: bool(packet[TCP].flags))

    def test_a_link_may_go_down_and_come_back(self, lab: Lab) -> None:
        _, left, right = bridged_pair(lab)
        with capture.frames(right, "eth0", lambda packet: ICMP in packet) as seen:
            right.set_link("eth0", up=False)
            right.set_link("eth0", up=True)
            assert ping.icmp(left, "10.0.0.2")
            assert seen.wait_for()

    def test_an_interface_that_is_not_there_is_named_with_those_that_are(self, lab: Lab) -> None:
        alone = lab.host("alone")
        with (
            pytest.raises(LabError, match=r"cannot open eth9 in .*: No such device; interfaces there: lo"),
            capture.frames(alone, "eth9"),
        ):
            pass


class TestTraffic:
    @pytest.mark.parametrize("destination", ["10.0.0.2", "2001:db8::2"])
    def test_an_outage_is_counted(self, lab: Lab, destination: str) -> None:
        pve1, left, right = bridged_pair(lab)
        with traffic.pings(left, destination, interval=0.005) as flow:
            pve1.set_link(right.tap, up=False)
            time.sleep(0.1)
            pve1.set_link(right.tap, up=True)
            time.sleep(0.1)
        assert 0 < flow.lost < flow.sent
        assert 0.08 < flow.longest_outage_seconds < 1

    def test_a_quiet_time_loses_nothing(self, lab: Lab) -> None:
        _, left, _ = bridged_pair(lab)
        with traffic.pings(left, "10.0.0.2", interval=0.005) as flow:
            time.sleep(0.1)
        assert (flow.lost, flow.longest_outage_seconds) == (0, 0.0)
        assert flow.received >= 10

    def test_nothing_can_be_lost_where_nothing_came(self, lab: Lab) -> None:
        _, left, _ = bridged_pair(lab)
        with pytest.raises(LabError, match="none was answered"), traffic.pings(left, "10.0.0.99"):
            pass
