"""Desired state as text: files, directories, standard input. Every read is bounded.

A path that is no regular file is refused before it is read: a pipe or a device may block or never end.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

from netapply.model.resource import Origin
from netapply.sources.wording import listed, nearest, printable_path, refusal

DEFAULT_DIRECTORY: Final = "/etc/netapply/"
LARGEST: Final = 16 * 2**20
"""Bytes of one file: 1,000 bridges take 100 kB."""
SUFFIXES: Final = (".yaml", ".yml")
STDIN: Final = "-"
_NEXT: Final = {
    errno.EACCES: "run as root, or let this user read it",
    errno.ELOOP: "its symbolic links lead in a circle; make one point to a file",
    errno.ENOTDIR: "a part of its path is no directory; check the path",
    errno.ENAMETOOLONG: "the path is too long; check it",
}


class Text(NamedTuple):
    """What one file holds; `name` is the path as the user gave it."""

    name: str
    text: str


def read_all(paths: Sequence[str | Path]) -> list[Text]:
    """The text of every file that `paths` name; the default directory where they name none."""
    names = [os.fspath(path) for path in paths] or [DEFAULT_DIRECTORY]
    if names.count(STDIN) > 1:
        raise refusal("cannot read standard input twice; give '-' once", Origin("<stdin>", 1))
    return [_read(file) for name in names for file in _files_of(name)]


def _files_of(name: str) -> Iterator[str]:
    """The file itself, or what a directory holds, sorted by name (10-x.yaml comes before 20-y.yaml)."""
    if name == STDIN or not Path(name).is_dir():
        yield name
        return
    try:
        found = sorted(entry.name for entry in Path(name).iterdir() if _is_ours(entry))
    except OSError as error:
        _refuse(name, error)
    if not found:
        message = f"cannot find a desired state: the directory holds no {listed(SUFFIXES, 'or')} file"
        raise refusal(f"{message}; write one", Origin(printable_path(name), 1))
    yield from (str(os.path.join(name, entry)) for entry in found)  # noqa: PTH118 - the path as it was given


def _is_ours(entry: Path) -> bool:
    """Whether a directory's entry is read: hidden ones are an editor's."""
    return entry.suffix in SUFFIXES and not entry.name.startswith(".")


def _read(name: str) -> Text:
    if name == STDIN:
        return Text("<stdin>", _decoded(sys.stdin.buffer.read(LARGEST + 1), "<stdin>"))
    try:
        # O_NONBLOCK: opening a named pipe that nobody writes to would wait for ever.
        descriptor = os.open(name, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        _refuse(name, error)
    except ValueError:
        raise refusal("cannot read the file: its name holds a NUL", Origin(printable_path(name), 1)) from None
    printable = printable_path(name)
    try:
        return Text(printable, _decoded(_content(descriptor, printable), printable))
    except OSError as error:
        _refuse(name, error)
    finally:
        os.close(descriptor)


def _content(descriptor: int, name: str) -> bytes:
    """The bytes of an open regular file; one byte more than the limit if it has grown beyond."""
    status = os.fstat(descriptor)
    _refuse_what_is_no_file(status.st_mode, name)
    _refuse_size(status.st_size, name)
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        return file.read(LARGEST + 1)


def _refuse(name: str, error: OSError) -> NoReturn:
    """Say why the system did not let us read it, and what to do about it."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    advice = _NEXT.get(error.errno or 0, "check the path")
    if error.errno == errno.ENOENT:
        advice = _advice_for_missing(name)
    raise refusal(f"cannot read the file: {reason}; {advice}", Origin(printable_path(name), 1)) from None


def _advice_for_missing(name: str) -> str:
    if name == DEFAULT_DIRECTORY:
        return "write the desired state there, or name a file"
    path = Path(name)
    try:
        near = nearest(path.name, (entry.name for entry in path.parent.iterdir()))
    except OSError:
        near = None
    return f"did you mean {printable_path(str(path.with_name(near)))}?" if near else "check the path"


def _refuse_what_is_no_file(mode: int, name: str) -> None:
    if stat.S_ISREG(mode):
        return
    word = {stat.S_IFDIR: "a directory", stat.S_IFIFO: "a pipe"}.get(stat.S_IFMT(mode), "a device")
    advice = "give a regular file, or '-' and the text on standard input"
    raise refusal(f"cannot read the file: it is {word}; {advice}", Origin(name, 1))


def _refuse_size(size: int, name: str) -> None:
    if size > LARGEST:
        limit = f"a desired state has at most {LARGEST // 2**20} MiB"
        raise refusal(f"cannot read the file: {limit}; is it the right file?", Origin(name, 1))


def _decoded(data: bytes, name: str) -> str:
    """The text of a UTF-8 file. InputError with the place of the first byte that is none."""
    _refuse_size(len(data), name)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line_start = before.rfind(b"\n") + 1
        column = len(before[line_start:].decode("utf-8")) + 1
        origin = Origin(name, before.count(b"\n") + 1, column)
        message = f"cannot read the file: byte 0x{data[error.start]:02x} is not UTF-8; save it as UTF-8 text"
        raise refusal(message, origin) from None
