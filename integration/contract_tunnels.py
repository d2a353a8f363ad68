"""Tunnels in the contract tests: their samples, what goes with them, and where `ip -d -j link` shows them."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from netapply.model.attribute import UNSET, Value

Json = Any
Witness = Callable[[Json], Value]


def plain(name: str) -> Witness:
    return lambda data: data[name]


def switch(name: str) -> Witness:
    """Shown only where it is set."""
    return lambda data: bool(data.get(name))


def address(name: str) -> Witness:
    """`any` is none."""
    return lambda data: None if data.get(name, "any") == "any" else data[name]


def number(name: str) -> Witness:
    """Decimal or hexadecimal, not shown where it is 0."""
    return lambda data: int(str(data.get(name, 0)), 0)


def dotted(name: str) -> Witness:
    """A key, written like an IPv4 address."""
    return lambda data: int(ip_address(data[name])) if name in data else None


def prefix(name: str) -> Witness:
    def read(data: Json) -> Value:
        nothing = "0.0.0.0" if name.startswith("relay") else None
        return f"{data.get(name, nothing)}/{data.get(f'{name}len', 0)}"

    return read


def encap(name: str) -> Witness:
    return lambda data: data.get("encap", {"type": "none", "sport": 0, "dport": 0}).get(name, False)


ENCAP = {
    "encap": encap("type"), "encap_sport": encap("sport"), "encap_dport": encap("dport"), "encap_csum": encap("csum"),
    "encap_csum6": encap("csum6"), "encap_remcsum": encap("remcsum"),
}  # fmt: skip
ENDS = {"local": address("local"), "remote": address("remote"), "dev": lambda data: data.get("link")}
ANY = {**ENDS, "fwmark": number("fwmark")}
INET = {**ANY, "ttl": number("ttl"), "tos": number("tos"), "pmtudisc": plain("pmtudisc")}
INET6 = {
    **ANY, "ttl": number("ttl"), "tclass": number("tclass"), "flowlabel": number("flowlabel"),
    "encaplimit": number("encap_limit"),
    "tclass_inherit": switch("ip6_tnl_f_use_orig_tclass"),
    "flowlabel_inherit": switch("ip6_tnl_f_use_orig_flowlabel"),
    "ignore_encaplimit": switch("ip6_tnl_f_ign_encap_limit"),
    "dscp_copy": switch("ip6_tnl_f_rcv_dscp_copy"),
    "fwmark_inherit": switch("ip6_tnl_f_use_orig_fwmark"),
    "allow_localremote": switch("ip6_tnl_f_allow_local_remote"),
}  # fmt: skip
KEYS = {"ikey": dotted("ikey"), "okey": dotted("okey")}
GRE = {**KEYS, **{name: switch(name) for name in ("icsum", "ocsum", "iseq", "oseq", "external")}}
TUNNELS_SHOWN: dict[str, dict[str, Witness]] = {
    "gre": {**INET, **ENCAP, **GRE, "ignore_df": switch("ignore_df")},
    "gretap": {**INET, **ENCAP, **GRE, "ignore_df": switch("ignore_df")},
    "ip6gre": {**INET6, **ENCAP, **GRE},
    "ip6gretap": {**INET6, **ENCAP, **GRE},
    "ipip": {**INET, **ENCAP, "external": switch("external"), "mode": plain("proto")},
    "sit": {
        **INET, **ENCAP, "mode": plain("proto"), "isatap": switch("isatap"), "ip6rd_prefix": prefix("prefix"),
        "ip6rd_relay_prefix": prefix("relay_prefix"),
    },
    "ip6tnl": {**INET6, **ENCAP, "external": switch("external"), "mode": plain("proto")},
    "vti": {**ANY, **KEYS},
    "vti6": {**ANY, **KEYS},
    "xfrm": {
        "if_id": lambda data: int(data["if_id"], 0) if "if_id" in data else None,
        "dev": lambda data: data.get("lower"), "external": switch("external"),
    },
    "macsec": {
        "link": lambda data: data["lower"], "sci": plain("sci"), "port": lambda data: int(data["sci"][-4:], 16),
        "cipher": lambda data: data["cipher_suite"].lower(), "icvlen": plain("icv_len"),
        "encrypt": plain("encrypt"), "protect": plain("protect"), "replay": plain("replay_protect"),
        "window": lambda data: data.get("window", 0), "send_sci": plain("inc_sci"), "end_station": plain("es"),
        "scb": plain("scb"), "encodingsa": plain("encoding_sa"), "validation": plain("validation"),
    },
    "geneve": {
        "vni": lambda data: data["id"] or None,
        "remote": lambda data: data.get("remote", data.get("remote6")),
        "port": plain("port"), "ttl": number("ttl"), "ttl_inherit": lambda data: "ttl" not in data,
        "tos": number("tos"), "label": number("label"), "df": plain("df"),
        **{name: switch(name) for name in ("udp_csum", "udp_zero_csum6_tx", "udp_zero_csum6_rx")},
        "inner_proto_inherit": switch("inner_proto_inherit"), "external": switch("external"),
    },
}  # fmt: skip

OVER_INET = ("gre", "gretap", "ipip", "sit", "vti")
OVER_INET6 = ("ip6gre", "ip6gretap", "ip6tnl", "vti6")
ENCAPSULATED = ("gre", "gretap", "ip6gre", "ip6gretap", "ip6tnl", "ipip", "sit")
EXTERNAL = ("gre", "gretap", "ip6gre", "ip6gretap", "ip6tnl", "ipip")

TUNNEL_SAMPLES: dict[tuple[str, str], tuple[Value, ...]] = {
    **{(kind, "dev"): ("lower", "other", None) for kind in (*OVER_INET, *OVER_INET6, "xfrm")},
    **{(kind, "local"): ("192.0.2.1", "192.0.2.2", None) for kind in OVER_INET},
    **{(kind, "local"): ("2001:db8::1", "2001:db8::2", None) for kind in OVER_INET6},
    **{(kind, "remote"): ("192.0.2.9", "192.0.2.10", None) for kind in OVER_INET},
    ("gretap", "remote"): ("192.0.2.9", "192.0.2.10", None, "239.1.1.1", "239.1.1.2"),
    **{(kind, "remote"): ("2001:db8::9", "2001:db8::a", None) for kind in OVER_INET6},
    # What carries IPv6 alone has no MTU that IPv6 cannot use.
    **{(kind, "mtu"): (1400, 1450, 1300) for kind in ("sit", "ip6tnl")},
    ("geneve", "remote"): ("192.0.2.9", "192.0.2.10", "2001:db8::9", "2001:db8::a"),
    ("sit", "ip6rd_prefix"): ("2001:db8::/32", "2002::/16"),
    ("sit", "ip6rd_relay_prefix"): ("192.0.0.0/8", "0.0.0.0/0"),
    ("macsec", "mtu"): (1400, 1450, 1300),
    ("macsec", "link"): ("lower", "other"),
    ("macsec", "sci"): ("02005e1000010001", "02005e1000020007"),
}

TUNNEL_COMPANY: dict[tuple[str, str] | tuple[str, str, Value], dict[str, Value]] = {
    ("macsec", "window"): {"replay": True},
    ("macsec", "end_station"): {"send_sci": False},
    ("macsec", "scb"): {"send_sci": False},
    **{(kind, name): {"encap": "fou"} for kind in ENCAPSULATED for name in ENCAP if name != "encap"},
    ("sit", "ip6rd_relay_prefix"): {"ip6rd_prefix": "2001:db8::/32"},
    **{(kind, "ignore_df"): {"pmtudisc": False} for kind in ("gre", "gretap")},
    **{(kind, "external", True): {"remote": UNSET} for kind in EXTERNAL},
    **{(kind, "remote", None): {"local": "192.0.2.1"} for kind in OVER_INET},
    **{(kind, "remote", None): {"local": "2001:db8::1"} for kind in OVER_INET6},
    ("geneve", "external", True): {"vni": UNSET, "remote": UNSET},
    ("geneve", "inner_proto_inherit"): {"vni": UNSET, "remote": UNSET, "external": True},
    ("sit", "pmtudisc"): {"ttl": 0},
    ("geneve", "udp_csum"): {"remote": "192.0.2.9"},
    ("xfrm", "external", True): {"if_id": UNSET},
}

TUNNEL_LEAST: dict[str, dict[str, Value]] = {
    "geneve": {"vni": 7, "remote": "2001:db8::9"},
    **{kind: {"remote": "192.0.2.9"} for kind in ("gre", "gretap", "ipip", "sit", "vti")},
    **{kind: {"remote": "2001:db8::9"} for kind in ("ip6gre", "ip6gretap", "ip6tnl", "vti6")},
    "xfrm": {"if_id": 7},
}
