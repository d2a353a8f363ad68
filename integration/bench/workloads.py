"""Equal work, written in each program's own language."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Files(NamedTuple):
    """One piece of work: N bridges, each with an address, each up."""

    size: int
    native: Path
    batch: Path


def bridges(directory: Path, size: int) -> Files:
    """The desired state for netapply, and the commands for `ip -batch` that lead to the same."""
    files = Files(size, directory / f"bridges-{size}.yaml", directory / f"bridges-{size}.batch")
    files.native.write_text("version: 1\nlinks:\n" + "".join(_native(size)))
    files.batch.write_text("".join(_commands(size)))
    return files


def _address(number: int) -> str:
    return f"10.{number // 250}.{number % 250}.1/24"


def _native(size: int) -> Iterator[str]:
    for number in range(size):
        yield f"  br{number}:\n    kind: bridge\n    addresses: [{_address(number)}]\n"


def _commands(size: int) -> Iterator[str]:
    for number in range(size):
        yield f"link add dev br{number} type bridge\n"
        yield f"address add {_address(number)} dev br{number}\n"
        yield f"link set dev br{number} up\n"


def one_bridge_for_ifupdown2(directory: Path) -> Path:
    """What `bridges(…, 1)` says, in the language of interfaces(5)."""
    path = directory / "interfaces"
    path.write_text(f"auto br0\niface br0 inet static\n    address {_address(0)}\n    bridge-ports none\n")
    return path
