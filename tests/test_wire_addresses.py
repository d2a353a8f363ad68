"""Operations on addresses as messages, decoded by pyroute2's own class."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg

from netapply.kernel.addresses import FLAGS, SCOPE_NUMBERS, encode_address
from netapply.kernel.wire import message as m
from netapply.model.attribute import Value
from netapply.model.route import PROTOCOL
from netapply.plan.plan import Operation, Phase, Verb
from tests.test_wire_links import CREATED, INDEXES, TEXT, U32, V4, V6, decode, found_in
from tests.test_wire_scalar import PLENTY

ADDRESS_WISHES = st.fixed_dictionaries(
    {},
    optional={
        "peer": st.just("peer"), "broadcast": st.just("broadcast"), "label": TEXT, "metric": U32,
        "scope": st.sampled_from(sorted(SCOPE_NUMBERS)) | st.integers(0, 255).map(str),
        "flags": st.lists(st.sampled_from(sorted(FLAGS)), unique=True).map(tuple), "protocol": st.integers(0, 255),
        "lifetimes": st.tuples(U32, U32),
    },
)  # fmt: skip


@PLENTY
@given(st.data(), ADDRESS_WISHES, st.booleans())
def test_an_address_is_made_with_these_very_values(data: st.DataObject, drawn: dict[str, Value], ipv6: bool) -> None:
    addresses = V6 if ipv6 else V4
    local, length = data.draw(addresses), data.draw(st.integers(0, 128 if ipv6 else 32))
    wish = {name: data.draw(addresses) if name in ("peer", "broadcast") else value for name, value in drawn.items()}
    operation = Operation(Verb.CREATE, ("address", "eno1", f"{local}/{length}"), "address", Phase.ADDRESS, wish)
    (message,) = (decode(ifaddrmsg, message) for message in encode_address(operation, INDEXES))
    assert (message["header"]["type"], message["header"]["flags"]) == (m.RTM_NEWADDR, CREATED)
    assert (message["family"], message["prefixlen"], message["index"]) == (10 if ipv6 else 2, length, 2)
    scope = wish.get("scope", "host" if local.startswith("127.") else "global")
    assert message["scope"] == SCOPE_NUMBERS.get(scope) or message["scope"] == int(scope)
    found = found_in(message)
    cache = found.pop("IFA_CACHEINFO", None)
    lifetimes = None if cache is None else (cache["ifa_preferred"], cache["ifa_valid"])
    assert lifetimes == wish.get("lifetimes")
    wanted = {
        "IFA_LOCAL": local, "IFA_ADDRESS": wish.get("peer", local), "IFA_PROTO": wish.get("protocol", PROTOCOL),
        "IFA_BROADCAST": wish.get("broadcast"), "IFA_LABEL": wish.get("label"), "IFA_RT_PRIORITY": wish.get("metric"),
        "IFA_FLAGS": sum(FLAGS[word] for word in wish.get("flags", ())) or None,
    }  # fmt: skip
    assert found == {name: value for name, value in wanted.items() if value is not None}


@PLENTY
@given(V4, V4)
def test_an_address_is_deleted_with_its_peer(local: str, peer: str) -> None:
    operation = Operation(
        Verb.DELETE, ("address", "br0", f"{local}/32"), "address", Phase.ADDRESS_DELETE, {"peer": peer, "metric": 3}
    )
    (message,) = (decode(ifaddrmsg, message) for message in encode_address(operation, INDEXES))
    assert (message["header"]["type"], message["prefixlen"], message["index"]) == (m.RTM_DELADDR, 32, 3)
    assert found_in(message) == {"IFA_LOCAL": local, "IFA_ADDRESS": peer}
