"""Spellings that people use, and the one form that is compared with the kernel's."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv6Address
from socket import AF_INET6, inet_ntop

import pytest
from hypothesis import given
from hypothesis import strategies as some

from netapply.model import values
from netapply.model.rule import Rule
from netapply.model.sysctl import sysctl_path, sysctl_value


@pytest.mark.parametrize(
    ("read", "written", "canonical"),
    [
        (values.interface_address, "192.0.2.1/255.255.255.0", "192.0.2.1/24"),
        (values.interface_address, "2001:DB8:0:0::1/64", "2001:db8::1/64"),
        (values.network, "192.0.2.0/255.255.255.0", "192.0.2.0/24"),
        (values.network, "192.0.2.1", "192.0.2.1/32"),
        (values.network, "default", "default"),
        (values.ip_address, "::ffff:192.0.2.1", "::ffff:192.0.2.1"),
        (values.mac_address, "02-00-5E-10-00-01", "02:00:5e:10:00:01"),
        (values.whole_seconds, "5 min", 300),
        (values.whole_seconds, 15, 15),
        (values.alias_text, "", None),
        (sysctl_path, "net.ipv4.conf.eno1.5.proxy_arp", "net/ipv4/conf/eno1.5/proxy_arp"),
        (sysctl_path, "net/ipv4/conf/eno1.5/proxy_arp", "net/ipv4/conf/eno1.5/proxy_arp"),
        (sysctl_value, "4096\t16384  4194304", "4096 16384 4194304"),
        (sysctl_value, "True", "1"),
        (sysctl_value, False, "0"),
    ],
)
def test_a_spelling_becomes_canonical(read: Callable[[object], object], written: object, canonical: object) -> None:
    assert read(written) == canonical


@pytest.mark.parametrize(
    ("read", "written"),
    [
        (values.interface_address, "192.0.2.1"), (values.interface_address, "192.0.2.1/33"),
        (values.interface_address, "192.0.2.1/"), (values.interface_address, "fe80::1%eno1/64"),
        (values.interface_address, "0.0.0.0/0"), (values.interface_address, "ff02::1/64"),
        (values.interface_address, "192.0.2.1/255.0.255.0"), (values.interface_address, "192.0.2.1/\u0662"),
        (values.network, "192.0.2.1/24"), (values.ip_address, "192.0.2.01"), (values.link_name, "a" * 16),
        (values.link_name, "ä" * 8), (values.link_name, "eth%d"), (values.link_name, ["eno1"]),
        (values.link_name, None), (values.link_name, "a\u202eb"), (values.alternative_name, "a" * 128),
        (values.whole_seconds, "1.5"), (values.whole_seconds, "9" * 5000), (values.alias_text, "ä" * 128),
        (values.mac_address, "00:00:00:00:00:00"), (sysctl_path, "net/ipv4/../../kernel/panic"),
        (sysctl_path, "kernel.panic"), (sysctl_value, ""), (sysctl_value, {}),
    ],
)  # fmt: skip
def test_what_the_kernel_cannot_hold_is_refused(read: Callable[[object], object], written: object) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read(written)


@given(some.ip_addresses(v=6))
def test_an_ipv6_address_reads_as_a_decoded_message_shows_it(address: IPv6Address) -> None:
    if address.ipv4_mapped or int(address) >= 2**32:  # below are the loopback and a form that nothing uses
        assert values.ip_address(address.exploded) == inet_ntop(AF_INET6, address.packed)


def test_a_rule_keeps_the_zeros_that_mean_something() -> None:
    rule = Rule.model_validate({"priority": 5, "table": 100, "suppress_prefixlength": 0, "from": "0.0.0.0/0"})
    assert rule.resource().attributes == {"table": 100, "action": "lookup", "suppress_prefixlength": 0}


def test_a_rule_for_mark_zero_compares_the_mask_alone() -> None:
    """The kernel's dump leaves a mark of 0 out (net/core/fib_rules.c, fib_nl_fill_rule)."""
    attributes = Rule(priority=5, table=100, fwmark=0).resource().attributes
    assert attributes == {"table": 100, "action": "lookup", "fwmask": 2**32 - 1}
