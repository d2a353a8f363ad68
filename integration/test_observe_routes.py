"""Routes and rules as netapply reads them, and as iproute2 does: the same, in a namespace with some of everything.

`route_of` and `rule_of` translate what `ip -numeric -details -json` prints into netapply's words; the contract
tests use them, too. Numbers are asked for because the words of iproute2 depend on files in /etc.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from integration.test_contract_engine import Engine, at_work
from netapply.kernel.routes import SCOPES, TYPES
from netapply.lab import Lab
from netapply.model.attribute import Value
from netapply.model.encap import WORDS, encap_text
from netapply.model.resource import Resource
from netapply.model.route import ANY, ATTRIBUTES, DEAD_ENDS, PROTOCOLS, TABLES, Nexthop
from netapply.model.route_metrics import METRICS
from netapply.model.rule import ACTION
from netapply.show import document

Json = Any
Facts = dict[str, Value]
FAMILY_OPTION = {"inet": "-4", "inet6": "-6"}
METRIC_WORDS = {"congestion": "congctl"}
"""Metrics that `ip -json` calls otherwise than its own command line."""
SWITCHES = ("quickack", "fastopen_no_cookie")
NOT_IN_JSON = {"lock"}
"""Metrics that iproute2 shows to people only."""

ADDRESSES = """
address add 192.0.2.1/24 dev eno1
address add 2001:db8::1/64 dev eno1
address add 198.51.100.1/24 dev eno2
address add 2001:db8:1::1/64 dev eno2
"""
ROUTES = """
route add default via 192.0.2.9
route add default via 192.0.2.10 metric 100 proto dhcp
route add 203.0.113.0/24 via 192.0.2.9 mtu 1400 advmss 500 hoplimit 9 src 192.0.2.1 tos 4 metric 7 table 1000
route add 203.0.113.0/24 via 192.0.2.9 tos 8 metric 7 table 1000
route add 203.0.114.0/24 via inet6 2001:db8::9 dev eno1 onlink
route add 203.0.115.0/24 nexthop via 192.0.2.9 weight 3 nexthop via 10.9.9.9 dev eno1 onlink nexthop dev eno2 weight 256
route add 203.0.116.0/24 dev eno1 scope site proto static
route add 203.0.117.0/25 dev eno2 scope host proto bgp metric 4294967295 table 4294967295
route add local 203.0.118.0/24 dev eno1 table 300
route add blackhole 203.0.120.0/24
route add unreachable 203.0.121.0/24 proto 110
route add prohibit 203.0.122.0/24 proto bird
route add throw 203.0.123.0/24 table 255
route add throw 203.0.123.0/24 table 256
route add multicast 239.1.0.0/16 dev eno1
route add broadcast 203.0.118.255 dev eno1 table 300
route add anycast 203.0.119.0/24 dev eno1 table 300
route add 203.0.126.0/24 via 192.0.2.9 rto_min 30ms rtt 40ms rttvar 20ms window 1000 cwnd 10 ssthresh 10 \
    initcwnd 10 initrwnd 11 quickack 1 congctl reno features ecn fastopen_no_cookie 1 reordering 5 realm 1/2
route add 203.0.127.0/24 via 192.0.2.9 realm 3
-6 route add default via 2001:db8::9
-6 route add default via fe80::9 dev eno2 metric 2000 proto ra
-6 route add 2001:db8:9::/48 via 2001:db8::9 src 2001:db8::1 mtu 1400 advmss 500 hoplimit 9 proto static table 1000
-6 route add 2001:db8:a::/48 nexthop via 2001:db8::9 weight 3 \
    nexthop via 2001:db8:77::9 dev eno1 onlink nexthop via fe80::9 dev eno2 weight 256
-6 route add 2001:db8:b::/48 dev eno1 metric 5 table 4294967295
-6 route add blackhole 2001:db8:c::/48
-6 route add unreachable 2001:db8:d::/48 proto 110
-6 route add prohibit 2001:db8:e::/48
-6 route add throw 2001:db8:f::/48 table 256
-6 route add 2001:db8:10::1/128 dev lo
-6 route add 2001:db8:12::/48 via 2001:db8::9 pref high
-6 route add 2001:db8:13::/48 via 2001:db8::9 pref low
-6 route add 2001:db8:14::/48 encap seg6 mode encap segs fc00::1,fc00::2 via 2001:db8::9
-6 route add multicast ff05::/16 dev eno1 table 300
nexthop add id 7 via 192.0.2.9 dev eno1
nexthop add id 8 via 198.51.100.9 dev eno2
nexthop add id 9 group 7,3/8
nexthop add id 10 via 2001:db8::9 dev eno1
route add 203.0.124.0/24 nhid 7
route add 203.0.125.0/24 nhid 9
-6 route add 2001:db8:11::/48 nhid 10
"""
RULES = """
rule add priority 7 not from 10.0.0.0/8 to 10.9.0.0/16 iif lo oif eno1 fwmark 0x5/0xff \
    tos 0x10 ipproto tcp lookup 1000 suppress_prefixlength 3
rule add priority 7 from 10.0.0.0/8 lookup 1000
rule add priority 8 blackhole protocol 110
rule add priority 9 unreachable
rule add priority 10 to 10.1.2.3 prohibit
rule add priority 11 fwmark 0xffffffff lookup 4294967295
rule add priority 12 iif gone lookup main
rule add priority 13 ipproto 255 lookup 254 suppress_prefixlength 0
rule add priority 14 ipproto tcp sport 80 dport 8000-8010 uidrange 0-99 lookup 300
rule add priority 15 tun_id 4711 lookup 300 suppress_ifgroup 7
rule add priority 16 from 10.7.0.0/16 realms 3/4 lookup 300
rule add priority 17 from 10.7.0.0/16 realms 4 lookup 300
rule add priority 4294967294 goto 4294967295
rule add priority 4294967295 nop
-6 rule add priority 7 not from fd00::/8 to fd00::/16 iif lo oif eno1 fwmark 0x5/0xff \
    tos 0x10 ipproto udp lookup 1000 suppress_prefixlength 0
-6 rule add priority 7 from fd00::/8 lookup 300
-6 rule add priority 8 blackhole protocol 110
-6 rule add priority 10 ipproto udp dport 53 uidrange 1000-1000 lookup 300
-6 rule add priority 11 goto 12
-6 rule add priority 9 to 2001:db8::1 unreachable
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Lab() as lab:
        near, far = lab.host("near"), lab.host("far")
        lab.cable(near, "eno1", far, "eth0")
        lab.cable(near, "eno2", far, "eth1")
        with at_work(near) as engine:
            for line in filter(None, (ADDRESSES + ROUTES + RULES).splitlines()):
                engine.by_hand(*line.split())
            yield engine


def route_of(inet: str, shown: Json) -> Facts:
    """A route in netapply's words, as `ip` shows it."""
    kind = TYPES.get(int(shown["type"]), shown["type"])
    metrics = {name: value for part in shown.get("metrics", ()) for name, value in part.items()}
    return {
        "table": int(shown["table"]),
        "to": ANY[inet] if shown["dst"] == "default" else _prefix(inet, shown["dst"]),
        "metric": shown.get("metric", 0),
        "tos": int(shown.get("tos", "0"), 0),
        "type": kind,
        "nexthops": _hops(shown) if kind not in DEAD_ENDS and "nhid" not in shown else (),
        "nexthop": shown.get("nhid"),
        "src": shown.get("prefsrc"),
        "scope": SCOPES.get(int(shown["scope"]), shown["scope"]) if inet == "inet" else None,
        "protocol": int(shown["protocol"]),
        "realm": _realm(shown["flow"]) if "flow" in shown else None,
        "pref": shown.get("pref") if shown.get("pref") != "medium" else None,
        **{name: _metric(name, metrics) for name in METRICS if name not in NOT_IN_JSON},
    }


def _realm(flow: Json) -> str:
    return f"{flow['from']}/{flow['to']}" if flow.get("from", "0") != "0" else str(flow["to"])


def _metric(name: str, metrics: Json) -> Value:
    if name == "features":
        return tuple(word for word in ("ecn", "tcp_usec_ts") if word in metrics) or None
    shown = {METRIC_WORDS.get(word, word): value for word, value in metrics.items()}.get(name)
    return bool(shown) or None if name in SWITCHES else shown


def _prefix(inet: str, text: str) -> str:
    return text if "/" in text else f"{text}/{32 if inet == 'inet' else 128}"


def _hops(shown: Json) -> tuple[Nexthop, ...]:
    return tuple(sorted((_hop(hop) for hop in shown.get("nexthops", [shown])), key=str))


def _hop(shown: Json) -> Nexthop:
    via = shown.get("gateway") or shown.get("via", {}).get("host")
    return Nexthop(via, shown.get("dev"), shown.get("weight", 1), "onlink" in shown["flags"], encap_of(shown))


def encap_of(shown: Json) -> str | None:
    """The tunnel in the words of ip-route(8): its fields stand among those of the way itself."""
    kind = shown.get("encap")
    if kind is None:
        return None
    if kind == "mpls":
        ttl = f" ttl {shown['ttl']}" if "ttl" in shown else ""
        return encap_text(f"mpls {shown['dst']}{ttl}")
    words = [kind]
    for word in WORDS[kind]:
        value = shown.get("segs" if word == "segs" else word)
        if value not in (None, [], False):
            words += [word] if value is True else [word, ",".join(value) if word == "segs" else str(value)]
    return encap_text(" ".join(words))


def facts_of_route(route: Resource, *, everything: bool = False) -> Facts:
    """The same of what netapply read; with `everything`, also what iproute2 does not show in JSON."""
    _, _, table, to, metric, tos = route.key[:6]
    protocol = route.attributes["protocol"]
    unseen = set() if everything else NOT_IN_JSON
    attributes = {**dict.fromkeys(ATTRIBUTES), **route.attributes}
    return {
        **{name: value for name, value in attributes.items() if name not in unseen},
        "table": int(table), "to": to, "metric": int(metric), "tos": int(tos),
        "nexthops": tuple(sorted(route.attributes["nexthops"], key=str)),
        "protocol": PROTOCOLS[protocol] if protocol in PROTOCOLS else int(protocol),
    }  # fmt: skip


def routes_by_ip(engine: Engine, inet: str) -> list[Facts]:
    """What netapply should read: no table local, and no types that only the kernel makes."""
    shown = engine.ip("-N", FAMILY_OPTION[inet], "route", "show", "table", "all")
    routes = [route_of(inet, entry) for entry in shown]
    return [route for route in routes if route["table"] != TABLES["local"] and route["type"] in TYPES.values()]


def routes_by_netapply(engine: Engine, inet: str) -> list[Facts]:
    return [facts_of_route(route) for route in engine.observed().family("route") if route.key[1] == inet]


def rule_of(shown: Json) -> Facts:
    """A rule in netapply's words, as `ip` shows it."""
    return {
        "priority": shown["priority"],
        "src": None if shown["src"] == "all" else f"{shown['src']}/{shown.get('srclen', _full(shown['src']))}",
        "dst": f"{shown['dst']}/{shown.get('dstlen', _full(shown['dst']))}" if "dst" in shown else None,
        "iif": shown.get("iif"),
        "oif": shown.get("oif"),
        "fwmark": _number(shown.get("fwmark")),
        "fwmask": _number(shown.get("fwmask", "0xffffffff" if "fwmark" in shown else None)),
        "tos": _number(shown.get("tos")),
        "ipproto": int(shown["ipproto"].rpartition("-")[2]) if "ipproto" in shown else None,
        "invert": True if "not" in shown else None,
        "table": int(shown["table"]) if "table" in shown else None,
        "action": _action(shown),
        "goto": shown.get("goto"),
        "suppress_prefixlength": shown.get("suppress_prefixlen"),
        "suppress_ifgroup": int(shown["suppress_ifgroup"]) if "suppress_ifgroup" in shown else None,
        "sport": _range(shown, "sport", "sport_start", "sport_end"),
        "dport": _range(shown, "dport", "dport_start", "dport_end"),
        "uidrange": _range(shown, "", "uid_start", "uid_end"),
        "tun_id": shown.get("tun_id"),
        "l3mdev": True if "l3mdev" in shown else None,
        "realms": _realms(shown),
        "protocol": int(shown["protocol"]),
    }


def _range(shown: Json, single: str, first: str, last: str) -> str | None:
    if single in shown:
        return str(shown[single])
    if first not in shown:
        return None
    return str(shown[first]) if shown[first] == shown[last] else f"{shown[first]}-{shown[last]}"


def _realms(shown: Json) -> str | None:
    to = shown.get("flow_to")
    return None if to is None else f"{shown['flow_from']}/{to}" if "flow_from" in shown else str(to)


def _action(shown: Json) -> str:
    if "goto" in shown:
        return "goto"
    if "nop" in shown:
        return "nop"
    return str(ACTION.from_wire(int(shown["action"]))) if "action" in shown else "lookup"


def _full(address: str) -> int:
    return 128 if ":" in address else 32


def _number(text: str | None) -> int | None:
    return None if text is None else int(text, 0)


def rules_by_ip(engine: Engine, inet: str) -> list[Facts]:
    return [rule_of(entry) for entry in engine.ip("-N", FAMILY_OPTION[inet], "rule", "show")]


def rules_by_netapply(engine: Engine, inet: str) -> list[Facts]:
    rules = (rule for rule in engine.observed().family("rule") if rule.key[1] == inet)
    return [{**rule.attributes, "priority": int(rule.key[2])} for rule in rules]


def in_order(facts: list[Facts]) -> list[list[tuple[str, Value]]]:
    """Comparable, whatever the order of the kernel's tables and of the words."""
    return sorted((sorted(fact.items()) for fact in facts), key=str)


@pytest.mark.parametrize("inet", FAMILY_OPTION)
def test_routes_are_those_of_iproute2(engine: Engine, inet: str) -> None:
    mine, theirs = routes_by_netapply(engine, inet), routes_by_ip(engine, inet)
    assert len(theirs) > 12
    assert in_order(mine) == in_order(theirs)


@pytest.mark.parametrize("inet", FAMILY_OPTION)
def test_rules_are_those_of_iproute2_in_their_order(engine: Engine, inet: str) -> None:
    theirs = rules_by_ip(engine, inet)
    assert len(theirs) > 4
    assert rules_by_netapply(engine, inet) == theirs


def test_what_is_shown_can_be_applied(engine: Engine) -> None:
    """Every route, rule and nexthop object that somebody made: applying what `show` prints changes nothing."""
    shown = document(engine.observed())
    sections = {name: shown[name] for name in ("nexthops", "routes", "rules")}
    assert [len(section) for section in sections.values()] >= [4, 30, 18]
    assert not engine.plan(**sections)
