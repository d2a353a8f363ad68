"""What the pings make of packets, without a network: answers, refusals, fragments."""

from __future__ import annotations

import pytest
from scapy.layers.inet import ICMP, IP, TCP, ICMPerror, IPerror, TCPerror
from scapy.layers.inet6 import (
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6PacketTooBig,
    IPerror6,
    IPv6,
)
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet, Raw

from netapply.errors import LabError
from netapply.lab.host import Host
from netapply.lab.ping import Refusal, Reply, State, fragments, icmp, icmpv6, neighbour, refusals
from netapply.lab.ping.echo import Echo, Heard, outcome
from netapply.lab.ping.path import Path
from netapply.lab.ping.syn import Syn

HERE, THERE, ROUTER = "10.0.0.1", "10.0.1.2", "10.0.0.254"
OWN_MAC, ROUTER_MAC = "02:00:00:00:00:01", "02:00:00:00:00:fe"
PATH_4 = Path("eth0", HERE, THERE, ROUTER)
PATH_6 = Path("eth0", "2001:db8::1", "2001:db8:1::2", "fe80::1")


def received(packet: Packet) -> Packet:
    """The packet as a wire would bring it: built, and read again."""
    return Ether(bytes(Ether(src=ROUTER_MAC, dst=OWN_MAC) / packet))


def mirrored(request: Packet) -> Packet:
    """The reply of an honest host to an IPv4 echo request."""
    asked = request[ICMP]
    return (
        IP(src=THERE, dst=HERE, id=77, ttl=63)
        / ICMP(type="echo-reply", id=asked.id, seq=asked.seq)
        / Raw(bytes(asked.payload))
    )


class TestEcho:
    def test_an_honest_reply_is_heard(self) -> None:
        echo = Echo(PATH_4, size=56, dont_fragment=False, ttl=64)
        (request,) = echo.packets(1500)
        assert echo.answer(received(mirrored(request))) == Heard(THERE, ROUTER_MAC, 63)

    def test_an_honest_ipv6_reply_is_heard(self) -> None:
        echo = Echo(PATH_6, size=56, dont_fragment=True, ttl=64)
        (request,) = echo.packets(1500)
        asked = request[ICMPv6EchoRequest]
        reply = IPv6(src=PATH_6.destination, dst=PATH_6.source, hlim=63) / ICMPv6EchoReply(
            id=asked.id, seq=asked.seq, data=asked.data
        )
        assert echo.answer(received(reply)) == Heard(PATH_6.destination, ROUTER_MAC, 63)

    def test_another_pings_reply_and_a_damaged_one_are_not(self) -> None:
        echo = Echo(PATH_4, size=56, dont_fragment=False, ttl=64)
        (request,) = echo.packets(1500)
        other, damaged = mirrored(request), mirrored(request)
        other[ICMP].id ^= 1
        damaged[Raw].load = damaged[Raw].load[:-1] + b"?"
        assert [echo.answer(received(packet)) for packet in (request, other, damaged)] == [None, None, None]

    def test_fragments_fit_and_are_joined_again(self) -> None:
        echo = Echo(PATH_4, size=4000, dont_fragment=False, ttl=64)
        request = echo.packets(65535)[0]
        pieces = echo.packets(1400)
        assert [len(piece) <= 1400 for piece in pieces] == [True, True, True]
        assert [piece[IP].flags.MF for piece in pieces] == [True, True, False]
        reply = [received(piece) for piece in fragments.cut(mirrored(request), 1400)]
        for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0)):
            answers = [echo.answer(reply[number]) for number in order]
            assert answers == [None, None, Heard(THERE, ROUTER_MAC, 63)]

    def test_a_lost_fragment_is_no_reply(self) -> None:
        echo = Echo(PATH_4, size=4000, dont_fragment=False, ttl=64)
        reply = fragments.cut(mirrored(echo.packets(65535)[0]), 1400)
        assert [echo.answer(received(piece)) for piece in (reply[0], reply[2])] == [None, None]

    @pytest.mark.parametrize(("size", "mtu", "refused"), [(1472, 1500, False), (1473, 1500, True)])
    def test_the_own_mtu_is_kept(self, size: int, mtu: int, refused: bool) -> None:
        strict = Echo(PATH_4, size=size, dont_fragment=True, ttl=64).too_long(mtu)
        assert (strict is not None) is refused
        assert Echo(PATH_4, size=size, dont_fragment=False, ttl=64).too_long(mtu) is None

    def test_what_a_caller_gets(self) -> None:
        assert outcome(None) is None
        assert outcome((Refusal("no"), 0.1)) == Refusal("no")
        assert outcome((Heard(THERE, ROUTER_MAC, 63), 0.1)) == Reply(THERE, ROUTER_MAC, 0.1, 63)
        assert not Refusal("no")

    @pytest.mark.parametrize("size", [-1, 65508])
    def test_a_size_that_fits_no_packet_is_refused(self, size: int) -> None:
        with pytest.raises(LabError, match=f"cannot ping with {size} bytes"):
            Echo(PATH_4, size=size, dont_fragment=False, ttl=64)


class TestRefusals:
    def test_a_router_names_the_mtu(self) -> None:
        quoted = IPerror(src=HERE, dst=THERE) / ICMPerror(type=8, id=7)
        packet = received(IP(src=ROUTER, dst=HERE) / ICMP(type=3, code=4, nexthopmtu=1400) / quoted)
        expected = Refusal("packet too big, fragmentation needed", ROUTER, 1400)
        assert refusals.read(packet, THERE, 7) == expected
        assert refusals.read(packet, THERE, 8) is None
        assert refusals.read(packet, "10.0.1.3", 7) is None

    def test_an_ipv6_router_names_the_mtu(self) -> None:
        quoted = IPerror6(src=PATH_6.source, dst=PATH_6.destination) / ICMPv6EchoRequest(id=7)
        packet = received(IPv6(src="2001:db8::fe", dst=PATH_6.source) / ICMPv6PacketTooBig(mtu=1280) / quoted)
        assert refusals.read(packet, PATH_6.destination, 7) == Refusal("packet too big", "2001:db8::fe", 1280)
        assert refusals.read(packet, PATH_6.destination, 8) is None

    def test_a_code_without_a_name_keeps_its_number(self) -> None:
        quoted = IPerror(src=HERE, dst=THERE) / TCPerror(sport=7)
        packet = received(IP(src=ROUTER, dst=HERE) / ICMP(type=3, code=12) / quoted)
        assert refusals.read(packet, THERE, 7) == Refusal("unreachable, code 12", ROUTER)


class TestSyn:
    def segment(self, syn: Syn, flags: str, off_by: int = 0) -> Packet:
        asked = syn.request()[TCP]
        return received(
            IP(src=THERE, dst=HERE)
            / TCP(sport=80, dport=asked.sport, flags=flags, ack=(asked.seq + 1 + off_by) % 2**32)
        )

    def test_flags_tell_the_state(self) -> None:
        syn = Syn(PATH_4, 80, 50000)
        assert syn.answer(self.segment(syn, "SA")) is State.OPEN
        assert syn.answer(self.segment(syn, "RA")) is State.REFUSED
        assert syn.answer(self.segment(syn, "A")) is None

    def test_another_connections_segment_says_nothing(self) -> None:
        syn = Syn(PATH_4, 80, 50000)
        assert syn.answer(self.segment(syn, "SA", off_by=1)) is None
        assert syn.answer(self.segment(Syn(PATH_4, 80, 50001), "SA")) is None

    @pytest.mark.parametrize(("code", "state"), [(3, State.REFUSED), (13, State.UNREACHABLE)])
    def test_a_rejecting_firewall_is_understood(self, code: int, state: State) -> None:
        quoted = IPerror(src=HERE, dst=THERE) / TCPerror(sport=50000, dport=80)
        packet = received(IP(src=ROUTER, dst=HERE) / ICMP(type=3, code=code) / quoted)
        assert Syn(PATH_4, 80, 50000).answer(packet) is state

    def test_the_reset_belongs_to_the_handshake(self) -> None:
        syn = Syn(PATH_4, 80, 50000)
        assert (syn.reset()[TCP].seq - syn.request()[TCP].seq) % 2**32 == 1


class TestNeighbour:
    def test_a_question_for_the_address_is_answered(self) -> None:
        asked = received(ARP(op="who-has", hwsrc=ROUTER_MAC, psrc=ROUTER, pdst=HERE))
        answer = neighbour.answer(asked, HERE, OWN_MAC)
        assert answer is not None
        said = answer[ARP]
        assert (said.op, said.hwsrc, said.psrc, said.hwdst, said.pdst) == (
            2, OWN_MAC, HERE, ROUTER_MAC, ROUTER,
        )  # fmt: skip
        assert neighbour.answer(asked, THERE, OWN_MAC) is None

    def test_a_solicitation_for_the_address_is_answered(self) -> None:
        asked = received(IPv6(src="fe80::fe", dst="ff02::1:ff00:1") / ICMPv6ND_NS(tgt=PATH_6.source))
        answer = neighbour.answer(asked, PATH_6.source, OWN_MAC)
        assert answer is not None
        assert (answer[IPv6].dst, answer[IPv6].hlim, answer[ICMPv6ND_NA].tgt) == (
            "fe80::fe", 255, PATH_6.source,
        )  # fmt: skip
        assert neighbour.answer(asked, PATH_6.destination, OWN_MAC) is None

    def test_a_search_for_duplicates_is_not_answered(self) -> None:
        asked = received(IPv6(src="::", dst="ff02::1:ff00:1") / ICMPv6ND_NS(tgt=PATH_6.source))
        assert neighbour.answer(asked, PATH_6.source, OWN_MAC) is None


def test_a_question_names_the_function_that_fits_its_address() -> None:
    host = Host("pve1", "demo-pve1")
    with pytest.raises(LabError, match=r"it is an IPv6 address; use ping\.icmpv6"):
        icmp(host, "2001:db8::1")
    with pytest.raises(LabError, match=r"it is an IPv4 address; use ping\.icmp$"):
        icmpv6(host, HERE)
