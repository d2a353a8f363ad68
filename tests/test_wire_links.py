"""Operations on links as messages, decoded by pyroute2's own classes: a second opinion on every byte.

The values are drawn from the attribute tables, so a new row is drawn as well.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg

from netapply.kernel.link_codec import DATA, ELSEWHERE, GENERIC, SAME_AS
from netapply.kernel.links import encode_altname, encode_link
from netapply.kernel.wire import message as m
from netapply.kernel.wire.generate import BEYOND, RENAMED
from netapply.kinds import KINDS, link_table
from netapply.kinds.macvlan import FLAGS as MACVLAN_FLAGS
from netapply.kinds.macvlan import MODE
from netapply.model.attribute import LINK, Row, Value
from netapply.model.link import Link
from netapply.model.values import ip_address
from netapply.plan.plan import Operation, Phase, Verb
from tests.test_wire_scalar import PLENTY

Decoded = Any
Message = Any
INDEXES = {"eno1": 2, "br0": 3, "größe": 70_000}
MAXIMA = {
    "uint8": 2**8 - 1, "uint16": 2**16 - 1, "uint32": 2**32 - 1, "uint64": 2**48, "be16": 2**16 - 1, "be32": 2**32 - 1,
}  # fmt: skip
V4, V6 = st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).map(str).map(ip_address)
TEXT = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=15)
U32 = st.integers(0, 2**32 - 1)
MADE = m.NLM_F_REQUEST | m.NLM_F_CREATE
CREATED = MADE | m.NLM_F_EXCL


def decode(kind: type[Message], data: bytearray) -> Decoded:
    """One message by pyroute2; whatever it cannot place would be missing from `attrs`."""
    message = kind(bytes(data))
    message.decode()
    assert message["header"]["length"] == len(data)
    return message


def found_in(message: Decoded) -> dict[str, Value]:
    """Name and value of every attribute, each of which must be there once."""
    found = {name: value for name, value, *_ in message["attrs"]}
    assert len(found) == len(message["attrs"])
    return found


def only(message: Decoded, name: str) -> Decoded:
    return found_in(message)[name]


def values_of(kind: str, row: Row) -> st.SearchStrategy[Value]:
    """Canonical values, made from what the attribute's type can hold on the wire."""
    numbers = GENERIC if row.nla.name in GENERIC else DATA.get(kind, {})
    sort = numbers[row.nla.name][1] if row.nla.name in numbers else "uint8"
    if row.nla.unit is LINK:
        return st.sampled_from(sorted(INDEXES))
    if sort == "l2addr":
        return st.binary(min_size=6, max_size=6).map(lambda data: data.hex(":"))
    if sort == "asciiz":
        return TEXT
    if row.nla.name6:
        return V4 | V6
    if "on or off" in row.nla.unit.name:
        return st.booleans()
    if " | " in row.nla.unit.name:
        words = row.nla.unit.name.split(" | ")
        whole = row.nla.unit.empty == 0  # a word of flags, written as a whole
        return st.sampled_from([None, *((word,) for word in words)] if whole else words)
    if row.nla.unit.name == "seconds":
        return st.integers(0, MAXIMA[sort] // 100)
    return st.integers(0, MAXIMA[sort]).map(row.nla.unit.from_wire).filter(lambda value: value is not None)


@st.composite
def link_attributes(draw: st.DrawFn, kind: type[Link]) -> dict[str, Value]:
    rows = [row for row in link_table(kind.kind) if pyroute2_reads(kind.kind, row)]
    wanted = draw(st.sets(st.sampled_from([row.attribute for row in rows])))
    return {row.attribute: draw(values_of(kind.kind, row)) for row in rows if row.attribute in wanted}


def pyroute2_reads(kind: str, row: Row) -> bool:
    """Whether the second witness knows the attribute, and its form (tests/test_wire_forms.py has those)."""
    beyond = {**BEYOND.get("link", {}), **BEYOND.get(SAME_AS.get(kind, kind), {})}
    renamed = row.nla.name not in GENERIC and SAME_AS.get(kind, kind) in RENAMED  # tests/test_wire_bits.py has those
    return not row.nla.form and not row.nla.bit and row.nla.name not in beyond and not renamed


def expected(kind: str, attributes: dict[str, Value], *, generic: bool, making: bool = False) -> dict[str, Value]:
    """Names and values as pyroute2 should find them, on one of the two levels of a link message."""
    found = {}
    for name, value in attributes.items():
        row = link_table(kind).rows[name]
        if row.nla.name in ELSEWHERE or (row.nla.name in GENERIC) is not generic:
            continue
        if row.nla.name in BEYOND.get(kind, {}) or (making and row.nla.unsaid and value == row.nla.default):
            continue
        empty = value is None and row.nla.unit.empty != ""
        wire = INDEXES[value] if row.nla.unit is LINK else 0 if empty else row.nla.unit.to_wire(value)
        found[row.nla.name6 if row.nla.name6 and ":" in value else row.nla.name] = wire
    return found


FLAGS = {"up": 0x1, "arp": 0x80, "promisc": 0x100, "allmulti": 0x200, "multicast": 0x1000}
"""The flags of include/uapi/linux/if.h; that for arp says the contrary (IFF_NOARP)."""


def in_header(attributes: dict[str, Value]) -> tuple[int, int]:
    """Flags, and which of them to change, as they should be in the header."""
    flags = sum(bit for name, bit in FLAGS.items() if name in attributes and attributes[name] is not (name == "arp"))
    return flags, sum(bit for name, bit in FLAGS.items() if name in attributes)


def same(value: Value) -> Value:
    return value


WORDS: dict[str, Callable[[Value], Value]] = {
    "IFLA_MACVLAN_MODE": MODE.to_wire,
    "IFLA_MACVLAN_FLAGS": lambda word: (
        word if isinstance(word, int) else 0 if word == "none" else MACVLAN_FLAGS.to_wire((word,))
    ),
}
"""What pyroute2 decodes to words, back to the numbers."""


def merged(messages: list[Decoded]) -> tuple[dict[str, Value], dict[str, Value]]:
    """What several messages about one link say together: plain attributes, and those of the kind."""
    generic: dict[str, Value] = {}
    data: dict[str, Value] = {}
    for message in messages:
        for name, value, *_ in message["attrs"]:
            if name == "IFLA_LINKINFO":
                inside = value.get_attr("IFLA_INFO_DATA")
                pairs = [(item[0].replace("MACVTAP", "MACVLAN"), item[1]) for item in inside["attrs"]] if inside else []
                data |= {name: WORDS.get(name, same)(value) for name, value in pairs if name != "UNKNOWN"}
            elif name != "IFLA_IFNAME":
                assert name not in generic
                generic[name] = value
    return generic, data


BY_NETLINK = [kind for kind in KINDS if kind.created and kind.kind != "tun"]  # kernel/tuntap.py makes those


@pytest.mark.parametrize("kind", BY_NETLINK, ids=lambda kind: kind.kind)
@PLENTY
@given(data=st.data())
def test_a_link_is_made_with_these_very_values(kind: type[Link], data: st.DataObject) -> None:
    attributes = {name: value for name, value in data.draw(link_attributes(kind)).items() if value is not None}
    if kind.kind == "veth":
        attributes["peer"] = "far"
    operation = Operation(Verb.CREATE, ("link", "probe"), kind.kind, Phase.LINK, attributes)
    messages = [decode(ifinfmsg, message) for message in encode_link(operation, INDEXES)]
    first = messages[0]
    assert (first["header"]["type"], first["header"]["flags"], first["index"]) == (m.RTM_NEWLINK, CREATED, 0)
    assert only(only(first, "IFLA_LINKINFO"), "IFLA_INFO_KIND") == kind.kind
    assert {only(message, "IFLA_IFNAME") for message in messages} == {"probe"}
    assert (first["flags"], first["change"]) == in_header(attributes)
    generic, inside = merged(messages)
    peer = inside.pop("VETH_INFO_PEER", None)
    assert peer is None or only(peer, "IFLA_IFNAME") == "far"
    assert (kind.kind == "veth") is (peer is not None)
    assert generic == expected(kind.kind, attributes, generic=True)
    assert inside == expected(kind.kind, attributes, generic=False, making=True)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind or "physical")
@PLENTY
@given(data=st.data())
def test_a_link_is_set_by_its_index_and_never_made(kind: type[Link], data: st.DataObject) -> None:
    attributes = data.draw(link_attributes(kind))
    operation = Operation(Verb.SET, ("link", "eno1"), kind.kind, Phase.LINK, attributes)
    messages = [decode(ifinfmsg, message) for message in encode_link(operation, INDEXES)]
    assert {(message["index"], message["header"]["flags"]) for message in messages} <= {(2, m.NLM_F_REQUEST)}
    assert all("IFLA_IFNAME" not in found_in(message) for message in messages)
    generic, inside = merged(messages)
    assert generic == expected(kind.kind, attributes, generic=True)
    assert inside == expected(kind.kind, attributes, generic=False)
    switches = [(message["flags"], message["change"]) for message in messages if message["change"]]
    assert switches == [each for each in (in_header(attributes),) if each[1]]


def test_what_others_depend_on_goes_first_and_alone() -> None:
    attributes = {"forward_delay": 0, "stp": False, "priority": 7}
    operation = Operation(Verb.SET, ("link", "br0"), "bridge", Phase.LINK, attributes)
    found = [merged([decode(ifinfmsg, message)])[1] for message in encode_link(operation, INDEXES)]
    assert found == [{"IFLA_BR_STP_STATE": 0}, {"IFLA_BR_FORWARD_DELAY": 0, "IFLA_BR_PRIORITY": 7}]


def test_switches_that_share_an_attribute_go_together() -> None:
    """IFLA_BR_MULTI_BOOLOPT (46): the bits, and the mask of those that count."""
    attributes = {"no_linklocal_learn": True, "mst_enabled": False}
    operation = Operation(Verb.SET, ("link", "br0"), "bridge", Phase.LINK, attributes)
    (message,) = encode_link(operation, INDEXES)
    assert bytes(message).endswith(struct.pack("=HHII", 12, 46, 0b001, 0b101))


def test_a_value_is_cleared() -> None:
    attributes = {"master": None, "alias": None}
    operation = Operation(Verb.SET, ("link", "eno1"), "", Phase.LINK, attributes)
    (message,) = (decode(ifinfmsg, message) for message in encode_link(operation, INDEXES))
    assert only(message, "IFLA_MASTER") == 0
    assert only(message, "IFLA_IFALIAS") in ("", b"")
    operation = Operation(Verb.SET, ("link", "eno1"), "vxlan", Phase.LINK, {"remote": None, "dev": None})
    (message,) = (decode(ifinfmsg, message) for message in encode_link(operation, INDEXES))
    assert merged([message])[1] == {"IFLA_VXLAN_GROUP": "0.0.0.0", "IFLA_VXLAN_LINK": 0}


def test_a_link_is_deleted_by_its_index() -> None:
    operation = Operation(Verb.DELETE, ("link", "größe"), "bridge", Phase.LINK_DELETE, {"priority": 1})
    (message,) = (decode(ifinfmsg, message) for message in encode_link(operation, INDEXES))
    assert (message["header"]["type"], message["index"], message["attrs"]) == (m.RTM_DELLINK, 70_000, [])


@PLENTY
@given(TEXT, st.sampled_from(((Verb.CREATE, m.RTM_NEWLINKPROP), (Verb.DELETE, m.RTM_DELLINKPROP))))
def test_an_altname_is_a_property_of_its_link(name: str, verb: tuple[Verb, int]) -> None:
    operation = Operation(verb[0], ("altname", "br0", name), "altname", Phase.NAME)
    (message,) = (decode(ifinfmsg, message) for message in encode_altname(operation, INDEXES))
    assert (message["header"]["type"], message["index"]) == (verb[1], 3)
    assert only(only(message, "IFLA_PROP_LIST"), "IFLA_ALT_IFNAME") == name
