"""What of a checkout reaches the guest."""

from __future__ import annotations

import io
import shlex
from pathlib import Path

import pytest

from integration.fullkernel.overlay import checkout_files, environment, write_overlay

PROJECT = '[project]\nname = "sample"\nversion = "1.2"\n[project.scripts]\nsample = "sample.cli:main"\n'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A working tree with what people have lying about in one."""
    files = ("netapply/cli.py", "plans/a.yaml", "tests/test_a.py", "README.md", ".git/config", "dist/big.tar")
    caches = ("cli.cpython-311.pyc", "cli.cpython-312.pyc", "test_a.cpython-311-pytest-9.0.0.pyc")
    for name in (*files, "netapply/.mypy_cache/x.json", *(f"netapply/__pycache__/{name}" for name in caches)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    return tmp_path


def test_sources_go_and_caches_stay(checkout: Path) -> None:
    names = {str(path.relative_to(checkout)) for path in checkout_files(checkout, "311")}

    assert names == {
        *("netapply/cli.py", "plans/a.yaml", "tests/test_a.py", "README.md", "pyproject.toml"),
        "netapply/__pycache__/cli.cpython-311.pyc",
    }


def test_the_archive_has_the_checkout_at_its_own_path_and_the_command(checkout: Path) -> None:
    stream = io.BytesIO()

    write_overlay(stream, "3.11", checkout)

    archive = stream.getvalue()
    assert f"{str(checkout)[1:]}/netapply/cli.py\0".encode() in archive
    assert b"usr/local/bin/sample\0" in archive
    assert b"from sample.cli import main\n" in archive
    assert b"sample-1.2.dist-info/METADATA\0" in archive
    assert b"#!/bin/sh\n# The first program in the guest" in archive


def test_a_path_with_a_space_reaches_the_shell_whole() -> None:
    settings = dict(line.split("=", 1) for line in environment(Path("/home/some one/net")).splitlines())

    assert shlex.split(settings["PYTHONPATH"]) == ["/home/some one/net:/opt/packages"]
