"""Values for the contract tests: for every attribute row of every kind, and where `ip` shows it.

Whatever a field's type says by itself (a switch, an enumeration, a range) needs no entry here. Whatever
it does not say stands in SAMPLES; the tests below fail for a row that has neither, and for an entry
whose row is gone. So a row that somebody adds is either in the contract or a red test.
"""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from integration.applying import FEATURE
from integration.bridge_witness import BRIDGE_SHOWN, BRIDGE_VLANS
from integration.contract_tunnels import TUNNEL_COMPANY, TUNNEL_LEAST, TUNNEL_SAMPLES, TUNNELS_SHOWN
from netapply.kinds import KIND_OF, KINDS, link_table
from netapply.model.attribute import UNSET, Row, Value, table_of
from netapply.model.link import Link
from netapply.model.ovs_values import is_ovs

Json = Any
Samples = tuple[Value, ...]
ANY_KIND = "*"
NO_SYSTEM = "00:00:00:00:00:00"

SAMPLES: dict[tuple[str, str], Samples] = {
    **TUNNEL_SAMPLES,
    # At most what every kind carries, above and below what IPv6 needs (1280).
    (ANY_KIND, "mtu"): (1400, 1500, 1300, 68),
    (ANY_KIND, "mac"): ("02:00:5e:10:00:01", "02:00:5e:10:00:02"),
    # One word, UTF-8 with blanks, the longest that fits: 255 bytes.
    (ANY_KIND, "alias"): ("uplink", "Gäste im 3. Stock", "x" * 255, None),
    (ANY_KIND, "master"): ("red", "blue", None),
    (ANY_KIND, "peer"): ("far", "farther"),
    (ANY_KIND, "link"): ("lower", "other"),
    (ANY_KIND, "gso_max_size"): (65536, 30000),
    (ANY_KIND, "gso_max_segs"): (65535, 1, 60),
    (ANY_KIND, "gro_max_size"): (65536, 30000, 100_000),
    (ANY_KIND, "numtxqueues"): (1, 4, 64),
    (ANY_KIND, "numrxqueues"): (1, 4, 64),
    # What VRFs have at least is what IPv6 needs.
    ("vrf", "mtu"): (1400, 1500, 1280),
    ("vrf", "table"): (1007, 100_000),
    ("tun", "mode"): ("tap", "tun"),
    ("tun", "owner"): (65534, 0, None),
    ("tun", "user_group"): (65534, 0, None),
    ("vlan", "ingress_qos"): (("1:3",), ("0:7", "1:2", "6:4294967295"), None),
    ("vlan", "egress_qos"): (("1:3",), ("0:7", "1:2", "4294967295:6"), None),
    **{
        (kind, name): values
        for kind in ("macvlan", "macvtap")
        for name, values in {
            "flags": (("nodst",), None),
            "sources": (("02:00:5e:10:00:07",), ("02:00:5e:10:00:07", "02:00:5e:10:00:08"), None),
            "bc_queue_len": (0, 2**32 - 1, 1000, 4096),
        }.items()
    },
    **{("bond", name): (100, 200, 0) for name in ("updelay", "downdelay", "peer_notif_delay")},
    ("bond", "mode"): ("active-backup", "802.3ad", "balance-tlb", "broadcast", "balance-alb", "balance-xor"),
    ("bond", "miimon"): (100, 50, 0, 2**31 - 1),
    ("bond", "arp_ip_target"): (("192.0.2.1",), ("192.0.2.2", "192.0.2.3"), ()),
    ("bond", "ns_ip6_target"): (("2001:db8::1",), ("2001:db8::2", "2001:db8::3"), ()),
    ("bond", "primary"): ("lower", "other", None),
    ("bond", "active_slave"): ("lower", "other"),
    ("bond", "ad_actor_system"): ("02:00:5e:10:00:09", "02:00:5e:10:00:0a"),
    ("macvlan", "link"): ("lower", "other"),
    ("bridge", "group_address"): ("01:80:c2:00:00:0f", "01:80:c2:00:00:04", "01:80:c2:00:00:00"),
    ("bridge", "group_fwd_mask"): (0xFFF8, 8, 0x4000),
    ("vxlan", "dev"): ("lower", "other", None),
    ("vxlan", "srcport"): ("40000-50000", "1-65535", None),
    ("vxlan", "remote"): ("192.0.2.9", "192.0.2.10", None, "2001:db8::9", "2001:db8::a"),
    ("vxlan", "local"): ("192.0.2.1", "192.0.2.2", None, "2001:db8::1", "2001:db8::2"),
}

_LACP = {"mode": "802.3ad", "miimon": 100}
_BACKUP = {"mode": "active-backup", "miimon": 100, "ports": ("lower", "other")}
_PROBES = {"mode": "active-backup", "arp_interval": 1000}
COMPANY: dict[tuple[str, str] | tuple[str, str, Value], dict[str, Value]] = {
    **TUNNEL_COMPANY,
    **{(kind, "sources"): {"mode": "source"} for kind in ("macvlan", "macvtap")},
    ("bridge", "mcast_vlan_snooping"): {"vlan_filtering": True},
    **{("bond", name): {"miimon": 50} for name in ("updelay", "downdelay", "peer_notif_delay")},
    ("bond", "arp_interval"): {"arp_ip_target": ("192.0.2.1",)},
    ("bond", "arp_validate"): {**_PROBES, "arp_ip_target": ("192.0.2.1",)},
    ("bond", "arp_all_targets"): {**_PROBES, "arp_ip_target": ("192.0.2.1",)},
    ("bond", "missed_max"): {**_PROBES, "arp_ip_target": ("192.0.2.1",)},
    ("bond", "primary_reselect"): {"mode": "active-backup", "miimon": 100},
    ("bond", "primary"): _BACKUP,
    ("bond", "active_slave"): _BACKUP,
    ("bond", "tlb_dynamic_lb"): {"mode": "balance-tlb", "miimon": 100},
    **{
        ("bond", name): _LACP
        for name in (
            *("lacp_active", "lacp_rate", "ad_actor_sys_prio", "ad_actor_system", "ad_user_port_key"),
            "coupled_control",
        )
    },
    ("vxlan", "external", True): {"vni": UNSET},
    ("vxlan", "gpe"): {"vni": UNSET, "external": True, "learning": False},
    ("vxlan", "vnifilter"): {"vni": UNSET, "external": True},
    ("vxlan", "label"): {"remote": "2001:db8::9"},
}
"""What else a device needs before a row, or one value of it, can be set at all; UNSET: what it must not have."""

LEAST: dict[str, dict[str, Value]] = {
    **TUNNEL_LEAST,
    "vxlan": {"vni": 7},
}
"""The least that a file must say of a device where the types do not tell, because one of several will do."""


def _plain(name: str) -> Callable[[Json], Value]:
    return lambda data: data[name]


def _first_of(*names: str) -> Callable[[Json], Value]:
    return lambda data: next((data[name] for name in names if name in data), None)


def _switch(name: str) -> Callable[[Json], Value]:
    """Shown only where it is set."""
    return lambda data: bool(data.get(name))


def _range(ports: Json) -> Value:
    low, high = ports["low"], ports["high"]
    return f"{low}-{high}" if low or high else None


def _centiseconds(name: str) -> Callable[[Json], Value]:
    return lambda data: data[name] / 100


LINK_SHOWN: dict[str, Callable[[Json], Value]] = {
    "up": lambda link: "UP" in link["flags"],
    "mtu": lambda link: link["mtu"],
    "mac": lambda link: link["address"],
    "alias": lambda link: link.get("ifalias"),
    "master": lambda link: link.get("master"),
    "txqueuelen": lambda link: link.get("txqlen", 0),
    "group": lambda link: 0 if link["group"] == "default" else int(link["group"]),
    "promisc": lambda link: "PROMISC" in link["flags"],
    "allmulti": lambda link: "ALLMULTI" in link["flags"],
    "arp": lambda link: "NOARP" not in link["flags"],
    "multicast": lambda link: "MULTICAST" in link["flags"],
    **{name: _plain(name) for name in ("gso_max_size", "gso_max_segs", "gro_max_size")},
}
"""How `ip -d -j link` says what every link has."""


def _first_true(*words: str) -> Callable[[Json], Value]:
    return lambda data: next((word for word in words if data.get(word)), None)


def _qos(name: str) -> Callable[[Json], Value]:
    return lambda data: tuple(f"{each['from']}:{each['to']}" for each in data.get(name, ())) or None


def _flag(word: str) -> Callable[[Json], Value]:
    return lambda data: word in data.get("flags", ())


QUEUES: dict[str, Callable[[Json], Value]] = {
    "numtxqueues": lambda data: data["num_tx_queues"],
    "numrxqueues": lambda data: data["num_rx_queues"],
}
MACVLAN: dict[str, Callable[[Json], Value]] = {
    "link": lambda data: data["lower"],
    "mode": _plain("mode"),
    "flags": lambda data: ("nodst",) if data.get("nodst") else None,
    "sources": lambda data: tuple(sorted(data.get("macaddr_data", ()))) or None,
    "bc_queue_len": _plain("bcqueuelen"),
    "protodown": lambda data: data["proto_down"],
    **QUEUES,
}
BOND_SHOWN: dict[str, Callable[[Json], Value]] = {
    **{
        name: _plain(name)
        for name in (
            *("mode", "miimon", "updelay", "downdelay", "arp_interval"),
            *("primary_reselect", "fail_over_mac", "xmit_hash_policy", "resend_igmp", "min_links", "lp_interval"),
            "packets_per_slave",
        )
    },
    "arp_ip_target": lambda data: tuple(data.get("arp_ip_target", ())),
    "ns_ip6_target": lambda data: tuple(data.get("ns_ip6_target", ())),
    "arp_validate": lambda data: data["arp_validate"] or "none",
    "arp_all_targets": _plain("arp_all_targets"),
    "peer_notif_delay": _plain("peer_notify_delay"),
    "missed_max": _plain("arp_missed_max"),
    "primary": lambda data: data.get("primary"),
    "active_slave": lambda data: data.get("active_slave"),
    "num_grat_arp": _plain("num_peer_notif"),
    "all_slaves_active": lambda data: bool(data["all_slaves_active"]),
    "lacp_active": lambda data: data.get("ad_lacp_active", "on") == "on",
    "lacp_rate": lambda data: data.get("ad_lacp_rate", "slow"),
    "ad_select": lambda data: data.get("ad_select", "stable"),
    "ad_actor_sys_prio": lambda data: data.get("ad_actor_sys_prio", 65535),
    "ad_actor_system": lambda data: None if (mac := data.get("ad_actor_system", NO_SYSTEM)) == NO_SYSTEM else mac,
    "ad_user_port_key": lambda data: data.get("ad_user_port_key", 0),
    "tlb_dynamic_lb": lambda data: bool(data["tlb_dynamic_lb"]),
}

DATA_SHOWN: dict[str, dict[str, Callable[[Json], Value]]] = {
    **TUNNELS_SHOWN,
    "bond": BOND_SHOWN,
    "bridge": {
        "stp": lambda data: bool(data["stp_state"]),
        "priority": lambda data: data["priority"],
        **{name: _centiseconds(name) for name in ("forward_delay", "hello_time", "max_age", "ageing_time")},
        **BRIDGE_SHOWN,
    },
    "dummy": {"carrier": lambda data: "LOWER_UP" in data["link_flags"], **QUEUES},
    "ifb": QUEUES,
    "ipvlan": {"link": _plain("lower"), "mode": _plain("mode"), "flags": _first_true("bridge", "private", "vepa")},
    "macvlan": MACVLAN,
    "macvtap": MACVLAN,
    "veth": {"peer": lambda data: data["lower"], **QUEUES},
    "tun": {
        "mode": _plain("type"),
        "owner": lambda data: pwd.getpwnam(data["user"]).pw_uid if "user" in data else None,
        "user_group": lambda data: grp.getgrnam(data["group"]).gr_gid if "group" in data else None,
        **{name: _plain(name) for name in ("pi", "vnet_hdr", "multi_queue")},
    },
    "vlan": {
        "link": _plain("lower"),
        "id": _plain("id"),
        "protocol": lambda data: data["protocol"].lower(),
        "ingress_qos": _qos("ingress_qos"),
        "egress_qos": _qos("egress_qos"),
        **{name: _flag(name.upper()) for name in ("reorder_hdr", "gvrp", "mvrp", "loose_binding", "bridge_binding")},
    },
    "vrf": {"table": _plain("table")},
    "vxlan": {
        "protodown": lambda data: data["proto_down"],
        "vni": lambda data: data["id"] or None,
        "remote": _first_of("remote", "remote6", "group", "group6"),
        "local": _first_of("local", "local6"),
        "dev": lambda data: data.get("link"),
        "srcport": lambda data: _range(data["port_range"]),
        "ttl": lambda data: data.get("ttl", 0),
        "ttl_inherit": lambda data: "ttl" not in data,
        "label": lambda data: int(data.get("label", "0"), 0),
        "limit": lambda data: data.get("limit", 0),
        "tos": lambda data: int(data.get("tos", "0"), 0),
        **{name: _plain(name) for name in ("port", "learning", "ageing", "df", "udp_csum")},
        **{name: _plain(name) for name in ("udp_zero_csum6_tx", "udp_zero_csum6_rx")},
        **{name: _switch(name) for name in ("proxy", "rsc", "l2miss", "l3miss", "gbp", "gpe", "external", "vnifilter")},
        **{name: _switch(name) for name in ("remcsum_tx", "remcsum_rx")},
    },
}
"""How it says what one kind has; `lower` is what it prints behind the `@` of a name."""

ROW_FEATURES = {("bridge", "master"): ("vrf",)} | {("bridge", name): ("vlan_filtering",) for name in BRIDGE_VLANS}
"""What one row needs beyond what its kind does. A bridge is a port of nothing but a VRF."""

UNSEEN = frozenset({("bond", "coupled_control"), ("vxlan", "localbypass"), ("vxlan", "remcsum_nopartial")})
"""Rows that Debian's iproute2 (6.1) does not show: the kernel's own answer has no second witness."""


PORT_OF_VRF = ("bridge", "ipvlan", "macvtap")
"""Kinds that can be ports of nothing else."""


def shown(kind: str, attribute: str, link: Json) -> Value:
    """The attribute as iproute2 says it."""
    if attribute in LINK_SHOWN:
        return LINK_SHOWN[attribute](link)
    data = link.get("linkinfo", {}).get("info_data", {})
    beside = {name: link[name] for name in ("num_tx_queues", "num_rx_queues")}
    beside |= {"lower": link.get("link"), "link_flags": link["flags"], "proto_down": link.get("proto_down", False)}
    return DATA_SHOWN[kind][attribute]({**data, **beside})


def samples_of(kind: type[Link], attribute: str) -> Samples:
    """At least two values of an attribute, the ends of its range among them."""
    for owner in (kind.kind, ANY_KIND):
        if (owner, attribute) in SAMPLES:
            return SAMPLES[owner, attribute]
    return derived(kind.model_json_schema(by_alias=False)["properties"][attribute])


def derived(schema: Json) -> Samples:
    """What a field's schema tells; nothing where it does not tell enough."""
    facts = dict(_facts(schema))
    if facts.get("type") == "boolean":
        return (True, False)
    if "enum" in facts:
        return tuple(facts["enum"])
    low = facts.get("minimum", facts.get("ge"))
    high = facts.get("maximum", facts.get("le"))
    beyond = facts.get("exclusiveMaximum", facts.get("lt"))
    high = beyond - 1 if high is None and beyond is not None else high
    return () if low is None or high is None else tuple(dict.fromkeys((low, high, (low + high) // 2)))


def _facts(schema: Json) -> Iterator[tuple[str, Json]]:
    """The leaves of a schema; of alternatives, null is none."""
    for part in schema.get("anyOf", ()):
        yield from (pair for pair in _facts(part) if pair != ("type", "null"))
    yield from ((name, value) for name, value in schema.items() if name != "anyOf")


def required(kind: type[Link]) -> dict[str, Value]:
    """The least that a file must say of a device of this kind."""
    names = (name for name, field in kind.model_fields.items() if field.is_required())
    return {name: samples_of(kind, name)[0] for name in names} | LEAST.get(kind.kind, {})


def said(kind: type[Link], attribute: str, *value: Value) -> dict[str, Value]:
    """What a file says of a device: the least, what the attribute needs beside it, and perhaps the attribute."""
    found = required(kind) | COMPANY.get((kind.kind, attribute), {})
    for one in value:
        found |= COMPANY.get((kind.kind, attribute, one), {}) | {attribute: one}
    return {name: item for name, item in found.items() if item is not UNSET}


def said_by_the_model(kind: type[Link], attribute: str) -> Value:
    """What a file that does not name the attribute says by itself (the VXLAN port); None: nothing."""
    return kind.model_fields[attribute].default


def looked_at(kind: type[Link], row: Row) -> bool:
    """What every link has is put to every kind by `make soak`, else to a few; what is a kind's own, always."""
    common = row.attribute in table_of(Link).rows and row.attribute != "up"
    return not common or kind.kind in COMMON or bool(os.environ.get("NETAPPLY_SOAK"))


COMMON = ("", "bridge", "vxlan", "veth")
"""Kinds that most kernels have."""


def rows(wanted: Callable[[type[Link], Row], bool] = lambda kind, row: True) -> list[Any]:
    """pytest parameters (kind, row) of every table; a kind that this kernel lacks runs in a full one."""
    kinds = [kind for kind in KINDS if not is_ovs(kind.kind)]  # those: test_contract_ovs
    pairs = [
        (kind, row) for kind in kinds for row in link_table(kind.kind) if wanted(kind, row) and looked_at(kind, row)
    ]
    return [
        pytest.param(kind, row, id=f"{kind.kind or 'physical'}-{row.attribute}", marks=features(kind, row))
        for kind, row in pairs
    ]


def features(kind: type[Link], row: Row) -> list[pytest.MarkDecorator]:
    """What the kernel must have. What carries no frames is a port of nothing but a VRF."""
    names = [FEATURE.get(kind.kind, kind.kind)] if kind.created else []
    if row.attribute.startswith("encap_") or row.attribute == "encap":
        names.append("fou")
    if row.attribute == "master" and (kind.kind in PORT_OF_VRF or not kind.ethernet):
        names.append("vrf")
    names += ROW_FEATURES.get((kind.kind, row.attribute), ())
    return [pytest.mark.kernel(*names)] if names else []


EVERY_ROW = [pytest.param(*each.values, id=each.id) for each in rows()]


@pytest.mark.parametrize(("kind", "row"), EVERY_ROW)
def test_every_row_has_samples_that_a_file_may_hold(kind: type[Link], row: Row) -> None:
    values = samples_of(kind, row.attribute)
    assert len(set(values)) >= 2, f"give {kind.__name__}.{row.attribute} an entry in SAMPLES"
    for value in values:
        model = kind.model_validate(said(kind, row.attribute, value))
        assert getattr(model, row.attribute) == value
    if row.nla.default not in (UNSET, None):
        kind.model_validate(said(kind, row.attribute, row.nla.default))


@pytest.mark.parametrize(("kind", "row"), EVERY_ROW)
def test_every_row_has_a_second_witness(kind: type[Link], row: Row) -> None:
    witnesses = {**LINK_SHOWN, **DATA_SHOWN.get(kind.kind, {})}.keys() | {
        name for owner, name in UNSEEN if owner == kind.kind
    }
    assert row.attribute in witnesses, f"say where `ip -d -j link` shows {kind.__name__}.{row.attribute}"


def test_no_entry_speaks_of_a_row_that_is_not_there() -> None:
    tables = {kind.kind: set(link_table(kind.kind).rows) for kind in KINDS}
    every = set().union(*tables.values())
    for kind, attribute, *_ in (*SAMPLES, *COMPANY, *UNSEEN):
        assert attribute in (every if kind == ANY_KIND else tables[kind]), (kind, attribute)
    for kind, witnesses in DATA_SHOWN.items():
        assert not witnesses.keys() - tables[kind], kind
    assert LINK_SHOWN.keys() == table_of(Link).rows.keys()


def test_samples_come_from_a_fields_constraints() -> None:
    assert samples_of(KIND_OF["vxlan"], "ttl") == (0, 255, 127)
    assert samples_of(KIND_OF["bridge"], "hello_time") == (1, 10, 5)
    assert samples_of(KIND_OF["bridge"], "stp") == (True, False)
    assert set(samples_of(KIND_OF["vxlan"], "df")) == {"unset", "set", "inherit"}
    assert derived({"type": "string"}) == ()
