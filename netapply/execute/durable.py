"""Files that survive a power cut: write, fsync, rename, fsync the directory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from netapply.errors import StateError


def ensure_directory(path: Path) -> None:
    """Make a directory that only root may enter; StateError with the reason where that cannot be."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StateError(f"cannot make the state directory {path}: {error.strerror}; see --state-dir") from None


def write_whole(path: Path, text: str) -> None:
    """Replace a file's content at once: a reader, or a crash, sees the former text or this one."""
    beside = path.with_name(f".{path.name}.part")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.rename(path)
        sync_directory(path.parent)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise StateError(f"cannot write {path}: {error.strerror}; nothing was begun") from None


def append_line(path: Path, text: str) -> None:
    """One more line, on the disk when this returns; StateError where that cannot be."""
    with saying("write", path), path.open("a", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def saying(what: str, path: Path | str) -> Iterator[None]:
    """An error of the system inside the block becomes a StateError that says what could not be done."""
    try:
        yield
    except OSError as error:
        raise StateError(f"cannot {what} {path}: {error.strerror}") from None


def sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_text(path: Path) -> str | None:
    """The file's text; None where there is no file."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise StateError(f"cannot read {path}: {error}") from None
