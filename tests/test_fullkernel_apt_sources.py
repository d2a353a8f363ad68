"""Both formats of sources.list(5), as people's machines have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from integration.fullkernel.apt_sources import CARRIED, parse_deb822, parse_one_line, read_apt_sources
from integration.fullkernel.errors import FullKernelError

DEB822 = """\
# written by the installer
Types: deb deb-src
# an older mirror
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main non-free-firmware
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
"""
EMBEDDED_KEY = """\
types: deb
uris: https://mirror.example/debian
suites: bookworm
components: main
signed-by:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBFxyz
 -----END PGP PUBLIC KEY BLOCK-----
"""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A root whose release is bookworm, with empty apt configuration."""
    (tmp_path / "etc/apt/sources.list.d").mkdir(parents=True)
    (tmp_path / "etc/os-release").write_text('ID=debian\nVERSION_CODENAME="bookworm"\n')
    return tmp_path


def add(machine: Path, name: str, text: str) -> None:
    (machine / "etc/apt" / name).write_text(text)


def test_deb822_keeps_the_release_and_what_completes_it(machine: Path) -> None:
    add(machine, "sources.list.d/debian.sources", DEB822)

    found = read_apt_sources(machine)

    assert found.suite == "bookworm"
    assert found.text == (
        "Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\n"
        "Components: main non-free-firmware\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
        "\nTypes: deb\nURIs: http://mirror.example/debian-security\nSuites: bookworm-security\n"
        "Components: main\n"
    )


def test_one_line_entries_say_the_same_as_deb822(machine: Path) -> None:
    add(
        machine,
        "sources.list",
        "deb [ arch=amd64,i386 signed-by=/k.gpg ] http://mirror.example/debian bookworm main contrib # 1\n"
        "deb-src http://mirror.example/debian bookworm main\n"
        "#deb http://mirror.example/debian sid main\n",
    )

    assert read_apt_sources(machine).text == (
        "Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm\nComponents: main contrib\n"
        "Architectures: amd64 i386\nSigned-By: /k.gpg\n"
    )


def test_third_party_archives_are_left_out(machine: Path) -> None:
    add(machine, "sources.list", "deb http://mirror.example/debian bookworm main\n")
    add(machine, "sources.list.d/docker.list", "deb https://docker.example/linux/debian bookworm stable\n")
    add(
        machine,
        "sources.list.d/node.sources",
        "Types: deb\nURIs: https://n.example\nSuites: nodistro\nComponents: main\n",
    )
    add(machine, "sources.list.d/off.list.disabled", "deb http://disabled.example/debian bookworm main\n")

    text = read_apt_sources(machine).text

    assert text.count("URIs:") == 1
    assert "mirror.example" in text


def test_a_machine_that_names_its_release_by_role(machine: Path) -> None:
    (machine / "etc/os-release").write_text("ID=debian\n")
    add(machine, "sources.list", "deb http://mirror.example/debian sid main\n")

    assert read_apt_sources(machine).suite == "sid"


def test_a_machine_without_an_archive_is_told_what_to_add(machine: Path) -> None:
    add(machine, "sources.list", "deb cdrom:[Debian]/ bookworm contrib\n")

    with pytest.raises(FullKernelError, match="component 'main'"):
        read_apt_sources(machine)


def test_an_embedded_key_survives() -> None:
    (entry,) = parse_deb822(EMBEDDED_KEY)

    assert entry.suites == ("bookworm",)
    assert entry.deb822().endswith(
        "signed-by: \n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBFxyz\n -----END PGP PUBLIC KEY BLOCK-----\n"
    )


@pytest.mark.parametrize("line", ["Enabled: no", "enabled: false"])
def test_a_switched_off_entry_is_off(line: str) -> None:
    assert list(parse_deb822(f"{line}\nTypes: deb\nURIs: a:/\nSuites: b\nComponents: main\n")) == []


def test_lines_that_are_no_archives_are_passed_over() -> None:
    assert list(parse_one_line("\n# deb x y z\nrpm http://a b c\ndeb\n")) == []


@pytest.mark.parametrize(
    ("line", "carried"),
    [
        ('Acquire::http::Proxy "http://127.0.0.1:3142";', True),
        ('Acquire::https::Proxy::mirror.example "DIRECT";', True),
        ('Acquire::Check-Valid-Until "false";', True),
        ('Acquire::http "";', False),
        ('Acquire::cdrom::mount "/media/cdrom/";', False),
        ('APT::Install-Recommends "false";', False),
    ],
)
def test_only_settings_of_the_network_are_carried_over(line: str, carried: bool) -> None:
    assert bool(CARRIED.match(line)) is carried
