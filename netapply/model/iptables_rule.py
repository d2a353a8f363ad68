"""A packet rule as iptables-save(8) prints it, nft and legacy variant alike, without chain and comment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from netapply.model.nat_values import bracketed
from netapply.model.packet_rule import PacketRule

REJECTIONS: Final = {
    "port-unreachable": ("icmp-port-unreachable", "icmp6-port-unreachable"),
    "host-unreachable": ("icmp-host-unreachable", "icmp6-addr-unreachable"),
    "admin-prohibited": ("icmp-admin-prohibited", "icmp6-adm-prohibited"),
    "tcp-reset": ("tcp-reset", "tcp-reset"),
}
"""What a rejected packet is answered with, for IPv4 and for IPv6 (iptables-extensions(8), REJECT)."""
STATES: Final = ("invalid", "new", "related", "established", "untracked")
"""The order in which iptables-save prints them."""


def spelled(rule: PacketRule) -> str:
    """The rule in the one spelling that iptables-save has for it."""
    return " ".join((*_matches(rule), _target(rule)))


def _matches(rule: PacketRule) -> Iterator[str]:
    options = (
        ("-s", rule.source), ("-d", rule.destination), ("! -d", rule.not_destination),
        ("-i", rule.iif), ("-o", rule.oif), ("-p", _protocol(rule)),
    )  # fmt: skip
    yield from (f"{option} {value}" for option, value in options if value)
    yield from _ports(rule)
    if rule.icmp is not None:
        name = "icmp --icmp-type" if rule.inet == "inet" else "icmp6 --icmpv6-type"
        yield f"-m {name} {rule.icmp}"
    if rule.states:
        yield f"-m conntrack --ctstate {','.join(state.upper() for state in STATES if state in rule.states)}"


def _protocol(rule: PacketRule) -> str | None:
    return "ipv6-icmp" if rule.proto == "icmp" and rule.inet == "inet6" else rule.proto


def _ports(rule: PacketRule) -> Iterator[str]:
    """One port or range of each side is the protocol's own match; a list is multiport's."""
    sides = (("--sport", "--sports", rule.source_ports), ("--dport", "--dports", rule.ports))
    single = [f"{one} {ports[0].replace('-', ':')}" for one, _, ports in sides if len(ports) == 1]
    if single:
        yield f"-m {rule.proto} {' '.join(single)}"
    for _, several, ports in sides:
        if len(ports) > 1:
            yield f"-m multiport {several} {','.join(ports).replace('-', ':')}"


def _target(rule: PacketRule) -> str:
    name, to, ports = rule.target
    if name == "masquerade":
        return "-j MASQUERADE" + (f" --to-ports {ports}" if ports else "")
    if name == "snat":
        return f"-j SNAT --to-source {_with_port(to, ports)}"
    if name == "dnat":
        return f"-j DNAT --to-destination {_with_port(to, _shifted(rule))}"
    if name == "zone":
        return f"-j CT --zone {to}"
    if name == "reject":
        return f"-j REJECT --reject-with {REJECTIONS[to][rule.inet == 'inet6']}"
    return f"-j {name.upper()}"


def _shifted(rule: PacketRule) -> str:
    """A range onto another keeps each port's place in it; without a base the kernel picks any."""
    ports = rule.target.ports
    return f"{ports}/{rule.ports[0].split('-')[0]}" if "-" in ports and ports != rule.ports[0] else ports


def _with_port(address: str, port: str) -> str:
    return f"{bracketed(address)}:{port}" if port else address
