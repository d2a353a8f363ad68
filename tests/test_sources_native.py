"""What holds for every desired state: ready plans, the schema, size, and what an import costs."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from netapply.kinds import KINDS
from netapply.sources import load, loads
from netapply.sources.document import Document, schema

PLANS = Path(__file__).parent.parent / "plans"
SCENARIOS = ["bridge", "disable-ipv6", "masquerade", "port-forward", "routed", "vxlan-pair", "vxlan-pair-b"]


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_plan_says_what_it_is_for_and_is_right(name: str) -> None:
    path = PLANS / f"{name}.yaml"
    first, second, *_ = path.read_text().splitlines()
    assert first.startswith("# ")
    assert second.startswith("# ")
    desired = load([path])
    assert len(desired) > 0
    assert desired.notes == []


def test_the_bridge_plan_is_the_documented_one() -> None:
    desired = load([PLANS / "bridge.yaml"])
    bridge, port = desired.link("vmbr0"), desired.link("eno1")
    assert bridge is not None
    assert port is not None
    assert bridge.attributes == {"up": True, "stp": False, "forward_delay": 0}
    assert port.attributes["master"] == "vmbr0"
    assert ("address", "vmbr0", "192.168.10.2/24") in desired


def test_the_vxlan_plans_are_two_halves() -> None:
    ends = [load([PLANS / f"{name}.yaml"]).link("vxlan_myvnet1") for name in ("vxlan-pair", "vxlan-pair-b")]
    first, second = (end.attributes for end in ends if end is not None)
    assert (first["local"], first["remote"]) == (second["remote"], second["local"])
    assert first["vni"] == second["vni"]


def test_the_schema_knows_every_kind_with_its_attributes() -> None:
    described: dict[str, Any] = schema()
    links = described["properties"]["links"]["additionalProperties"]["oneOf"]
    kinds = {item["properties"].get("kind", {}).get("const", ""): item for item in links}
    assert set(kinds) == {kind.kind for kind in KINDS}
    for kind in KINDS:
        assert set(kind.model_fields) <= set(kinds[kind.kind]["properties"])
    assert kinds["vxlan"]["required"] == ["kind"]
    assert kinds["macvlan"]["required"] == ["kind", "link"]
    assert set(described["properties"]) == set(Document.model_fields)


def _many(count: int) -> str:
    links = (
        f"  br{number}:\n    kind: bridge\n    stp: false\n    forward_delay: 0s\n"
        f"    addresses: [10.{number // 250}.{number % 250}.1/24]\n"
        for number in range(count)
    )
    return "version: 1\nlinks:\n" + "".join(links)


def test_a_thousand_bridges_are_all_there() -> None:
    started = time.process_time()
    desired = loads(_many(1_000))
    assert time.process_time() - started < 5  # seconds, a hundred times what it takes: only a blow-up fails
    assert len(desired) == 2_000
    assert len(desired.authoritative) == 1_000


def test_a_long_chain_of_links_is_no_loop() -> None:
    """Far longer than the interpreter's stack is deep."""
    links = (f"  vx{at}: {{kind: vxlan, vni: {at + 1}, dev: vx{at + 1}}}\n" for at in range(3_000))
    assert len(loads("version: 1\nlinks:\n" + "".join(links))) == 3_000


def test_a_source_imports_no_netlink() -> None:
    code = "import sys, netapply.sources.native; sys.exit('pyroute2' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PLANS.parent, timeout=60)


def test_importing_the_package_of_sources_costs_nothing() -> None:
    code = "import sys, netapply.sources; sys.exit('pydantic' in sys.modules or 'yaml' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PLANS.parent, timeout=60)
