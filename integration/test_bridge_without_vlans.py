"""A kernel that is built without VLANs of bridges: what does not need them works, the rest is refused at once.

On a kernel that has them, the same files simply work.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integration.fullkernel.features import has
from integration.test_contract_engine import Engine, at_work
from netapply.errors import MissingError
from netapply.lab import Lab
from netapply.show import document


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Lab() as lab:
        near, far = lab.host("near"), lab.host("far")
        lab.cable(near, "eno1", far, "eno1")
        with at_work(near) as engine:
            yield engine


def test_filtering_that_is_off_anyway_is_not_asked_for(engine: Engine) -> None:
    """Trap 41: such a kernel refuses even that (EOPNOTSUPP)."""
    engine.apply(links={"vmbr0": {"kind": "bridge", "vlan_filtering": False, "ports": ["eno1"]}})
    assert engine.ip_link("vmbr0")["linkinfo"]["info_data"]["vlan_filtering"] == 0


@pytest.mark.parametrize("said", [{"vlan_filtering": True}, {"vlan_default_pvid": 5}, {"vids": 10}], ids=str)
def test_vlans_are_refused_before_anything_is_touched(engine: Engine, said: dict[str, object]) -> None:
    """Trap 2: the kernel would take the default PVID, and do nothing."""
    links = {"vmbr0": {"kind": "bridge", "ports": ["eno1"], **said}}
    if has("vlan_filtering"):
        engine.apply(links=links)
        return
    with pytest.raises(MissingError, match="this kernel is built without VLANs of bridges"):
        engine.plan(links=links)
    assert "vmbr0" not in engine.host.interfaces()


def test_a_bridge_and_its_ports_are_shown_as_a_file_that_changes_nothing(engine: Engine) -> None:
    engine.apply(links={
        "vmbr0": {
            "kind": "bridge", "ports": ["eno1"], "mcast_querier": True, "mcast_query_interval": 60,
            "group_fwd_mask": 0x4000, "no_linklocal_learn": True, "mcast_startup_query_interval": "1.5s",
        },
        "eno1": {"bridge_port": {"isolated": True, "cost": 77, "mcast_router": 2}},
    })  # fmt: skip
    shown = document(engine.observed())
    assert shown["links"]["eno1"]["bridge_port"] == {"isolated": True, "cost": 77, "mcast_router": 2}
    assert "vids" not in shown["links"]["eno1"]
    assert not engine.plan(**{name: part for name, part in shown.items() if name != "version"}).changes
