"""How a link makes itself IPv6 addresses: set before it comes up, read back, and put back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from integration.test_contract_engine import Engine, at_work
from netapply.errors import InputError
from netapply.lab import Lab

Json = Any


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Lab() as lab, at_work(lab.host("near")) as engine:
        lab.cable(engine.host, "eno1", lab.host("far"), "eno1")
        yield engine


def mode(engine: Engine, link: str) -> str:
    return str(engine.ip_link(link)["inet6_addr_gen_mode"])


def token(engine: Engine, link: str) -> str:
    done = engine.run_ip("token", "get", "dev", link)
    return done.stdout.split()[1]


def link_local(engine: Engine, link: str) -> list[str]:
    shown = engine.ip("-6", "address", "show", "dev", link)
    return [each["local"] for link_shown in shown for each in link_shown["addr_info"] if each]


@pytest.mark.parametrize("wish", ["none", "random", "stable_secret", "eui64"])
def test_a_mode_is_set_and_goes_back(engine: Engine, wish: str) -> None:
    engine.by_hand("link", "set", "eno1", "addrgenmode", "random" if wish != "random" else "none")
    if wish == "stable_secret":
        engine.host.sysctl("net.ipv6.conf.eno1.stable_secret", "2001:db8::1")
        engine.by_hand("link", "set", "eno1", "addrgenmode", "random")
    engine.apply(links={"eno1": {"ipv6": {"addrgen": wish}}})
    assert mode(engine, "eno1") == wish
    engine.apply(links={"eno1": {}})
    assert mode(engine, "eno1") == "eui64"
    engine.netapply.rollback().apply()
    assert mode(engine, "eno1") == (wish if wish != "eui64" else "random"), "before the last change"


def test_a_link_without_link_local_address_never_has_one(engine: Engine) -> None:
    """A mode that comes after the link is up is too late: the address is there and stays."""
    engine.apply(links={"br0": {"kind": "bridge", "ports": ["eno1"], "ipv6": {"addrgen": "none"}}})
    assert link_local(engine, "br0") == []
    assert "UP" in engine.ip_link("br0")["flags"]


def test_a_token_is_set_and_taken_away(engine: Engine) -> None:
    engine.host.sysctl("net.ipv6.conf.eno1.router_solicitations", 3)  # the kernel wants to hear of routers
    engine.apply(links={"eno1": {"ipv6": {"token": "::53"}}})
    assert token(engine, "eno1") == "::53"
    engine.apply(links={"eno1": {"ipv6": {"token": "::54"}}})
    assert token(engine, "eno1") == "::54"
    engine.apply(links={"eno1": {}})
    assert token(engine, "eno1") == "::"


def test_what_is_shown_can_be_applied(engine: Engine) -> None:
    engine.by_hand("link", "set", "eno1", "addrgenmode", "none")
    said = engine.netapply.show()["links"]["eno1"]
    assert said["ipv6"] == {"addrgen": "none"}
    assert not engine.plan(links={"eno1": said})


@pytest.mark.parametrize("bad", ["2001:db8::1", "::", "192.0.2.1"])
def test_a_token_is_the_lower_half_of_an_address(engine: Engine, bad: str) -> None:
    with pytest.raises(InputError, match="is no token"):
        engine.plan(links={"eno1": {"ipv6": {"token": bad}}})
