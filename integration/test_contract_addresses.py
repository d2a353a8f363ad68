"""The contract for addresses: every row is set, read back, changed by the plan that an undo makes, and gone.

A file says no more of an address than the address; the rows are what an undo must put back. So these
tests go in by the same door: resources with all their attributes, planned and sent.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import pairwise, permutations
from typing import Any

import pytest

from integration.test_contract_engine import Engine, at_work
from integration.test_observe_links import address_of
from netapply.families import same
from netapply.kernel.addresses import encode_address
from netapply.kernel.wire import message as m
from netapply.lab import Lab
from netapply.model.address import Address
from netapply.model.addressing import FOREVER
from netapply.model.attribute import Change, Value, table_of
from netapply.model.resource import Key, Resource
from netapply.model.route import PROTOCOL
from netapply.plan import Action, Operation
from netapply.plan.plan import Phase, Verb
from netapply.show import document

Json = Any
LINK = "eno1"
ADDRESS = {"inet": "192.0.2.1/24", "inet6": "2001:db8::1/64"}

SAMPLES: dict[tuple[str, str], tuple[Value, ...]] = {
    ("inet", "peer"): (None, "192.0.2.9", "192.0.2.10"),
    ("inet", "broadcast"): (None, "192.0.2.255", "192.0.2.127"),
    ("inet", "label"): (None, f"{LINK}:1", f"{LINK}:web"),
    ("inet", "metric"): (None, 1, 2**32 - 1),
    ("inet", "scope"): ("global", "site", "link", "host", "nowhere", "7"),
    ("inet", "flags"): ((), ("noprefixroute",)),
    ("inet", "protocol"): (0, 4, 255),
    ("inet", "lifetimes"): (None, (600, 1200), (0, FOREVER), (0, 1200)),
    ("inet6", "peer"): (None, "2001:db8::9"),
    ("inet6", "metric"): (None, 1, 2**32 - 1),
    ("inet6", "flags"): ((), ("nodad",), ("home", "noprefixroute"), ("nodad", "mngtmpaddr")),
    ("inet6", "protocol"): (0, 4, 255),
    ("inet6", "lifetimes"): (None, (600, 1200), (0, FOREVER), (0, 1200), (600, FOREVER)),
}
NOT_IN_IPV6 = {"broadcast", "label", "scope"}
"""IPv6 has no broadcast and no labels, and the kernel computes the scope from the address."""
BY_ORDER = {"secondary"}
"""Not set but earned: the second address of a subnet has it."""
NEGOTIABLE = {
    ("inet", "metric"), ("inet", "protocol"), ("inet6", "metric"), ("inet6", "protocol"), ("inet6", "flags"),
    ("inet6", "peer"), ("inet", "lifetimes"), ("inet6", "lifetimes"),
}  # fmt: skip
"""What RTM_NEWADDR with NLM_F_REPLACE does change, some of it only one way, some not on Linux 6.1. Everything
else it ignores and says yes, so an address changes by leaving and coming back."""

BY_IP = {"peer", "broadcast", "label", "metric", "scope", "flags", "secondary", "lifetimes"}
"""Rows that iproute2 shows; the protocol it shows only since 6.4."""

CASES = [pytest.param(*case, id="-".join(case)) for case in SAMPLES]


@pytest.fixture(scope="module")
def stage() -> Iterator[Engine]:
    with Lab() as lab:
        near = lab.host("near")
        lab.cable(near, LINK, lab.host("far"), "eth0")
        with at_work(near) as engine:
            yield engine


@pytest.fixture
def engine(stage: Engine) -> Iterator[Engine]:
    yield stage
    for family in ("-4", "-6"):
        stage.by_hand(family, "address", "flush", "dev", LINK, "scope", "global")


def operation(verb: Verb, key: Key, **attributes: Value) -> Operation:
    return Operation(verb, key, "address", Phase.ADDRESS, attributes)


def shown(engine: Engine) -> list[Json]:
    """The addresses of the link as iproute2 says them."""
    (link,) = engine.ip("-N", "address", "show", "dev", LINK)
    return [info for info in link["addr_info"] if info]


def look(engine: Engine, key: Key, row: str) -> Value:
    """The row's value by netapply's reader, once iproute2 has said the same; a lease's rounded to its begin."""
    value = engine.seen(key).attributes[row]
    (info,) = (info for info in shown(engine) if f"{info['local']}/{info['prefixlen']}" == key[2])
    assert row not in BY_IP or same(row, address_of(LINK, info)[row], value)
    return tuple(map(begun, value)) if row == "lifetimes" and value else value


def begun(seconds: int) -> int:
    """What a lifetime began with."""
    return seconds if seconds == FOREVER else -(-seconds // 600) * 600


def test_every_row_is_in_the_contract() -> None:
    table = set(table_of(Address).rows)
    assert {row for _, row in SAMPLES} | BY_ORDER == table
    assert {row for family, row in SAMPLES if family == "inet6"} | NOT_IN_IPV6 | BY_ORDER == table
    assert BY_IP | {"protocol"} == table
    changes = {row.attribute: row.change for row in table_of(Address)}
    assert changes.pop("lifetimes") is Change.LIVE
    assert set(changes.values()) == {Change.RECREATE}


@pytest.mark.parametrize(("family", "row"), CASES)
def test_an_address_is_made_with_it_and_goes_with_it(engine: Engine, family: str, row: str) -> None:
    key = ("address", LINK, ADDRESS[family])
    for value in SAMPLES[family, row]:
        engine.operate(operation(Verb.CREATE, key, **({row: value} if value is not None else {})))
        assert look(engine, key, row) == value
        engine.operate(operation(Verb.DELETE, key, **engine.seen(key).attributes))
        assert engine.observed().get(key) is None


@pytest.mark.parametrize(("family", "row"), CASES)
def test_an_undo_gives_it_back(engine: Engine, family: str, row: str) -> None:
    """The plan takes the address away and adds it again, with this row changed and every other one kept."""
    key = ("address", LINK, ADDRESS[family])
    engine.operate(operation(Verb.CREATE, key))
    untouched = engine.seen(key).attributes
    for value in (*SAMPLES[family, row], SAMPLES[family, row][0]):
        engine.restore(Resource(key, "address", {**untouched, row: value}))
        assert look(engine, key, row) == value
        assert {**engine.seen(key).attributes, row: value} == {**untouched, row: value}


@pytest.mark.parametrize(("family", "row"), CASES)
def test_the_kernel_would_not_change_it_in_place(engine: Engine, family: str, row: str) -> None:
    """NLM_F_REPLACE on an address that is there: the silent yes that netapply does not rely on."""
    key = ("address", LINK, ADDRESS[family])
    changed = False
    for before, after in permutations(SAMPLES[family, row], 2):
        engine.restore(Resource(key, "address", {**dict.fromkeys(BY_IP), "flags": (), "scope": "global",
                                                 "secondary": False, "protocol": 4, row: before}))  # fmt: skip
        replace(engine, operation(Verb.CREATE, key, **{"protocol": 4, row: after}))
        changed = changed or look(engine, key, row) != before
    assert not changed or (family, row) in NEGOTIABLE


def replace(engine: Engine, wish: Operation) -> None:
    """Send the message for a creation as a replacement."""
    (message,) = encode_address(wish, engine.observed().indexes)
    struct.pack_into("=H", message, 6, m.NLM_F_REQUEST | m.NLM_F_REPLACE)
    with engine.netapply.session() as session:
        assert session.netlink.transact([message]) == []


IN_FILES: dict[tuple[str, str], tuple[tuple[Json, Value], ...]] = {
    ("inet", "peer"): (({"peer": "192.0.2.9"}, "192.0.2.9"), ({"peer": "198.51.100.9"}, "198.51.100.9")),
    ("inet", "broadcast"): (({"broadcast": "auto"}, "192.0.2.255"), ({"broadcast": "192.0.2.127"}, "192.0.2.127")),
    ("inet", "label"): (({"label": f"{LINK}:1"}, f"{LINK}:1"), ({"label": f"{LINK}:web"}, f"{LINK}:web")),
    ("inet", "metric"): (({"metric": 1}, 1), ({"metric": 2**32 - 1}, 2**32 - 1)),
    ("inet", "scope"): (({"scope": "link"}, "link"), ({"scope": 7}, "7"), ({"scope": "nowhere"}, "nowhere")),
    ("inet", "flags"): (({"noprefixroute": True}, ("noprefixroute",)), ({"noprefixroute": False}, ())),
    ("inet", "lifetimes"): (
        ({"valid": "20min", "preferred": 600}, (600, 1200)), ({"preferred": 0}, (0, FOREVER)),
        ({"valid": "forever", "preferred": "forever"}, None),
    ),
    ("inet6", "peer"): (({"peer": "2001:db8::9"}, "2001:db8::9"), ({"peer": "2001:db8::a"}, "2001:db8::a")),
    ("inet6", "metric"): (({"metric": 1}, 1), ({"metric": 2**32 - 1}, 2**32 - 1)),
    ("inet6", "flags"): (
        ({"nodad": True}, ("nodad",)), ({"home": True, "noprefixroute": True}, ("home", "noprefixroute")),
        ({"mngtmpaddr": True}, ("mngtmpaddr",)),
    ),
    ("inet6", "lifetimes"): (
        ({"valid": 1200, "preferred": 600}, (600, 1200)), ({"preferred": 600}, (600, FOREVER)),
        ({"preferred": 0}, (0, FOREVER)),
    ),
}  # fmt: skip
"""By family and row: what a file says, and what the kernel then has."""


def file_of(family: str, said: Json) -> Json:
    """A file with one address, written as a mapping where it says more; and one that must not notice."""
    text = ADDRESS[family]
    return {LINK: {"addresses": [{"address": text, **said} if said else text, "203.0.113.1/24"]}}


def test_a_file_can_say_every_row() -> None:
    assert {*IN_FILES, ("inet", "protocol"), ("inet6", "protocol")} == set(SAMPLES)


@pytest.mark.parametrize(("family", "row"), list(IN_FILES), ids=["-".join(case) for case in IN_FILES])
def test_a_file_says_it_changes_it_and_drops_it(engine: Engine, family: str, row: str) -> None:
    """Made with it, changed to each other value (lifetimes in place), returned to what a plain address has."""
    key = ("address", LINK, ADDRESS[family])
    cases = IN_FILES[family, row]
    for said, value in cases:
        engine.apply(links=file_of(family, said))
        assert look(engine, key, row) == value
        engine.apply(links={LINK: {"addresses": []}})
    for said, value in (*cases, cases[0]):
        plan = engine.apply(links=file_of(family, said))
        assert look(engine, key, row) == value
        actions = {change.action for change in plan.changes if change.key == key}
        assert actions <= {Action.CREATE, Action.UPDATE if row == "lifetimes" else Action.REPLACE}
    engine.apply(links=file_of(family, {}))
    assert look(engine, key, row) == {"flags": (), "scope": "global"}.get(row)


@pytest.mark.parametrize("family", ADDRESS)
def test_every_row_at_once(engine: Engine, family: str) -> None:
    said = {
        name: value for (inet, _), cases in IN_FILES.items() if inet == family for name, value in cases[0][0].items()
    }
    said.pop("peer")
    engine.apply(links=file_of(family, said))
    for (inet, row), cases in IN_FILES.items():
        if inet == family and row != "peer":
            assert look(engine, ("address", LINK, ADDRESS[family]), row) == cases[0][1]


def test_what_is_shown_of_addresses_can_be_applied(engine: Engine) -> None:
    """Applying what `show` prints changes nothing, whatever the addresses have."""
    for number, text in enumerate((
        f"192.0.2.1/24 broadcast + label {LINK}:x metric 5", "192.0.3.2/24 scope link", "192.0.2.3/32 peer 192.0.2.77",
        "192.0.2.4/24 noprefixroute preferred_lft 0", "2001:db8::5/64 home nodad metric 9 preferred_lft 0",
        "2001:db8::6/64 mngtmpaddr noprefixroute", "2001:db8::7/64 preferred_lft 700",
    )):  # fmt: skip
        assert number < 9
        engine.by_hand("address", "add", *text.split(), "dev", LINK)
    links = document(engine.observed())["links"]
    assert len(links[LINK]["addresses"]) == 7
    assert not engine.plan(links={LINK: links[LINK]})


def test_an_optimistic_address_is_used_at_once(engine: Engine) -> None:
    """The flag goes when the detection is done, and then nothing is left to do."""
    engine.apply(links=file_of("inet6", {"optimistic": True}))
    assert not engine.plan(links=file_of("inet6", {"optimistic": True}))


def test_a_file_joins_a_group(engine: Engine) -> None:
    group = {LINK: {"addresses": [{"address": "239.1.2.3/32", "autojoin": True}]}}
    engine.apply(links=group)
    assert any(entry["address"] == "239.1.2.3" for entry in engine.ip("maddress", "show", "dev", LINK)[0]["maddr"]
               if "address" in entry)  # fmt: skip
    engine.apply(links={LINK: {"addresses": []}})


def test_one_address_with_several_peers_is_several(engine: Engine) -> None:
    """Point-to-point links share the local address; each is seen, and each can be taken away alone."""
    for peer in ("198.51.100.7", "198.51.100.8"):
        engine.by_hand("address", "add", "192.0.2.1", "peer", f"{peer}/32", "dev", LINK)
    seen = [item for item in engine.observed().family("address") if item.key[1] == LINK and item.attributes["peer"]]
    assert [item.attributes["peer"] for item in seen] == ["198.51.100.7", "198.51.100.8"]
    assert {item.name for item in seen} == {"192.0.2.1/32"}
    for item in reversed(seen):
        engine.operate(operation(Verb.DELETE, item.key, **item.attributes))
        assert engine.observed().get(item.key) is None


def test_the_order_of_two_in_a_subnet_is_given_back(engine: Engine) -> None:
    """The primary is the source address of the whole subnet; an undo that swaps the two is none."""
    first, second = (("address", LINK, f"192.0.2.{number}/24") for number in (1, 2))
    for wishes in pairwise(((first, second), (second, first), (first, second))):
        engine.restore(*(wish(key, secondary=place > 0) for place, key in enumerate(wishes[1])))
        assert [look(engine, key, "secondary") for key in wishes[1]] == [False, True]


def wish(key: Key, **attributes: Value) -> Resource:
    return Resource(key, "address", {"protocol": PROTOCOL, **attributes})


def test_a_group_is_joined_with_its_address(engine: Engine) -> None:
    """autojoin belongs to multicast addresses."""
    key = ("address", LINK, "239.1.2.3/32")
    engine.operate(operation(Verb.CREATE, key, flags=("autojoin",)))
    assert look(engine, key, "flags") == ("autojoin",)


@pytest.mark.parametrize("address", ["127.0.0.2/8", "127.0.0.3/32"])
def test_a_loopback_address_has_the_scope_that_ip_would_give_it(engine: Engine, address: str) -> None:
    engine.apply(links={"lo": {"addresses": ["127.0.0.1/8", "::1/128", address]}})
    assert engine.seen(("address", "lo", address)).attributes["scope"] == "host"
    engine.apply(links={})
    assert engine.observed().get(("address", "lo", address)) is None
