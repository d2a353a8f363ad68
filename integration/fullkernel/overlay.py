"""The second archive of a boot: this checkout as it is in the working tree, and what starts the guest.

The checkout lies at the same path in the guest as here, so that paths in reports and tracebacks are the same.
"""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from integration.fullkernel.cpio import Archive
from integration.fullkernel.recipe import PYTHON_PACKAGES

CHECKOUT = Path(__file__).resolve().parents[2]
CONTENT = ("netapply", "plans", "tests", "integration", "pyproject.toml", "README.md")
LEFT_OUT = (".git", ".venv", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache", "node_modules")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def write_overlay(stream: BinaryIO, python: str, checkout: Path = CHECKOUT) -> None:
    """The archive for a guest whose Python has this version ("3.11")."""
    archive = Archive(stream)
    here = Path(__file__).parent
    archive.text("init", (here / "guest_init.sh").read_text(), 0o755)
    archive.text("fullkernel/environment", environment(checkout))
    archive.text("etc/hosts", "127.0.0.1 localhost fullkernel\n::1 localhost\n")
    for name, content in _installed(checkout):
        archive.text(name, content, 0o755)
    place = str(checkout).lstrip("/")
    for path in checkout_files(checkout, python.replace(".", "")):
        archive.add(path, f"{place}/{path.relative_to(checkout)}")
    archive.finish()


def environment(checkout: Path) -> str:
    """Shell assignments that guest_init.sh reads."""
    settings = {
        "PATH": PATH,
        "HOME": "/root",
        "LANG": "C.UTF-8",
        "PYTHONPATH": f"{checkout}:/{PYTHON_PACKAGES}",
    }
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in settings.items())


def checkout_files(checkout: Path, tag: str) -> Iterator[Path]:
    """The files that tests need, compiled ones of this Python too: they save an emulated CPU seconds.

    What pytest compiled stays out: it belongs to a session with other options.
    """
    for name in CONTENT:
        top = checkout / name
        below = sorted(top.rglob("*")) if top.is_dir() else [top]
        for path in below:
            foreign = path.suffix == ".pyc" and not path.name.endswith(f".cpython-{tag}.pyc")
            cached = any(part in LEFT_OUT for part in path.relative_to(checkout).parts)
            if path.is_file() and not (foreign or cached):
                yield path


def _installed(checkout: Path) -> Iterator[tuple[str, str]]:
    """What `pip install` would add to the checkout: its version for importlib.metadata, and its commands."""
    project = tomllib.loads((checkout / "pyproject.toml").read_text())["project"]
    name, version = project["name"], project["version"]
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    yield f"{PYTHON_PACKAGES}/{name}-{version}.dist-info/METADATA", metadata
    for command, target in project.get("scripts", {}).items():
        module, _, function = target.partition(":")
        script = f"#!/usr/bin/python3\nimport sys\nfrom {module} import {function}\nsys.exit({function}())\n"
        yield f"usr/local/bin/{command}", script
