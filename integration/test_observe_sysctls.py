"""Per-interface parameters out of the link dump, and what is put back with a link that was made again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.test_contract_engine import Engine, at_work
from netapply.errors import KernelError, RolledBackError
from netapply.kernel.observe import observe
from netapply.kernel.sysctls import OTHERWISE, ROOT, link_settings, read_file, write_sysctl
from netapply.lab import Lab
from netapply.model.resource import Resource

LINK = "eno1.700"
"""With a dot: the whole path must be right, not only its parts."""
PROTOCOLS = ("ipv4", "ipv6")
SOME_VALUES = ("1", "2", "3", "0", "7")
READ_ONLY = {"mc_forwarding"}
FOLLOWS = {"mtu"}
SECRET = {"stable_secret"}
"""Cannot be read until somebody sets it, and takes no number."""


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Lab() as lab:
        near = lab.host("near")
        lab.cable(near, LINK, lab.host("far"), "eth0")
        with at_work(near) as engine:
            yield engine


def unsettle(tree: str) -> dict[str, str]:
    """Give every parameter below a directory another value; path and value of those that took one."""
    moved = {}
    for file in sorted((ROOT / tree).iterdir()):
        path, before = f"{tree}/{file.name}", read_file(f"{tree}/{file.name}")
        for value in SOME_VALUES:
            if before is not None and value != before and _takes(path, value):
                moved[path] = str(read_file(path))
                break
    return moved


def _takes(path: str, value: str) -> bool:
    before = read_file(path)
    try:
        write_sysctl(path, value)
    except KernelError:
        return False
    return read_file(path) != before


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_dump_says_what_proc_says(engine: Engine, protocol: str) -> None:
    """Of every name, with another value in each, so that no two can be mixed up unseen."""
    tree = f"net/{protocol}/conf/{LINK}"
    with engine.netapply.session() as session:
        moved = unsettle(tree)
        settings = link_settings(protocol, observe(session.netlink).settings[LINK])
        by_file = {name: read_file(f"{tree}/{name}") for name in settings}
    assert settings == by_file
    assert {f"{tree}/{name}" for name in settings} <= moved.keys()
    assert settings.keys() & OTHERWISE == set()
    assert len(settings) > 20


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_everything_unusual_is_remembered(engine: Engine, protocol: str) -> None:
    """Also what no message holds: a link that is made again must get all of it back."""
    trees = [f"net/{protocol}/{tree}/{LINK}" for tree in ("conf", "neigh")]
    with engine.netapply.session() as session:
        moved = {path: value for tree in trees for path, value in unsettle(tree).items()}
        remembered = observe(session.netlink).unusual_settings(LINK)
        values = {path: read_file(path) for path in moved}  # one may drag another along
        untouched = {file.name for tree in trees for file in (ROOT / tree).iterdir()}
    untouched -= {Path(path).name for path in moved}
    found = {item.name: item.attributes["value"] for item in remembered if item.name.startswith(f"net/{protocol}/")}
    wanted = {path: value for path, value in values.items() if Path(path).name not in FOLLOWS}
    assert {path: value for path, value in wanted.items() if found.get(path) != value} == {}
    assert untouched <= READ_ONLY | FOLLOWS | SECRET


def test_an_untouched_link_has_nothing_unusual(engine: Engine) -> None:
    with engine.netapply.session() as session:
        assert observe(session.netlink).unusual_settings(LINK) == []


def test_a_link_that_is_made_again_gets_its_parameters_back(engine: Engine) -> None:
    """After an undo, too: here the address of the second wish is one that the kernel refuses."""
    links = {"probe": {"kind": "vxlan", "vni": 7, "sysctl": {"ipv4.proxy_arp": 1}}}
    engine.apply(links=links)
    unusual = {"net/ipv6/conf/probe/keep_addr_on_down": "1", "net/ipv4/neigh/probe/gc_stale_time": "77"}
    with engine.netapply.session():
        for path, value in unusual.items():
            write_sysctl(path, value)
    plan = engine.plan(links={"probe": {**links["probe"], "vni": 8}}, routes=[{"to": "10.0.0.0/8", "via": "192.0.2.9"}])
    with pytest.raises(RolledBackError, match="everything is as it was before"):
        plan.apply()
    with engine.netapply.session():
        assert {path: read_file(path) for path in unusual} == unusual
        assert read_file("net/ipv4/conf/probe/proxy_arp") == "1"


def test_what_a_global_parameter_overwrites_is_observed_with_it(engine: Engine) -> None:
    paths = ("net/ipv4/ip_forward", f"net/ipv4/conf/{LINK}/proxy_arp", "net/ipv4/none")
    with engine.netapply.session() as session:
        state = observe(session.netlink, [("sysctl", path) for path in paths])
        found = {item.name: item.attributes["value"] for item in state.family("sysctl")}
        assert found == {path: read_file(path) for path in found}
    assert f"net/ipv4/conf/{LINK}/forwarding" in found
    assert "net/ipv4/conf/default/forwarding" in found
    assert "net/ipv4/none" not in found


def test_a_parameter_of_a_link_with_a_dot_in_its_name_is_written(engine: Engine) -> None:
    engine.apply(links={LINK: {"sysctl": {"ipv4.proxy_arp": 1, "ipv6.neigh.gc_stale_time": 61}}})
    with engine.netapply.session():
        assert read_file(f"net/ipv4/conf/{LINK}/proxy_arp") == "1"
        assert read_file(f"net/ipv6/neigh/{LINK}/gc_stale_time") == "61"
    engine.apply(links={LINK: {}})
    with engine.netapply.session():
        assert read_file(f"net/ipv4/conf/{LINK}/proxy_arp") == "0"
        assert read_file(f"net/ipv6/neigh/{LINK}/gc_stale_time") == "60"


def test_a_parameter_that_the_kernel_refuses_is_named(engine: Engine) -> None:
    wish = Resource(("sysctl", f"net/ipv4/conf/{LINK}/rp_filter"), "sysctl", {"value": "words"})
    with pytest.raises(KernelError, match=r"cannot set .*eno1\.700.rp_filter to words: Invalid argument \(EINVAL\)"):
        engine.restore(wish)
