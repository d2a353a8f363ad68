"""Where this machine gets its Debian packages, read from its own apt configuration (sources.list(5)).

Both formats are read; what comes out is deb822, because only that one can hold everything the two can say.
Third-party archives are left out: they have nothing that the full kernel needs, and may be broken or slow.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from integration.fullkernel.errors import FullKernelError

FOLLOWING = ("", "-updates", "-security", "/updates")  # a release and what completes it
ROLLING = ("stable", "testing", "unstable", "sid", "oldstable")
CARRIED = re.compile(r"^Acquire::(https?::.*|ForceIPv[46]|Check-(Valid-Until|Date)|Retries) \"[^\"]+\";$")

# sources.list(5): what an option of the one-line format is called in deb822
OPTION_FIELDS = {
    "arch": "Architectures",
    "signed-by": "Signed-By",
    "trusted": "Trusted",
    "check-valid-until": "Check-Valid-Until",
    "check-date": "Check-Date",
    "allow-insecure": "Allow-Insecure",
    "by-hash": "By-Hash",
}
ONE_LINE = re.compile(r"^deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s*(?P<components>.*)$")
FIELD = re.compile(r"^(?P<name>[A-Za-z0-9-]+)\s*:\s*(?P<value>.*)$")


@dataclass(frozen=True)
class Entry:
    """One archive: what every entry has, and the further fields as they stood."""

    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    further: dict[str, str] = field(default_factory=dict)

    def only(self, suites: tuple[str, ...]) -> Entry | None:
        """This entry cut down to some of its suites; None when nothing is left of it."""
        kept = tuple(suite for suite in self.suites if suite in suites)
        if not kept or "main" not in self.components:
            return None
        return Entry(self.uris, kept, self.components, self.further)

    def deb822(self) -> str:
        """The entry as a stanza."""
        fields = {
            "Types": "deb",
            "URIs": " ".join(self.uris),
            "Suites": " ".join(self.suites),
            "Components": " ".join(self.components),
            **self.further,
        }
        return "".join(f"{name}: {value}\n" for name, value in fields.items())


@dataclass(frozen=True)
class AptSources:
    """The release this machine runs, where its packages come from (deb822), and apt's network settings."""

    suite: str
    text: str
    options: tuple[str, ...] = ()


def read_apt_sources(root: Path = Path("/")) -> AptSources:
    """The machine's own. Raises FullKernelError when it names no Debian archive of its release."""
    entries = list(_entries(root / "etc/apt"))
    for family in _families(_codename(root / "etc/os-release")):
        kept = [cut for entry in entries if (cut := entry.only(family))]
        if kept:
            suite = next(name for name in family for entry in kept if name in entry.suites)
            return AptSources(suite, "\n".join(entry.deb822() for entry in kept), _acquire_options())
    raise FullKernelError(
        f"cannot find this machine's Debian archive: no entry with component 'main' for its release in "
        f"{root / 'etc/apt'}/sources.list or sources.list.d/; the full kernel is made of Debian packages, "
        f"so add one there"
    )


def _families(codename: str) -> Iterator[tuple[str, ...]]:
    for release in (codename, *ROLLING):
        if release:
            yield tuple(release + suffix for suffix in FOLLOWING)


def _codename(release_file: Path) -> str:
    if not release_file.exists():
        return ""
    found = re.search(r'^VERSION_CODENAME="?([^"\n]+)"?$', release_file.read_text(), re.MULTILINE)
    return found.group(1) if found else ""


def _entries(directory: Path) -> Iterator[Entry]:
    parts = sorted((directory / "sources.list.d").glob("*"))
    for path in (directory / "sources.list", *parts):
        if path.suffix == ".list" and path.exists():
            yield from parse_one_line(path.read_text())
        elif path.suffix == ".sources":
            yield from parse_deb822(path.read_text())


def parse_one_line(text: str) -> Iterator[Entry]:
    """The binary archives of a `.list` file: `deb [option=value …] URI SUITE COMPONENT…`."""
    for line in text.splitlines():
        found = ONE_LINE.match(line.partition("#")[0].strip())
        if found is None:
            continue
        options = dict(option.partition("=")[::2] for option in (found["options"] or "").split())
        further = {
            OPTION_FIELDS[key]: value.replace(",", " ") for key, value in options.items() if key in OPTION_FIELDS
        }
        yield Entry((found["uri"],), (found["suite"],), tuple(found["components"].split()), further)


def parse_deb822(text: str) -> Iterator[Entry]:
    """The enabled binary archives of a `.sources` file."""
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", lines):
        fields = _fields(stanza)
        enabled = fields.pop("enabled", ("Enabled", "yes"))[1].strip().lower() not in (
            "no",
            "false",
            "0",
            "off",
        )
        types = fields.pop("types", ("Types", ""))[1].split()
        first = [tuple(fields.pop(name, ("", ""))[1].split()) for name in ("uris", "suites", "components")]
        if enabled and "deb" in types:
            yield Entry(first[0], first[1], first[2], dict(fields.values()))


def _fields(stanza: str) -> dict[str, tuple[str, str]]:
    """Lower-case name → (name, value). An embedded key spans lines, and they belong to the value."""
    fields: dict[str, tuple[str, str]] = {}
    latest = ""
    for line in stanza.splitlines():
        if line[:1].isspace() and latest:
            name, value = fields[latest]
            fields[latest] = (name, f"{value}\n{line}")
        elif found := FIELD.match(line):
            latest = found["name"].lower()
            fields[latest] = (found["name"], found["value"])
    return fields


def _acquire_options() -> tuple[str, ...]:
    """Proxies and the like: mmdebstrap runs apt with a configuration of its own."""
    try:
        dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return ()  # no apt here: the build itself will say so, with what to install
    return tuple(line for line in dump.stdout.splitlines() if CARRIED.match(line))
