"""The socket itself: dumps that race with changes, refusals in the middle of thousands, answers that do not fit."""

from __future__ import annotations

import errno
import socket
import struct
import threading
from collections.abc import Callable, Iterator

import pytest

from integration.test_contract_engine import Engine, at_work
from netapply.errors import KernelError
from netapply.kernel import routes, rules
from netapply.kernel.addresses import IFADDRMSG, encode_address, read_addresses
from netapply.kernel.links import IFINFOMSG, read_links
from netapply.kernel.namespace import entered
from netapply.kernel.netlink import DUMP_TRIES, SEND_AT_ONCE, Netlink
from netapply.kernel.wire import message as m
from netapply.kernel.wire.definitions import LINK, ROUTE
from netapply.lab import Lab
from netapply.model.route import Nexthop, route_key
from netapply.plan import Operation
from netapply.plan.plan import Phase, Verb

LO = {"lo": 1}
NOWHERE = 2**31 - 1
"""An ifindex that no device has."""
MANY = 900
"""Addresses that no single answer can hold: the kernel gives at most 32 KiB at once."""
IFLA_IFALIAS = LINK["IFLA_IFALIAS"][0]


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Lab() as lab, at_work(lab.host("near")) as engine:
        yield engine


def address(number: int, verb: Verb = Verb.CREATE) -> bytearray:
    """A message that adds (or deletes) one of many addresses of lo."""
    key = ("address", "lo", f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}/32")
    return encode_address(Operation(verb, key, "address", Phase.ADDRESS), LO)[0]


def alias(text: str, index: int = 1) -> bytearray:
    """A message that any number of times may be sent; refused where there is no such device."""
    return m.message(m.RTM_NEWLINK, 0, IFINFOMSG.pack(0, 0, index, 0, 0) + m.attribute(IFLA_IFALIAS, text.encode()))


def nowhere(number: int) -> bytearray:
    """A message that adds a route through a gateway which nobody knows."""
    key = route_key("inet", 254, "198.51.100.0/24", number, 0)
    wish = {"nexthops": (Nexthop("203.0.113.1"),)}
    return routes.encode_route(Operation(Verb.CREATE, key, "route", Phase.ROUTE, wish), LO)[0]


def names_on_lo(netlink: Netlink) -> list[str]:
    return [item.name for item in read_addresses(netlink, {1: "lo"}) if item.name.startswith("10.")]


class Disturbed(Netlink):
    """A socket during whose dumps the network changes, before each answer is fetched."""

    def __init__(self, change: Callable[[], None], times: int) -> None:
        super().__init__()
        self._change, self.left, self.requests = change, times, 0

    def _say(self, data: bytes) -> None:
        self.requests += 1
        super()._say(data)

    def _hear(self) -> bytes:
        if self.left:
            self.left -= 1
            self._change()
        return super()._hear()


def test_a_dump_that_raced_with_a_change_is_taken_again(engine: Engine) -> None:
    """The kernel marks it (NLM_F_DUMP_INTR), and it may lack what was there all the time."""
    with engine.netapply.session() as session:
        assert session.netlink.transact([address(number) for number in range(MANY)]) == []
        present = names_on_lo(session.netlink)

        def change() -> None:
            session.netlink.transact([address(1000), address(1000, Verb.DELETE)])

        with Disturbed(change, times=3) as disturbed:
            seen = names_on_lo(disturbed)
            assert 1 < disturbed.requests < DUMP_TRIES
        assert seen == present
        assert len(seen) == MANY


def test_a_dump_that_races_every_time_is_given_up(engine: Engine) -> None:
    with engine.netapply.session() as session:
        session.netlink.transact([address(number) for number in range(MANY)])

        def change() -> None:
            session.netlink.transact([address(1000), address(1000, Verb.DELETE)])

        disturbed = Disturbed(change, times=10**6)
        with disturbed, pytest.raises(KernelError, match="it changed during") as failed:
            names_on_lo(disturbed)
        assert failed.value.code == errno.EAGAIN
        assert disturbed.requests == DUMP_TRIES
        assert len(names_on_lo(session.netlink)) == MANY


def test_what_stays_is_in_every_dump_while_the_rest_comes_and_goes(engine: Engine) -> None:
    """Real concurrency: another thread changes the namespace as fast as it can, for a bounded number of rounds."""
    stop = threading.Event()
    rounds = [0]

    def disturb() -> None:
        with entered(engine.host.netns), Netlink() as netlink:
            while not stop.is_set() and rounds[0] < 20_000:
                number = 1000 + rounds[0] % 50
                netlink.transact([address(number)])
                netlink.transact([address(number, Verb.DELETE)])
                rounds[0] += 1

    with engine.netapply.session() as session:
        session.netlink.transact([address(number) for number in range(200)])
        stays = set(names_on_lo(session.netlink))
        thread = threading.Thread(target=disturb)
        thread.start()
        try:
            dumps = [dump_or_none(session.netlink) for _ in range(60)]
        finally:
            stop.set()
            thread.join(timeout=30)
    whole = [dump for dump in dumps if dump is not None]
    assert rounds[0] > 10
    assert len(whole) > 10
    for dump in whole:
        assert stays <= set(dump)
        assert len(dump) == len(set(dump))


def dump_or_none(netlink: Netlink) -> list[str] | None:
    """A dump; None where it was disturbed too often, which says so and is no wrong answer."""
    try:
        return names_on_lo(netlink)
    except KernelError as error:
        if error.code != errno.EAGAIN:
            raise
        return None


def test_a_refusal_in_the_middle_is_that_messages_own(engine: Engine) -> None:
    """With the kernel's words, where it has some; everything around it has been carried out."""
    places = {0: errno.ENETUNREACH, 17: errno.EEXIST, 18: errno.ENETUNREACH, 250: errno.EEXIST, 499: errno.ENETUNREACH}
    messages = [address(number) for number in range(500)]
    for place, code in places.items():
        messages[place] = address(1000) if code == errno.EEXIST else nowhere(place)
    with engine.netapply.session() as session:
        session.netlink.transact([address(1000)])
        refusals = session.netlink.transact(messages)
        assert {refusal.number: refusal.code for refusal in refusals} == places
        words = {refusal.ack for refusal in refusals if refusal.code == errno.ENETUNREACH}
        assert words == {"Nexthop has invalid gateway"}
        assert len(names_on_lo(session.netlink)) == 500 - len(places) + 1


def test_two_thousand_changes_are_one_batch(engine: Engine) -> None:
    with engine.netapply.session() as session:
        assert session.netlink.transact([address(number) for number in range(2000)]) == []
        (lo,) = engine.ip("address", "show", "dev", "lo")
        assert sum(info["local"].startswith("10.") for info in lo["addr_info"]) == 2000
        assert session.netlink.transact([address(number, Verb.DELETE) for number in range(2000)]) == []
        assert names_on_lo(session.netlink) == []


def test_numbers_of_refusals_count_through_several_sends(engine: Engine) -> None:
    messages = [alias(f"{number:255}") for number in range(4000)]
    assert sum(map(len, messages)) > 2 * SEND_AT_ONCE
    wrong = [0, 1, 1999, 2500, 3998]
    for place in wrong:
        messages[place] = alias("nobody", NOWHERE)
    with engine.netapply.session() as session:
        refusals = session.netlink.transact(messages)
        assert [(refusal.number, refusal.code) for refusal in refusals] == [(place, errno.ENODEV) for place in wrong]
        (lo,) = (link for link in read_links(session.netlink).resources if link.name == "lo")
    assert lo.attributes["alias"] == f"{3999:255}"


def test_one_message_may_be_larger_than_a_send(engine: Engine) -> None:
    """It goes alone; the kernel looks at the attributes it knows and at no others."""
    padding = m.attribute(0, b"\0" * 60_000) * 10
    large = m.message(m.RTM_NEWLINK, 0, IFINFOMSG.pack(0, 0, NOWHERE, 0, 0) + padding)
    assert len(large) > SEND_AT_ONCE
    with engine.netapply.session() as session:
        refusals = session.netlink.transact([alias("before"), large, alias("after")])
        assert [(refusal.number, refusal.code) for refusal in refusals] == [(1, errno.ENODEV)]
    assert engine.ip_link("lo")["ifalias"] == "after"


def test_twenty_thousand_refusals_all_come_back(engine: Engine) -> None:
    """Errors are answered asked or not: a full send of nothing else must fit into the receive buffer."""
    messages = [m.message(m.RTM_DELLINK, 0, IFINFOMSG.pack(0, 0, NOWHERE, 0, 0)) for _ in range(20_000)]
    with engine.netapply.session() as session:
        refusals = session.netlink.transact(messages)
    assert [refusal.number for refusal in refusals] == list(range(20_000))
    assert {refusal.code for refusal in refusals} == {errno.ENODEV}


def test_answers_that_do_not_fit_are_an_error_and_the_socket_lives_on(engine: Engine) -> None:
    with engine.netapply.session() as session:
        session.netlink._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        messages = [alias("nobody", NOWHERE) for _ in range(500)]
        with pytest.raises(KernelError, match=r"cannot talk to the kernel: No buffer space available \(ENOBUFS\)"):
            session.netlink.transact(messages)
        assert [link.name for link in read_links(session.netlink).resources] == ["lo"]
        assert session.netlink.transact([alias("fine")]) == []
        (refusal,) = session.netlink.transact([alias("nobody", NOWHERE)])
        assert (refusal.number, refusal.code) == (0, errno.ENODEV)


def test_an_answer_that_does_not_come_is_an_error(engine: Engine) -> None:
    with engine.netapply.session() as session:
        session.netlink._socket.settimeout(0.01)
        with pytest.raises(KernelError, match="ETIMEDOUT"):
            session.netlink._hear()
        assert [link.name for link in read_links(session.netlink).resources] == ["lo"]


def test_a_dump_that_breaks_off_is_no_short_dump(engine: Engine) -> None:
    """Its error stands in the message that ends it."""
    table = m.attribute(ROUTE["RTA_TABLE"][0], struct.pack("=I", 7777))
    unknown_table = routes.RTMSG.pack(2, 0, 0, 0, 0, 0, 0, 0, 0) + table
    with engine.netapply.session() as session:
        with pytest.raises(KernelError, match=r"ENOENT.*FIB table does not exist"):
            session.netlink.dump(m.RTM_GETROUTE, unknown_table)
        with pytest.raises(KernelError, match="EINVAL"):
            session.netlink.dump(m.RTM_GETADDR, IFADDRMSG.pack(0, 99, 0, 0, 0))


def test_a_kernel_without_a_family_has_nothing_of_it(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with ipv6.disable=1: rules are refused, and a dump of routes gives those of every other family."""
    without = {"inet": 2, "appletalk": 5}
    with engine.netapply.session() as session:
        present = [route.key for route in routes.read_routes(session.netlink, {1: "lo"})]
        engine.by_hand("route", "add", "10.0.0.0/8", "dev", "lo")
        monkeypatch.setattr(rules, "FAMILY", without)
        monkeypatch.setattr(routes, "FAMILY", without)
        assert {rule.key[1] for rule in rules.read_rules(session.netlink)} == {"inet"}
        added = [route.key for route in routes.read_routes(session.netlink, {1: "lo"}) if route.key not in present]
        assert added == [("route", "inet", "254", "10.0.0.0/8", "0", "0")]


def test_a_namespace_is_told_from_a_later_one_of_its_name() -> None:
    cookies = []
    for _ in range(2):
        with Lab("cookies") as lab, at_work(lab.host("near")) as engine:
            for _ in range(2):
                with engine.netapply.session() as session:
                    cookies.append(session.netlink.namespace_cookie)
    assert cookies[0] == cookies[1] != cookies[2] == cookies[3]
    assert 0 not in cookies
