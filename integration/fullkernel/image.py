"""The full kernel's image: built once, kept under the user's cache until what it is made from changes.

A finished image appears under its name in one rename, with its data on disk before that, so an interrupted
build leaves nothing that looks finished. Sessions that need the same image at once build it once: one holds
the lock.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from integration.fullkernel import cpio, recipe
from integration.fullkernel.apt_sources import AptSources, read_apt_sources
from integration.fullkernel.errors import FullKernelError

KEPT = 2  # images: this one and, while branches with other pins are compared, the one before
LONGEST_WAIT = 1800  # seconds for another session's build
Say = Callable[[str], None]


@dataclass(frozen=True)
class Image:
    """What qemu starts: a kernel and its packed root file system."""

    directory: Path
    release: str  # of the kernel, as in `uname -r`
    python: str  # version of its Python, as in "3.11"

    @property
    def kernel(self) -> Path:
        """The bootable kernel."""
        return self.directory / "vmlinuz"

    @property
    def root(self) -> Path:
        """The packed root file system."""
        return self.directory / "root.cpio"


def cache_directory() -> Path:
    """${XDG_CACHE_HOME:-~/.cache}/netapply/fullkernel (XDG base directory specification)."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "netapply" / "fullkernel"


def ready_image(requirements: Sequence[Path], say: Say, cache: Path | None = None) -> Image:
    """The image with these pinned requirements; built now unless it is cached. Raises FullKernelError."""
    _require_machine(requirements)
    sources = read_apt_sources()
    cache = cache or cache_directory()
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(cache / "lock", say):
        place = cache / digest(sources, requirements)
        if not place.is_dir():
            started = time.monotonic()
            say("building its image (once, about a minute) …")
            _build(place, sources, requirements)
            say(f"image built in {time.monotonic() - started:.0f} s: {place}")
        os.utime(place)
        _prune(cache)
        return Image(place, **json.loads((place / "facts.json").read_text()))


def digest(sources: AptSources, requirements: Sequence[Path]) -> str:
    """A name for everything that the image is made from, the recipe included."""
    content = hashlib.sha256()
    for module in (recipe, cpio):
        content.update(Path(str(module.__file__)).read_bytes())
    content.update(repr(sources).encode())
    for path in requirements:
        content.update(path.read_bytes())
    return content.hexdigest()[:20]


def _require_machine(requirements: Sequence[Path]) -> None:
    cannot = "cannot build the full kernel image: "
    missing = {name: package for name, package in recipe.COMMANDS.items() if shutil.which(name) is None}
    if missing:
        raise FullKernelError(
            f"{cannot}{', '.join(missing)} not found; run `make setup`, or "
            f"`apt-get install --no-install-recommends {' '.join(missing.values())}`"
        )
    if absent := [str(path) for path in requirements if not path.is_file()]:
        raise FullKernelError(f"{cannot}no {', '.join(absent)}, which pins what the tests import")
    if platform.machine() != "x86_64":
        raise FullKernelError(f"{cannot}it is made for x86_64, and this machine is {platform.machine()}")
    if os.geteuid() != 0:
        raise FullKernelError(f"{cannot}only root can make its device files; run the tests as root")


def _build(place: Path, sources: AptSources, requirements: Sequence[Path]) -> None:
    unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=place.parent))
    failed = place.parent / "failed-build.log"
    try:
        _fill(unfinished, sources, requirements)
        _flush(unfinished)
        unfinished.rename(place)
        _flush(place.parent)
        failed.unlink(missing_ok=True)
    except BaseException as error:
        (unfinished / "build.log").replace(failed)
        shutil.rmtree(unfinished)
        if isinstance(error, FullKernelError):
            raise FullKernelError(f"{error}\nThe whole log is in {failed}") from error
        raise


def _fill(unfinished: Path, sources: AptSources, requirements: Sequence[Path]) -> None:
    root = unfinished / "root"
    with (unfinished / "build.log").open("w") as log:
        recipe.bootstrap(root, sources, log)
        recipe.add_python_packages(root, requirements, log)
    recipe.pack(root, unfinished / "root.cpio")
    kernel = recipe.kernel(root)
    shutil.copyfile(kernel, unfinished / "vmlinuz")
    image = Image(unfinished, kernel.name.removeprefix("vmlinuz-"), recipe.python_version(root))
    facts = {name: value for name, value in asdict(image).items() if name != "directory"}
    (unfinished / "facts.json").write_text(json.dumps(facts))
    shutil.rmtree(root)


def _flush(directory: Path) -> None:
    """Onto the disk: the files of a directory, then the directory."""
    for path in (*(file for file in directory.iterdir() if file.is_file()), directory):
        opened = os.open(path, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _prune(cache: Path) -> None:
    """Holding the lock, so an unfinished directory here is of a build that was killed."""
    for abandoned in cache.glob("unfinished-*"):
        shutil.rmtree(abandoned)
    images = sorted(cache.glob("*/facts.json"), key=lambda facts: facts.parent.stat().st_mtime)
    for facts in images[:-KEPT]:
        shutil.rmtree(facts.parent)


@contextmanager
def _locked(path: Path, say: Say) -> Iterator[None]:
    """Alone with the cache. The kernel releases the lock when its holder dies."""
    deadline = time.monotonic() + LONGEST_WAIT
    with path.open("w") as lock:
        waiting = False
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise FullKernelError(f"cannot build the full kernel image: {path} stays locked") from None
            if not waiting:
                say("another session is building its image; waiting for it …")
                waiting = True
            time.sleep(0.2)
        yield
