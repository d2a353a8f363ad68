"""Text as people write it, and the one canonical form that every stage compares.

Each type is a pydantic annotation: it accepts the spellings in daily use and yields the form in
which the kernel reports the same thing, so that equal means equal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

_FORBIDDEN_IN_NAMES: Final = re.compile(r"[/:\s\x00-\x1f\x7f]")
_MAC: Final = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_DURATION: Final = re.compile(r"([0-9]{1,10})\s*(s|sec|min|m|h|d)?")
_FACTORS: Final = {None: 1, "s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
IFNAMSIZ: Final = 16
"""Size of a link name in the kernel, its closing NUL included (include/uapi/linux/if.h)."""
IFALIASZ: Final = 256
"""Size of a link's alias in the kernel, its closing NUL included."""
_NETMASKS: Final = {str(IPv4Address(2**32 - 2 ** (32 - size))): size for size in range(1, 33)}


def text_of(value: object) -> str:
    """The text of a single value: str() would make a list or a mapping pass for a name."""
    if type(value) is str:  # as in every file, and thousands of times
        return value
    if value is None or isinstance(value, Mapping | list | tuple | set):
        raise ValueError("a single value is expected; write one word or number")
    return str(value)


def link_name(value: object) -> str:
    """A name that the kernel takes (net/core/dev.c, dev_valid_name)."""
    name = text_of(value)
    size = len(name.encode())
    if not name or name in (".", "..") or "%" in name or not _fit_for_names(name):
        raise ValueError(f"{name!r} is no link name: no spaces, '/', ':' or '%', not empty, '.' or '..'")
    if size >= IFNAMSIZ:
        raise ValueError(f"{name!r} has {size} bytes; a link name has at most {IFNAMSIZ - 1}")
    if name in ("all", "default"):
        raise ValueError(f"{name!r} is reserved: /proc/sys/net/*/conf/{name} means something else")
    return name


def _fit_for_names(name: str) -> bool:
    return name.isprintable() and not _FORBIDDEN_IN_NAMES.search(name)


def alternative_name(value: object) -> str:
    """An altname: like a link name, with up to 127 bytes (ALTIFNAMSIZ)."""
    name = text_of(value)
    if not name or not _fit_for_names(name) or len(name.encode()) >= 128:
        raise ValueError(f"{name!r} is no altname: 1 to 127 bytes without spaces, '/' and ':'")
    return name


def alias_text(value: object) -> str | None:
    """A link's alias; to the kernel an empty one is none (net/core/dev.c, dev_set_alias)."""
    text = text_of(value)
    size = len(text.encode())
    if size >= IFALIASZ or not text.isprintable():
        raise ValueError(f"an alias is one line of at most {IFALIASZ - 1} bytes; this one has {size}")
    return text or None


def mac_address(value: object) -> str:
    """An EUI-48 in the kernel's spelling: lower case, colons."""
    text = text_of(value).lower().replace("-", ":")
    if not _MAC.fullmatch(text):
        raise ValueError(f"{value!r} is no MAC address; write it like 02:00:5e:10:00:01")
    if int(text[:2], 16) & 1:
        raise ValueError(f"{value!r} is a group address; a link needs a unicast one (first byte even)")
    if text == "00:00:00:00:00:00":
        raise ValueError("00:00:00:00:00:00 is no address that a link can have")
    return text


def whole_seconds(value: object) -> int:
    """A duration: `15`, `15s`, `5min`, `1h`. Whole seconds, because kernel clocks round finer ones."""
    match = _DURATION.fullmatch(text_of(value).strip())
    if match is None:
        raise ValueError(f"{value!r} is no duration in whole seconds; write it like 15s or 5min")
    return int(match[1]) * _FACTORS[match[2]]


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    """The address; None if it is none. A zone (`fe80::1%eno1`) is no part of an address here."""
    try:
        return IPv4Address(text) if ":" not in text else IPv6Address(text) if "%" not in text else None
    except ValueError:
        return None


def _canonical(address: IPv4Address | IPv6Address) -> str:
    """The spelling of inet_ntop(3), which is also what a decoded netlink message shows."""
    if address.version == 4:
        return str(address)
    if address.ipv4_mapped:
        return f"::ffff:{address.ipv4_mapped}"
    compatible = 2**16 <= int(address) < 2**32  # RFC 4291, 2.5.5.1
    return f"::{IPv4Address(int(address))}" if compatible else str(address)


def ip_address(value: object) -> str:
    """One IPv4 or IPv6 address in canonical text (RFC 5952)."""
    text = text_of(value)
    address = _parsed(text)
    if address is None:
        raise ValueError(f"{text!r} is no IP address")
    return _canonical(address)


def _prefix_length(text: str, bits: int) -> int | None:
    """The length of a prefix written as `24` or, for IPv4, as a netmask; None if it is neither."""
    if text.isascii() and text.isdecimal() and len(text) <= 3 and int(text) <= bits:
        return int(text)
    return _NETMASKS.get(text) if bits == 32 else None


def _with_prefix(text: str, what: str) -> tuple[IPv4Address | IPv6Address, int]:
    """Address and length of the prefix; `what` says what the text was meant to be."""
    before, slash, prefix = text.partition("/")
    address = _parsed(before)
    if address is None:
        raise ValueError(f"{text!r} is no {what}: {before!r} is no IP address")
    length = _prefix_length(prefix, address.max_prefixlen) if slash else address.max_prefixlen
    if length is None:
        raise ValueError(f"{text!r} is no {what}: the prefix length is 0 to {address.max_prefixlen}")
    return address, length


def interface_address(value: object, *, group: bool = False) -> str:
    """An address with the length of its prefix, as `ip address add` takes it; with `group`, also a multicast one."""
    text = text_of(value)
    if "/" not in text and _parsed(text):
        raise ValueError(f"{text!r} has no prefix length; write it like {text}/{64 if ':' in text else 24}")
    address, length = _with_prefix(text, "address with a prefix")
    if (address.is_multicast and not group) or address.is_unspecified:
        word = "multicast" if address.is_multicast else "all zeros"
        raise ValueError(f"{text!r} is no address that a link can have: it is {word}")
    return f"{_canonical(address)}/{length}"


def address_with_prefix(value: object) -> str:
    """The same, and multicast groups."""
    return interface_address(value, group=True)


def network(value: object) -> str:
    """A destination prefix; `default` stays a word until its family is known."""
    text = text_of(value)
    if text == "default":
        return text
    address, length = _with_prefix(text, "network")
    host_bits = address.max_prefixlen - length
    first = type(address)(int(address) >> host_bits << host_bits)
    if first != address:
        right = f"{_canonical(first)}/{length}"
        raise ValueError(f"{text!r} is no network: bits after /{length} are set; write {right}")
    return f"{_canonical(address)}/{length}"


def family_of(address: str) -> str:
    """`inet` or `inet6`, as iproute2 calls them."""
    return "inet6" if ":" in address else "inet"


LinkName = Annotated[str, BeforeValidator(link_name)]
AlternativeName = Annotated[str, BeforeValidator(alternative_name)]
Mac = Annotated[str, BeforeValidator(mac_address)]
Alias = Annotated[str | None, BeforeValidator(alias_text, json_schema_input_type=str)]
Seconds = Annotated[int, BeforeValidator(whole_seconds, json_schema_input_type=int | str)]
IpAddress = Annotated[str, BeforeValidator(ip_address)]
InterfaceAddress = Annotated[str, BeforeValidator(interface_address)]
Network = Annotated[str, BeforeValidator(network)]
Mtu = Annotated[int, Field(ge=68, le=65536)]
"""Bytes; the loopback has the largest, 64 KiB."""
