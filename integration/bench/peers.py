"""The commands that are measured, each as its user would type it."""

from __future__ import annotations

import compileall
import gzip
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import netapply

_CHANGELOG: Final = Path("/usr/share/doc/ifupdown2/changelog.Debian.gz")


class BenchError(Exception):
    """The measurement cannot be done; says why and what next."""


@dataclass(frozen=True, slots=True)
class Peers:
    """Absolute commands, to which a workload adds its arguments."""

    netapply: tuple[str, ...]
    ip: str
    ifquery: str

    def apply(self, netns: str, file: Path, state: Path) -> list[str]:
        return [*self.netapply, "apply", str(file), "--yes", "--netns", netns, "--state-dir", str(state)]

    def plan(self, file: Path, state: Path) -> list[str]:
        """In the caller's own network namespace, as on a host."""
        return [*self.netapply, "plan", str(file), "--state-dir", str(state)]

    def batch(self, netns: str, file: Path) -> list[str]:
        return [self.ip, "-netns", netns, "-batch", str(file)]

    def query(self, file: Path) -> list[str]:
        return [self.ifquery, "-a", "-i", str(file)]

    def versions(self) -> list[str]:
        """One line for each program."""
        iproute = _first_line([self.ip, "-V"])
        return [f"Python {sys.version.split()[0]}", iproute, _ifupdown2()]


def find() -> Peers:
    """Every command, or BenchError naming the one that is missing.

    netapply's modules are compiled first, as the installer of a package does: .ci/peers does it for ifupdown2.
    """
    compileall.compile_dir(Path(netapply.__file__).parent, quiet=2)
    script = Path(sys.executable).with_name("netapply")
    own = (str(script),) if script.exists() else (sys.executable, "-m", "netapply")
    return Peers(own, _which("ip", "install the package iproute2"), _which("ifquery", "run it by: make bench"))


def _which(program: str, advice: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise BenchError(f"cannot measure: there is no program {program}; {advice}")
    return found


def _ifupdown2() -> str:
    """Name and version; ifquery itself would ask dpkg, which knows nothing of an unpacked package."""
    with gzip.open(_CHANGELOG, "rt") as changelog:
        name, version, *_ = changelog.readline().split()
    return f"{name} {version.strip('()')}"


def _first_line(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout.strip() or done.stderr.strip() or "unknown").splitlines()[0]
