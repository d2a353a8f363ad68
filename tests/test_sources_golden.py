"""Every folder of tests/cases/sources: a file and what becomes of it.

A folder holds `input.yaml` (or a directory `input`), and either `error.txt`, the one error, or
`desired.json`, the whole desired state with the origin of everything.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netapply.errors import InputError
from netapply.model.resource import Desired, Origin
from netapply.sources import load

CASES = Path(__file__).parent / "cases" / "sources"
BAD = sorted(path.parent.name for path in CASES.glob("*/error.txt"))
GOOD = sorted(path.parent.name for path in CASES.glob("*/desired.json"))


def load_case() -> Desired:
    """The desired state of the case whose folder is the working directory."""
    return load(["input.yaml" if Path("input.yaml").exists() else "input"])


def as_json(desired: Desired) -> str:
    """All that a desired state holds, one resource after the other."""
    resources = [
        {
            "key": list(resource.key),
            "kind": resource.kind,
            "attributes": resource.attributes,
            "origin": _text(resource.origin),
            "origins": {name: _text(origin) for name, origin in resource.origins.items()},
        }
        for resource in desired
    ]
    whole = {
        "source": desired.source,
        "authoritative": sorted(desired.authoritative),
        "notes": desired.notes,
        "resources": resources,
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _text(origin: Origin | None) -> str:
    return str(origin) if origin else ""


def test_every_folder_is_a_case() -> None:
    folders = sorted(path.name for path in CASES.iterdir())
    assert folders == sorted(BAD + GOOD)
    assert len(BAD) > 100
    assert len(GOOD) > 20


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_error(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CASES / name)
    with pytest.raises(InputError) as caught:
        load_case()
    assert f"{caught.value}\n" == Path("error.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", GOOD)
def test_good_input_becomes_the_desired_state(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CASES / name)
    assert as_json(load_case()) == Path("desired.json").read_text(encoding="utf-8")
