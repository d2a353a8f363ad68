"""The image's cache, with a recipe that takes no time: built once, whole or not at all, and pruned."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import pytest

from integration.fullkernel import image, recipe
from integration.fullkernel.apt_sources import AptSources
from integration.fullkernel.errors import FullKernelError
from integration.fullkernel.image import ready_image


class Kitchen:
    """A recipe that makes a root of three files, and counts."""

    def __init__(self) -> None:
        self.built = 0
        self.broken = False

    def bootstrap(self, root: Path, sources: AptSources, log: TextIO) -> None:
        self.built += 1
        log.write("installing\n")
        time.sleep(0.05)
        if self.broken:
            raise FullKernelError("cannot build the full kernel image: the mirror is gone")
        for name in (
            "usr/bin/python3.11",
            "boot/vmlinuz-6.1.0-test",
            "etc/hostname",
            "var/cache/apt/big.deb",
        ):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(name)
        (root / "usr/bin/python3").symlink_to("python3.11")

    def add_python_packages(self, root: Path, requirements: Sequence[Path], log: TextIO) -> None:
        log.write("and Python\n")


@pytest.fixture
def kitchen(monkeypatch: pytest.MonkeyPatch) -> Kitchen:
    """In place of the real recipe, on a machine that has everything."""
    made = Kitchen()
    monkeypatch.setattr(recipe, "bootstrap", made.bootstrap)
    monkeypatch.setattr(recipe, "add_python_packages", made.add_python_packages)
    monkeypatch.setattr(recipe, "COMMANDS", {"sh": "dash"})
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(image, "read_apt_sources", lambda: AptSources("bookworm", "Types: deb\n"))
    return made


@pytest.fixture
def pins(tmp_path: Path) -> Path:
    """A file of requirements."""
    path = tmp_path / "test.txt"
    path.write_text("pytest==9.0\n")
    return path


def names(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir())


def test_an_image_is_built_once(kitchen: Kitchen, pins: Path, tmp_path: Path) -> None:
    said: list[str] = []
    first = ready_image([pins], said.append, tmp_path / "cache")
    second = ready_image([pins], said.append, tmp_path / "cache")

    assert first == second
    assert kitchen.built == 1
    assert (first.release, first.python) == ("6.1.0-test", "3.11")
    assert first.kernel.read_text() == "boot/vmlinuz-6.1.0-test"
    assert said[0] == "building its image (once, about a minute) …"
    assert said[1:] == [f"image built in 0 s: {first.directory}"]


def test_what_no_guest_reads_is_not_packed(kitchen: Kitchen, pins: Path, tmp_path: Path) -> None:
    packed = ready_image([pins], print, tmp_path / "cache").root.read_bytes()

    assert b"etc/hostname" in packed
    assert b"big.deb" not in packed
    assert b"vmlinuz" not in packed


def test_other_pins_are_another_image_and_the_eldest_goes(kitchen: Kitchen, pins: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    images = []
    for version in ("9.1", "9.2", "9.3"):
        pins.write_text(f"pytest=={version}\n")
        images.append(ready_image([pins], print, cache))
        time.sleep(0.02)

    assert names(cache) == sorted(["lock", *(made.directory.name for made in images[1:])])


def test_a_failed_build_leaves_its_log_and_nothing_else(kitchen: Kitchen, pins: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    kitchen.broken = True
    with pytest.raises(FullKernelError, match="the mirror is gone"):
        ready_image([pins], print, cache)

    assert names(cache) == ["failed-build.log", "lock"]
    assert (cache / "failed-build.log").read_text() == "installing\n"

    kitchen.broken = False
    assert ready_image([pins], print, cache).python == "3.11"


def test_what_a_killed_build_left_is_removed(kitchen: Kitchen, pins: Path, tmp_path: Path) -> None:
    (tmp_path / "cache/unfinished-x").mkdir(parents=True)

    ready_image([pins], print, tmp_path / "cache")

    assert not (tmp_path / "cache/unfinished-x").exists()


def test_sessions_at_once_build_it_once(kitchen: Kitchen, pins: Path, tmp_path: Path) -> None:
    said: list[str] = []
    threads = [threading.Thread(target=ready_image, args=([pins], said.append, tmp_path / "cache")) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert kitchen.built == 1
    assert "another session is building its image; waiting for it …" in said


def test_a_missing_command_is_named_with_its_package(
    kitchen: Kitchen, pins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipe, "COMMANDS", {"no-such-emulator": "qemu-system-x86"})

    with pytest.raises(FullKernelError, match=r"no-such-emulator not found; .* qemu-system-x86`"):
        ready_image([pins], print, tmp_path / "cache")


def test_missing_pins_are_named(kitchen: Kitchen, tmp_path: Path) -> None:
    with pytest.raises(FullKernelError, match=r"no .*absent\.txt, which pins"):
        ready_image([tmp_path / "absent.txt"], print, tmp_path / "cache")


def test_a_failing_step_shows_the_end_of_its_output(tmp_path: Path) -> None:
    with (tmp_path / "build.log").open("w") as log:
        log.write("before\n")
        with pytest.raises(FullKernelError) as caught:
            recipe.add_python_packages(_root_of_python(tmp_path), [tmp_path / "absent.txt"], log)

    assert "cannot build the full kernel image: pip ended with status 1" in str(caught.value)
    assert "absent.txt" in str(caught.value)
    assert "before" not in str(caught.value)


def _root_of_python(parent: Path) -> Path:
    (parent / "root/usr/bin").mkdir(parents=True)
    (parent / "root/usr/bin/python3").symlink_to("python3.11")
    return parent / "root"
