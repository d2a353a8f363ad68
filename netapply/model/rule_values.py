"""Ports, users and protocols of a rule, as ip-rule(8) writes them and in the one form that is compared."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BeforeValidator

from netapply.model.values import text_of

PROTOCOLS: Final = {
    "icmp": 1, "igmp": 2, "tcp": 6, "udp": 17, "dccp": 33, "gre": 47, "esp": 50, "ah": 51, "ipv6-icmp": 58,
    "icmpv6": 58, "ospf": 89, "pim": 103, "vrrp": 112, "l2tp": 115, "sctp": 132,
}  # fmt: skip
"""Names of protocols(5) in daily use."""


def protocol_number(value: object) -> object:
    """A number, or the number of a name; what is neither stays as it is, for the field to refuse."""
    return PROTOCOLS.get(text_of(value).lower(), value)


def _range(value: object, low: int, high: int, what: str) -> str:
    text = text_of(value)
    first, dash, last = text.partition("-")
    parts = [first, last] if dash else [first]
    numbers = [int(part) for part in parts if part.isascii() and part.isdecimal() and len(part) <= 10]
    good = len(numbers) == len(parts) and all(low <= number <= high for number in numbers)
    if not good or numbers[0] > numbers[-1]:
        raise ValueError(f"{text!r} is no {what} from {low} to {high}, and no range like {low + 1}-{low + 9}")
    return str(numbers[0]) if numbers[0] == numbers[-1] else f"{numbers[0]}-{numbers[-1]}"


def port_range(value: object) -> str:
    """`80`, or `8000-8010` (include/net/fib_rules.h, fib_rule_port_range_valid)."""
    return _range(value, 1, 65534, "port")


def uid_range(value: object) -> str:
    """`1000`, or `0-99`."""
    return _range(value, 0, 2**32 - 2, "user number")


IpProtocol = Annotated[int, BeforeValidator(protocol_number, json_schema_input_type=int | str)]
PortRange = Annotated[str, BeforeValidator(port_range, json_schema_input_type=int | str)]
UidRange = Annotated[str, BeforeValidator(uid_range, json_schema_input_type=int | str)]
