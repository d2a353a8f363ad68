"""Plans against golden files: tests/cases/plan/NAME/{desired.yaml, observed.json, owned.json, plan.txt}."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.plan_golden import CASES, plan_of

NAMES = sorted(case.name for case in CASES.iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_golden(name: str) -> None:
    assert plan_of(CASES / name) == (CASES / name / "plan.txt").read_text(encoding="utf-8")


def test_every_documented_rule_has_its_case() -> None:
    rules = {
        "address-moves-to-the-bridge", "daemon-route-refused", "default-route-after-its-subnet",
        "deletion-from-the-top", "foreign-upper-refused", "link-parameters-before-up", "missing-device",
        "nat-last", "parameters-of-the-host-first", "ports-after-their-bridge", "recreated-master-takes-ports-back",
        "rule-without-a-gap", "veth-pair-at-once", "vxlan-with-another-vni", "wrong-kind-refused",
    }  # fmt: skip
    assert rules <= set(NAMES)


def test_a_plan_does_not_depend_on_the_process_that_makes_it() -> None:
    """Sets of strings come in another order in every process (PYTHONHASHSEED)."""
    program = "from tests.plan_golden import *\nfor case in sorted(CASES.iterdir()): print(plan_of(case))"
    runs = {
        subprocess.run(
            [sys.executable, "-c", program], cwd=Path(__file__).parents[1], capture_output=True, check=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": "."}, text=True,
        ).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip
    assert len(runs) == 1
