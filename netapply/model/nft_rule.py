"""A packet rule as nft(8) prints it in JSON (libnftables-json(5)): the list of its expressions, as one text.

Protocols go as numbers, for nft finds their names only where there is an /etc/protocols.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from netapply.model.packet_rule import PacketRule

PROTOCOLS: Final = {"icmp": 1, "tcp": 6, "udp": 17, "esp": 50, "ipv6-icmp": 58, "icmpv6": 58, "sctp": 132}
REJECTIONS: Final = {
    "port-unreachable": ("port-unreachable", "port-unreachable"),
    "host-unreachable": ("host-unreachable", "addr-unreachable"),
    "admin-prohibited": ("admin-prohibited", "admin-prohibited"),
}
STATES: Final = ("invalid", "established", "related", "new", "untracked")
"""The order of their bits, in which nft prints them (src/ct.c)."""
LARGEST_MAP: Final = 1024
"""Ports that a shifted range can have here: nftables keeps a line for each."""

Expression = dict[str, Any]


def canonical(expressions: Iterable[Mapping[str, Any]]) -> str:
    """Expressions as text: equal where they mean the same in the same order."""
    return json.dumps([_numbered(item) for item in expressions], sort_keys=True, separators=(",", ":"))


def expressed(rule: PacketRule) -> str:
    """The rule's expressions. ValueError for what would take a map of too many ports."""
    return canonical((*_matches(rule), _target(rule)))


def _numbered(expression: Mapping[str, Any]) -> Mapping[str, Any]:
    match = expression.get("match")
    if not isinstance(match, dict) or match.get("left") != {"meta": {"key": "l4proto"}}:
        return expression
    right = match.get("right")
    return {"match": {**match, "right": PROTOCOLS.get(right, right) if isinstance(right, str) else right}}


def _match(left: Expression, right: Any, op: str = "==") -> Expression:
    return {"match": {"op": op, "left": left, "right": right}}


def _matches(rule: PacketRule) -> Iterator[Expression]:
    header = "ip6" if rule.inet == "inet6" else "ip"
    prefixes = (("saddr", rule.source, "=="), ("daddr", rule.destination, "=="), ("daddr", rule.not_destination, "!="))
    for field, prefix, op in prefixes:
        if prefix:
            yield _match(_payload(header, field), _prefix(prefix), op)
    for key, name in (("iifname", rule.iif), ("oifname", rule.oif)):
        if name:
            yield _match({"meta": {"key": key}}, _interface(name))
    yield from _protocol(rule)
    if rule.states:
        states = [state for state in STATES if state in rule.states]
        yield _match({"ct": {"key": "state"}}, states[0] if len(states) == 1 else states, "in")


def _payload(protocol: str, field: str) -> Expression:
    return {"payload": {"protocol": protocol, "field": field}}


def _prefix(prefix: str) -> Any:
    address, _, length = prefix.partition("/")
    whole = length == ("128" if ":" in address else "32")
    return address if whole else {"prefix": {"addr": address, "len": int(length)}}


def _interface(name: str) -> str:
    """`fwbr+` of iptables is `fwbr*` here, and a star that ends a name is escaped."""
    if name.endswith("+"):
        return f"{name[:-1]}*"
    return f"{name[:-1]}\\*" if name.endswith("*") else name


def _protocol(rule: PacketRule) -> Iterator[Expression]:
    """Nft leaves the protocol out where a port, a type or a reset tells it."""
    icmp6 = rule.proto == "icmp" and rule.inet == "inet6"
    if rule.icmp is not None:
        yield _match(_payload("icmpv6" if icmp6 else "icmp", "type"), ICMP_NAMES[rule.inet][rule.icmp])
    elif rule.ports or rule.source_ports:
        for field, ports in (("sport", rule.source_ports), ("dport", rule.ports)):
            if ports:
                yield _match(_payload(rule.proto or "", field), _ports(ports))
    elif rule.proto and rule.target.to != "tcp-reset":
        yield _match({"meta": {"key": "l4proto"}}, PROTOCOLS["icmpv6" if icmp6 else rule.proto])


ICMP_NAMES: Final[Mapping[str, Mapping[int, str]]] = {
    "inet": {
        0: "echo-reply", 3: "destination-unreachable", 5: "redirect", 8: "echo-request", 9: "router-advertisement",
        10: "router-solicitation", 11: "time-exceeded", 12: "parameter-problem", 13: "timestamp-request",
        14: "timestamp-reply",
    },
    "inet6": {
        1: "destination-unreachable", 2: "packet-too-big", 3: "time-exceeded", 4: "parameter-problem",
        128: "echo-request", 129: "echo-reply", 133: "nd-router-solicit", 134: "nd-router-advert",
        135: "nd-neighbor-solicit", 136: "nd-neighbor-advert", 137: "nd-redirect",
    },
}  # fmt: skip
"""As nft prints them (src/proto.c)."""


def _ports(ports: tuple[str, ...]) -> Any:
    values = [_port(port) for port in ports]
    return values[0] if len(values) == 1 else {"set": values}


def _port(port: str) -> Any:
    low, dash, high = port.partition("-")
    return {"range": [int(low), int(high)]} if dash else int(low)


def _target(rule: PacketRule) -> Expression:
    name, to, ports = rule.target
    if name == "zone":
        return {"mangle": {"key": {"ct": {"key": "zone"}}, "value": int(to)}}
    if name == "reject":
        return {"reject": _rejection(rule)}
    if name in ("accept", "drop"):
        return {name: None}
    low, dash, high = to.partition("-")
    said: Expression = {"addr": {"range": [low, high]} if dash else low} if to else {}
    if ports:
        said["port"] = _shifted(rule) if name == "dnat" else _port(ports)
    return {name: said or None}


def _rejection(rule: PacketRule) -> Expression:
    if rule.target.to == "tcp-reset":
        return {"type": "tcp reset"}
    six = rule.inet == "inet6"
    return {"type": "icmpv6" if six else "icmp", "expr": REJECTIONS[rule.target.to][six]}


def _shifted(rule: PacketRule) -> Any:
    """A range onto another is a map, port by port, so that each keeps its place."""
    ports = rule.target.ports
    if "-" not in ports or ports == rule.ports[0]:
        return _port(ports)
    (low, high), first = (int(end) for end in rule.ports[0].split("-")), int(ports.split("-")[0])
    if high - low >= LARGEST_MAP:
        raise ValueError(f"nftables maps a range port by port, here at most {LARGEST_MAP}; write several entries")
    lines = [[port, first + port - low] for port in range(low, high + 1)]
    return {"map": {"key": _payload(rule.proto or "", "dport"), "data": {"set": lines}}}
