"""The quick way to validate a file and the model of the whole file say the same of every file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netapply.errors import InputError
from netapply.sources.document import Document
from netapply.sources.sections import Sections, _one_by_one
from netapply.sources.yaml_syntax import parse

CASES = Path(__file__).parent / "cases" / "sources"
FILES = sorted(CASES.glob("*/input.yaml"))
SLIPS: tuple[Any, ...] = (
    None, "", "~", "no", "-1", "99999", "eno1", "br 0", "bridge", "10.0.0.1/24", "default", [], {}, ["x"], {"x": "y"},
)  # fmt: skip


def quick(value: Any) -> Sections | None:
    """What the sections are; None where something is wrong."""
    try:
        return _one_by_one(value)
    except ValueError:
        return None


def thorough(value: Any) -> Sections | None:
    try:
        whole = Document.model_validate(value)
    except ValueError:
        return None
    return Sections(whole.links, whole.nexthops, whole.routes, whole.rules, whole.nat, whole.filter, whole.nat_backend)


def with_slips(value: Any) -> Iterator[Any]:
    """The value with one part of it at a time replaced by something else, or left out."""
    if isinstance(value, dict):
        for key, item in value.items():
            rest = {name: kept for name, kept in value.items() if name != key}
            yield rest
            yield {**rest, f"{key} ": item}
            yield from ({**value, key: slip} for slip in with_slips(item))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from ([*value[:at], slip, *value[at + 1 :]] for slip in with_slips(item))
    yield from SLIPS


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_both_ways_say_the_same(file: Path) -> None:
    try:
        value = parse(file.read_text(encoding="utf-8"), "f.yaml").value
    except (InputError, UnicodeDecodeError):
        value = None  # no YAML, so neither way ever sees it
    assert quick(value) == thorough(value)


def test_both_ways_say_the_same_after_any_slip() -> None:
    good = [
        parse((CASES / name / "input.yaml").read_text(), "f.yaml").value
        for name in ("routes", "rules", "nat", "filter")
    ]
    links = parse("version: 1\nlinks: {a: {kind: bridge, ports: [b], sysctl: {ipv4.rp_filter: 1}}, c: {}}\n", "f").value
    agreed = 0
    for value in (*good, links, {"version": "1", "sysctl": {"net.ipv4.ip_forward": "1"}}):
        for slip in with_slips(value):
            assert quick(slip) == thorough(slip), slip
            agreed += 1
    assert agreed > 1000
