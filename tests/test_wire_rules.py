"""Operations on rules as messages, decoded by pyroute2's own class."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pyroute2.netlink.rtnl.fibmsg import fibmsg

from netapply.kernel.rules import FORMED, PLAIN, encode_rule
from netapply.kernel.wire import message as m
from netapply.model.attribute import Value
from netapply.model.route import PROTOCOL
from netapply.model.rule import ACTION, SELECTORS, rule_key
from netapply.plan.plan import Operation, Phase, Verb
from tests.test_wire_links import INDEXES, MADE, TEXT, U32, V4, V6, decode, found_in
from tests.test_wire_scalar import PLENTY

RANGES = st.tuples(st.integers(1, 65535), st.integers(1, 65535)).map(
    lambda ends: str(ends[0]) if ends[0] == ends[1] else f"{ends[0]}-{ends[1]}"
)
REALMS = st.integers(1, 65535).map(str) | st.builds("{}/{}".format, st.integers(1, 65535), st.integers(0, 65535))
IN_PARTS = {"sport": "FRA_SPORT_RANGE", "dport": "FRA_DPORT_RANGE", "uidrange": "FRA_UID_RANGE"}


@st.composite
def rule_wishes(draw: st.DrawFn) -> tuple[str, dict[str, Value]]:
    ipv6 = draw(st.booleans())
    own = V6 if ipv6 else V4
    prefixes = st.builds("{}/{}".format, own, st.integers(1, 128 if ipv6 else 32))
    byte = st.integers(1, 255)
    options: dict[Any, st.SearchStrategy[Value]] = {
        "src": prefixes, "dst": prefixes, "iif": TEXT, "oif": TEXT, "fwmark": U32, "fwmask": U32, "tos": byte,
        "ipproto": byte, "invert": st.just(True), "table": st.integers(1, 2**32 - 1), "suppress_prefixlength": byte,
        "sport": RANGES, "dport": RANGES, "uidrange": RANGES, "tun_id": st.integers(1, 2**64 - 1),
        "l3mdev": st.just(True),
        "goto": U32, "suppress_ifgroup": byte, "realms": REALMS,
        "action": st.sampled_from(("lookup", "blackhole", "unreachable", "prohibit", "nop")), "protocol": byte,
    }  # fmt: skip
    assert options.keys() >= {*SELECTORS, *PLAIN, *FORMED}
    return "inet6" if ipv6 else "inet", draw(st.fixed_dictionaries({}, optional=options))


@PLENTY
@given(rule_wishes(), U32, st.sampled_from((Verb.CREATE, Verb.DELETE)))
def test_a_rule_is_made_and_deleted_with_these_very_values(
    drawn: tuple[str, dict[str, Value]], priority: int, verb: Verb
) -> None:
    inet, wish = drawn
    operation = Operation(verb, rule_key(inet, priority, wish), "rule", Phase.RULE, wish)
    (message,) = (decode(fibmsg, message) for message in encode_rule(operation, INDEXES))
    assert message["header"]["type"] == (m.RTM_NEWRULE if verb is Verb.CREATE else m.RTM_DELRULE)
    assert message["header"]["flags"] == (MADE if verb is Verb.CREATE else m.NLM_F_REQUEST)
    lengths = tuple(int(wish[name].partition("/")[2]) if name in wish else 0 for name in ("src", "dst"))
    assert (message["family"], message["src_len"], message["dst_len"]) == (10 if inet == "inet6" else 2, *lengths)
    assert message["tos"] == wish.get("tos", 0)
    assert message["action"] == ACTION.to_wire(wish.get("action", "lookup"))
    assert message["flags"] == (2 if wish.get("invert") else 0)
    found = found_in(message)
    for name, definition in IN_PARTS.items():
        ends = found.pop(definition, None)
        first, _, last = wish.get(name, "").partition("-")
        assert ends == (f"{first}:{last or first}" if first else None)
    assert (found.pop("FRA_TUN_ID", None) is None) == ("tun_id" not in wish)
    source, _, to = wish.get("realms", "").rpartition("/")
    assert found.pop("FRA_FLOW", None) == (int(source or 0) << 16 | int(to) if to else None)
    assert found.pop("FRA_L3MDEV", None) == (1 if wish.get("l3mdev") else None)
    wanted = {definition: wish.get(name) for name, definition in PLAIN.items()}
    wanted |= {"FRA_SRC": _address(wish.get("src")), "FRA_DST": _address(wish.get("dst"))}
    wanted |= {"FRA_PRIORITY": priority, "FRA_TABLE": wish.get("table")}
    wanted["FRA_PROTOCOL"] = wish.get("protocol", PROTOCOL)
    assert found == {name: value for name, value in wanted.items() if value is not None}


def _address(prefix: str | None) -> str | None:
    return prefix.partition("/")[0] if prefix else None


@PLENTY
@given(st.sampled_from(sorted(FORMED)), st.data())
def test_what_is_packed_in_parts_is_read_back(name: str, data: st.DataObject) -> None:
    values = {"tun_id": st.integers(1, 2**64 - 1), "l3mdev": st.just(True), "realms": REALMS}
    value = data.draw(values.get(name, RANGES))
    _, pack, read = FORMED[name]
    assert read(pack(value)) == value
