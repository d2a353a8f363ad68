"""The iptables programs: which there are, which one writes, and how they are run.

Debian and others have two variants side by side, which do not see each other's rules: `nft` (rules live
in nf_tables) and `legacy` (x_tables). Netapply writes with the one that `iptables-restore` is on this
host (update-alternatives(1)); the environment variable NETAPPLY_IPTABLES=nft or =legacy chooses another.
"""

from __future__ import annotations

import errno
import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from netapply.errors import KernelError, MissingError, RefusedError

if TYPE_CHECKING:
    from subprocess import CompletedProcess

Variant = Literal["nft", "legacy"]
VARIANTS: Final[tuple[Variant, ...]] = ("nft", "legacy")
PROGRAMS: Final = {"inet": "iptables", "inet6": "ip6tables"}
CHOICE: Final = "NETAPPLY_IPTABLES"
_SBIN: Final = ("/usr/local/sbin", "/usr/sbin", "/sbin")
LOCK_WAIT: Final = 10
"""Seconds to wait for another program that changes iptables at the same time (/run/xtables.lock)."""
_SPEAKER: Final = re.compile(r"\bip6?tables[a-z-]*( v[0-9.]+ \(\w+\))?:")
PATIENCE: Final = 60.0
"""Seconds that a program may take, waiting included; 1,000 rules take less than one."""


@dataclass(frozen=True, slots=True)
class Backend:
    """The programs of one variant for one family, as absolute paths."""

    variant: Variant
    inet: str
    save: str
    restore: str

    def read(self) -> str:
        """What iptables-save prints. Raises KernelError if it fails."""
        done = run([self.save])
        if done.returncode != 0:
            raise KernelError(f"read NAT rules with {Path(self.save).name}", errno.EIO, first_reason(done.stderr))
        return done.stdout

    def write(self, text: str) -> CompletedProcess[str]:
        """Feed iptables-restore; every table is committed at its COMMIT line, wholly or not at all."""
        return run([self.restore, "--noflush", f"--wait={LOCK_WAIT}"], text)


def run(command: list[str], given: str = "", package: str = "iptables") -> CompletedProcess[str]:
    """Run a program, without a shell, in the thread's namespace; the judgement is the caller's."""
    import subprocess  # a host without NAT rules never needs it

    try:
        return subprocess.run(
            command, input=given, capture_output=True, timeout=PATIENCE, check=False, encoding="utf-8",
            errors="surrogateescape", env={**os.environ, "LC_ALL": "C"},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise KernelError(f"wait for {command[0]}: no end after {PATIENCE:g} s", errno.ETIMEDOUT) from None
    except OSError as error:
        raise MissingError(f"cannot run {command[0]}: {error.strerror}; reinstall the package {package}") from None


def first_reason(stderr: str) -> str:
    """The programs' own words on one line, without the lines that say only that there was an error."""
    noise = ("Error occurred at line", "Try `")
    lines = [line.strip() for line in stderr.splitlines() if line.strip() and not line.startswith(noise)]
    return " ".join(_SPEAKER.sub("", " ".join(lines)).split()).rstrip(".") or "no reason given"


def backend(inet: str, variant: Variant) -> Backend | None:
    """The programs of a variant; None if they are not installed."""
    save, restore = (_locate(PROGRAMS[inet], variant, tool) for tool in ("save", "restore"))
    return Backend(variant, inet, save, restore) if save and restore else None


def chosen(inet: str) -> Variant | None:
    """The variant that writes: by NETAPPLY_IPTABLES, else by what iptables-restore is; None if there is none.

    Raises RefusedError where NETAPPLY_IPTABLES is neither nft nor legacy.
    """
    wish = os.environ.get(CHOICE, "")
    if wish in VARIANTS:
        return wish
    if wish:
        raise RefusedError(f"cannot use {CHOICE}={wish}: it is nft or legacy; unset it to use what iptables is here")
    plain = which(f"{PROGRAMS[inet]}-restore")
    if plain:
        return _variant_of(plain)
    return next((variant for variant in VARIANTS if backend(inet, variant)), None)


def chosen_backend(inet: str) -> Backend:
    """The programs that write. Raises MissingError where they are not installed."""
    variant = chosen(inet)
    found = backend(inet, variant) if variant else None
    if found is None:
        name = f"{PROGRAMS[inet]}-{variant}-restore" if variant else f"{PROGRAMS[inet]}-restore"
        raise MissingError(f"cannot change NAT rules: there is no program {name}; install the package iptables")
    return found


def _locate(program: str, variant: Variant, tool: str) -> str | None:
    """The program by its full name, or by the plain name where that is this variant."""
    exact = which(f"{program}-{variant}-{tool}")
    if exact:
        return exact
    plain = which(f"{program}-{tool}")
    return plain if plain and _variant_of(plain) == variant else None


def which(name: str) -> str | None:
    """An absolute path; sbin counts even where the caller's PATH leaves it out."""
    directories = [*os.environ.get("PATH", os.defpath).split(os.pathsep), *_SBIN]
    paths = (Path(directory, name).absolute() for directory in directories if directory)
    return next((str(path) for path in paths if path.is_file() and os.access(path, os.X_OK)), None)


@cache
def _variant_of(path: str) -> Variant:
    """By what the link leads to (xtables-nft-multi); else by the version, which tells it since 1.8."""
    name = Path(path).resolve().name
    if "nft" in name or "legacy" in name:
        return "nft" if "nft" in name else "legacy"
    return "nft" if "nf_tables" in run([path, "--version"]).stdout else "legacy"
