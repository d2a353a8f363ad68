"""A route that names a VRF goes to that VRF's table."""

from __future__ import annotations

import pytest

from netapply.errors import InputError, MissingError
from netapply.model.resource import Desired, Resource, State
from netapply.sources import loads
from netapply.vrf_routes import with_vrf_tables

RED = Resource(("link", "red"), "vrf", {"table": 1010})


def wish(*routes: str) -> Desired:
    return loads(f"{{version: 1, routes: [{', '.join(routes)}]}}")


def tables(desired: Desired) -> list[str]:
    return [route.key[2] for route in desired.family("route")]


def test_the_table_is_that_of_the_files_vrf_before_that_of_the_host() -> None:
    desired = wish("{to: 10.0.0.0/8, vrf: red, via: 192.0.2.1}", "{to: 10.0.0.0/8, via: 192.0.2.1}")
    desired.add(Resource(("link", "red"), "vrf", {"table": 77}))
    assert tables(with_vrf_tables(desired, State({RED.key: RED}))) == ["77", "254"]
    assert list(desired.resources) == [resource.key for resource in desired]


def test_a_vrf_of_the_host_will_do() -> None:
    assert tables(with_vrf_tables(wish("{to: default, vrf: red, dev: eno1}"), State({RED.key: RED}))) == ["1010"]


@pytest.mark.parametrize("present", [{}, {("link", "red"): Resource(("link", "red"), "bridge", {})}])
def test_without_a_vrf_of_that_name_it_is_refused(present: dict[tuple[str, ...], Resource]) -> None:
    with pytest.raises(MissingError, match=r"neither the file nor the host has a VRF.*; <string>:1:"):
        with_vrf_tables(wish("{to: default, vrf: red, dev: eno1}"), State(present))


def test_the_same_route_by_number_and_by_name_is_refused() -> None:
    desired = wish("{to: 10.0.0.0/8, vrf: red, dev: eno1}", "{to: 10.0.0.0/8, table: 1010, dev: eno1}")
    with pytest.raises(InputError, match="twice"):
        with_vrf_tables(desired, State({RED.key: RED}))


def test_vrf_and_table_contradict_each_other() -> None:
    with pytest.raises(InputError, match="leave table out"):
        wish("{to: 10.0.0.0/8, vrf: red, table: 9, dev: eno1}")
