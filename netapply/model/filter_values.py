"""What a filter rule is written with, beside what an address translation knows: states, ICMP types, hooks."""

from __future__ import annotations

from typing import Annotated, Final, Literal, get_args

from pydantic import BeforeValidator

from netapply.model.nat_values import prefix
from netapply.model.values import link_name, text_of

Hook = Literal["forward", "input", "output"]
Rejection = Literal["port-unreachable", "host-unreachable", "admin-prohibited", "tcp-reset"]
State = Literal["established", "related", "new", "invalid", "untracked"]
IcmpType = Literal[
    "echo-request", "echo-reply", "destination-unreachable", "time-exceeded", "parameter-problem", "redirect",
    "router-solicitation", "router-advertisement", "packet-too-big", "neighbour-solicitation",
    "neighbour-advertisement", "timestamp-request", "timestamp-reply",
]  # fmt: skip
ICMP: Final[dict[str, dict[str, int]]] = {
    "inet": {
        "echo-reply": 0, "destination-unreachable": 3, "redirect": 5, "echo-request": 8, "router-advertisement": 9,
        "router-solicitation": 10, "time-exceeded": 11, "parameter-problem": 12, "timestamp-request": 13,
        "timestamp-reply": 14,
    },
    "inet6": {
        "destination-unreachable": 1, "packet-too-big": 2, "time-exceeded": 3, "parameter-problem": 4,
        "echo-request": 128, "echo-reply": 129, "router-solicitation": 133, "router-advertisement": 134,
        "neighbour-solicitation": 135, "neighbour-advertisement": 136, "redirect": 137,
    },
}  # fmt: skip
"""Numbers of the types (IANA, ICMP and ICMPv6 parameters)."""
_ORDER: Final = get_args(State)


def states(value: object) -> tuple[str, ...]:
    """One state or a list, each once and in one order: the order of a list means nothing."""
    items = value if isinstance(value, list | tuple) else [value]
    words = [text_of(item) for item in items]
    unknown = [word for word in words if word not in _ORDER]
    if unknown or not words:
        raise ValueError(f"{', '.join(unknown) or 'an empty list'} is no state; there are {', '.join(_ORDER)}")
    return tuple(state for state in _ORDER if state in words)


def network_or_link(value: object) -> str:
    """A network as a prefix, or the link that leads to it."""
    text = text_of(value)
    if text == "any" or text[:1].isdecimal() or set("/:") & set(text):
        found = prefix(text)
        if found.endswith("/0") or found == "any":
            raise ValueError("everything cannot be isolated; name one network, or the link that leads to it")
        return found
    return link_name(text)


States = Annotated[tuple[State, ...], BeforeValidator(states, json_schema_input_type=State | list[State])]
NetworkOrLink = Annotated[str, BeforeValidator(network_or_link)]
