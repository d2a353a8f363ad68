"""The printed plan, against golden files: tests/cases/render/NAME/{plan.yaml, plan.txt}."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from netapply.model.attribute import Disruption
from netapply.model.resource import Origin
from netapply.plan import Action, Change, Plan, Step
from netapply.render.paint import ansi
from netapply.render.plan_text import disruption_above, drift_text, plan_text

CASES = Path(__file__).parent / "cases" / "render"
NAMES = sorted(case.name for case in CASES.iterdir())


def load(name: str) -> Plan:
    written = yaml.safe_load((CASES / name / "plan.yaml").read_text(encoding="utf-8"))
    changes = [_change(item, written["source"]) for item in written["changes"]]
    return Plan(changes, notes=written.get("notes", []), source=written["source"])


def _change(item: dict[str, Any], source: str) -> Change:
    origin = Origin(source, item["line"]) if "line" in item else None
    steps = tuple(Step(name, before, after, origin) for name, before, after in item.get("steps", ()))
    return Change(
        Action(item["action"]),
        tuple(item["key"]),
        item.get("kind", ""),
        item.get("before", {}),
        item.get("after", {}),
        steps,
        origin,
        Disruption[item.get("disruption", "live").upper()],
        item.get("reason", ""),
    )


@pytest.mark.parametrize("name", NAMES)
def test_golden(name: str) -> None:
    expected = (CASES / name / "plan.txt").read_text(encoding="utf-8")
    assert plan_text(load(name)) + "\n" == expected


def test_the_sample_of_the_documentation_is_the_golden_file() -> None:
    golden = (CASES / "bridge" / "plan.txt").read_text(encoding="utf-8")
    assert golden.splitlines()[3] == "~ link eno1                       flap    plans/bridge.yaml:7"
    assert golden.splitlines()[-1] == (
        "Plan: 3 to add, 1 to change, 0 to replace, 0 to delete. Disruption: flap (eno1)."
    )


def test_without_colour_there_is_no_escape_in_any_case() -> None:
    assert not [name for name in NAMES if "\033" in plan_text(load(name))]


def test_colour_adds_codes_and_nothing_else() -> None:
    coloured = plan_text(load("bridge"), ansi)
    assert "\033[32m+\033[0m bridge vmbr0" in coloured
    assert "\033[33mflap\033[0m" in coloured
    for code in (0, 1, 2, 31, 32, 33, 35):
        coloured = coloured.replace(f"\033[{code}m", "")
    assert coloured == plan_text(load("bridge"))


def test_columns_line_up_whatever_is_in_them() -> None:
    for name, mark in (
        ("many-links", "plans/many.yaml:"),
        ("replace", "plans/vxlan.yaml:"),
        ("replace", "(put"),
    ):
        lines = plan_text(load(name)).splitlines()
        starts = {line.index(mark) for line in lines if mark in line}
        assert starts == {44}, name


def test_drift_says_what_apply_would_do() -> None:
    plan = load("bridge")
    assert drift_text(plan) == (
        "Drift: the network no longer matches plans/bridge.yaml. To put it right, apply would do this:\n\n"
        + plan_text(plan)
    )
    assert drift_text(load("nothing")) == "No drift: the network matches plans/bridge.yaml."


def test_nothing_to_go_back_to_is_not_called_a_file() -> None:
    assert plan_text(Plan(source="before a.yaml")) == "Nothing to do: the network is as it was before a.yaml."


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("live", "recreate (vx100), flap (eno1)"),
        ("flap", "recreate (vx100)"),
        ("recreate", ""),
    ],
)
def test_what_is_above_a_limit(limit: str, expected: str) -> None:
    assert disruption_above(load("replace"), limit) == expected
