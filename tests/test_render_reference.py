"""The documentation's tables are those that the code makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from netapply.kinds import KINDS
from netapply.render.reference import main, refreshed, table

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("name", ["native-file.md", "plan-json.md"])
def test_documents_are_current(name: str) -> None:
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert refreshed(text) == text, "write them anew: .venv/bin/python -m netapply.render.reference docs/*.md"


def test_every_kind_has_its_table_in_the_documentation() -> None:
    text = (ROOT / "docs" / "native-file.md").read_text(encoding="utf-8")
    missing = [kind.kind for kind in KINDS if kind.kind and f"<!-- table: {kind.kind} -->" not in text]
    assert missing == []


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("bridge", "| `forward_delay` | duration (s) 0 to 30 |"),
        (
            "vxlan",
            "| `vni` | number 1 to 16777215 | VXLAN network identifier, unless `external` | recreate |  |",
        ),
        ("vxlan", "| `df` | `unset` \\| `set` \\| `inherit` |"),
        ("macvlan", "| `link` | link name | the lower device **(required)** |"),
        ("link", "| `addresses` | list of address/length, or mapping, see below |"),
        ("rule", "| `from` | network | source prefix |"),
        ("PlanDocument", "| `changes` | list of [change](#change) |"),
    ],
)
def test_what_a_table_says(name: str, line: str) -> None:
    assert [row for row in table(name) if row.startswith(line)] != []


def test_a_stale_table_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("before\n<!-- table: veth -->\nstale\n<!-- end -->\nafter\n", encoding="utf-8")
    said: list[str] = []
    assert main([str(path)], said.append) == 0
    expected = "\n".join(table("veth"))
    text = f"before\n<!-- table: veth -->\n{expected}\n<!-- end -->\nafter\n"
    assert path.read_text(encoding="utf-8") == text
    assert said == [f"{path}: tables written"]
    assert main([str(path)], said.append) == 0
    assert len(said) == 1


def test_a_table_that_nobody_makes_is_an_error() -> None:
    with pytest.raises(AttributeError):
        refreshed("<!-- table: nonsense -->\n<!-- end -->")
