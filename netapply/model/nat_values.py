"""What an address translation is written with: prefixes, ranges of addresses, ports, targets, interfaces.

Each canonical form is the text from which iptables-save(8)'s own spelling follows without looking again.
"""

from __future__ import annotations

import re
from ipaddress import ip_address as parsed_address
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator

from netapply.model.values import family_of, ip_address, link_name, network, text_of

ANY: Final = "any"
EVERYTHING: Final = (ANY, "0.0.0.0/0", "::/0")
MULTIPORT: Final = 15
"""Ports that one rule can list; a range counts twice (linux/netfilter/xt_multiport.h)."""
_PORTS: Final = re.compile(r"([0-9]{1,5})(?:\s*-\s*([0-9]{1,5}))?")
_TARGET: Final = re.compile(r"\[(?P<inet6>[^]]*)](?::(?P<port6>.*))?|(?P<inet>[^:]*):(?P<port>[^:]*)|(?P<plain>.*)")


def _current(address: str) -> str:
    """Refuse `::192.0.2.1` (IPv4-compatible, RFC 4291, 2.5.5.1): not in use, and spelled in two ways."""
    if ":" in address and 2**16 <= int(parsed_address(address)) < 2**32:
        raise ValueError(f"{address!r} is an IPv4-compatible IPv6 address, which nothing uses any more")
    return address


def host(value: object) -> str:
    """An address that a packet can come from."""
    address = _current(ip_address(value))
    if parsed_address(address).is_multicast or parsed_address(address).is_unspecified:
        raise ValueError(f"{address!r} is no address of a host: it is multicast or all zeros")
    return address


def hosts(value: object) -> str:
    """One address, or a range `198.51.100.5-198.51.100.9`."""
    first, dash, last = (part.strip() for part in text_of(value).partition("-"))
    low, high = host(first), host(last if dash else first)
    if family_of(low) != family_of(high):
        raise ValueError(f"the range {low}-{high} mixes IPv4 and IPv6")
    if int(parsed_address(low)) > int(parsed_address(high)):
        raise ValueError(f"the range {low}-{high} runs backwards; write {high}-{low}")
    return low if low == high else f"{low}-{high}"


def prefix(value: object) -> str:
    """A network, one address, or `any`; always with its length, except for `any`."""
    text = text_of(value)
    if text == ANY:
        return ANY
    if text == "default":
        raise ValueError("'default' is a route's word; here it is 'any'")
    found = network(text)
    _current(found.partition("/")[0])
    return found


def shown(prefix: str) -> str:
    """A prefix as a person writes it: a single address without its length."""
    address, _, length = prefix.partition("/")
    alone = length == ("128" if ":" in address else "32")
    return ANY if prefix in EVERYTHING else address if alone else prefix


def interface(value: object) -> str:
    """A link's name; to iptables one that ends in `+` stands for any ending (iptables(8))."""
    name = link_name(value)
    if name == "+" or name.startswith("-") or set(name) & set("\"'\\!"):
        raise ValueError(f"{name!r} cannot stand in an iptables rule: no quotes, '\\', '!' or leading '-', no lone '+'")
    return name


def port_range(value: object) -> str:
    """`8080`, or `8000-8010`."""
    text = text_of(value).strip()
    match = _PORTS.fullmatch(text)
    low, high = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 1 <= low <= high <= 65535:
        raise ValueError(f"{text!r} is no port: a number from 1 to 65535, or a range like 8000-8010")
    return str(low) if low == high else f"{low}-{high}"


def port_list(value: object) -> tuple[str, ...]:
    """Ports and ranges in ascending order, each once: the order of a list means nothing."""
    items = value if isinstance(value, list | tuple) else [value]
    listed = sorted({port_range(item) for item in items}, key=lambda item: [int(end) for end in item.split("-")])
    if not 1 <= sum(2 if "-" in item else 1 for item in listed) <= MULTIPORT:
        raise ValueError(f"one rule holds 1 to {MULTIPORT} ports, a range counts twice; write several entries")
    return tuple(listed)


def bracketed(address: str) -> str:
    """An address in front of a port."""
    return f"[{address}]" if ":" in address else address


def target(value: object) -> str:
    """Where packets go: an address, `10.10.10.5:80`, `[2001:db8::5]:80`, or with a range of ports."""
    text = text_of(value).strip()
    match = _TARGET.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no address; write it like 10.10.10.5:80 or [2001:db8::5]:80")
    address = host(next(part for part in (match["inet6"], match["inet"], match["plain"]) if part is not None))
    if match["inet6"] is not None and ":" not in address:
        raise ValueError(f"{text!r}: only an IPv6 address stands in brackets")
    port = match["port6"] if match["port"] is None else match["port"]
    return address if port is None else f"{bracketed(address)}:{port_range(port)}"


def split_target(target: str) -> tuple[str, str]:
    """Address and port of a canonical target; the port is empty where there is none."""
    if target.startswith("["):
        address, _, port = target[1:].partition("]:")
        return address, port
    return (target, "") if target.count(":") > 1 else (target.partition(":")[0], target.partition(":")[2])


Prefix = Annotated[str, BeforeValidator(prefix)]
Hosts = Annotated[str, BeforeValidator(hosts)]
Translated = Annotated[str, BeforeValidator(target)]
Interface = Annotated[str, BeforeValidator(interface)]
PortRange = Annotated[str, BeforeValidator(port_range, json_schema_input_type=int | str)]
PortList = Annotated[tuple[str, ...], BeforeValidator(port_list, json_schema_input_type=int | str | list[int | str])]
Family = Literal["inet", "inet6"]
