"""Write the archive format that a kernel unpacks into its first file system.

"newc" of Documentation/driver-api/early-userspace/buffer-format.rst: a header of thirteen hexadecimal
numbers, the name, the data, each padded to four bytes. A kernel takes several archives behind each other; a
later file replaces an earlier one of the same name, which is how a checkout is laid over a cached root.
"""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import BinaryIO

BLOCK = 512
LARGEST_FILE = 0xFFFFFFFF  # the header has eight hexadecimal digits for it


class Archive:
    """One archive being written. `finish()` ends it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._written = 0
        self._inode = 0
        self._directories: set[str] = set()

    def text(self, name: str, content: str, mode: int = 0o644) -> None:
        """A regular file with this text."""
        data = content.encode()
        self._parents(name)
        self._header(name, stat.S_IFREG | mode, size=len(data))
        self._write(data)
        self._pad(4)

    def add(self, source: Path, name: str) -> None:
        """A file, directory, symbolic link or device as it stands at `source`; a directory by itself.

        Names have no leading slash. Raises OSError; sockets and pipes raise ValueError.
        """
        status = source.lstat()
        kind = stat.S_IFMT(status.st_mode)
        self._parents(name)
        if kind == stat.S_IFREG:
            self._regular(source, name, status)
        elif kind == stat.S_IFLNK:
            self._link(str(source.readlink()), name, status)
        elif kind == stat.S_IFDIR:
            self._directories.add(name)
            self._header(name, status.st_mode, owner=status)
        elif kind in (stat.S_IFCHR, stat.S_IFBLK):
            self._header(name, status.st_mode, owner=status, device=status.st_rdev)
        else:
            raise ValueError(f"cannot pack {source}: neither file, directory, link nor device")

    def finish(self) -> None:
        """The mark that ends an archive, padded so that another archive may follow."""
        self._header("TRAILER!!!", 0)
        self._pad(BLOCK)

    def _regular(self, source: Path, name: str, status: os.stat_result) -> None:
        if status.st_size > LARGEST_FILE:
            raise ValueError(f"cannot pack {source}: {status.st_size} bytes, and the format ends at 4 GiB")
        self._header(name, status.st_mode, size=status.st_size, owner=status)
        before = self._stream.tell()
        with source.open("rb") as content:
            shutil.copyfileobj(content, self._stream, 1 << 20)
        if self._stream.tell() - before != status.st_size:
            raise ValueError(f"cannot pack {source}: it changed while it was read; run again")
        self._written += status.st_size
        self._pad(4)

    def _link(self, target: str, name: str, status: os.stat_result) -> None:
        data = os.fsencode(target)
        self._header(name, status.st_mode, size=len(data), owner=status)
        self._write(data)
        self._pad(4)

    def _parents(self, name: str) -> None:
        """A kernel drops a file whose directory is not there yet."""
        for parent in reversed(Path(name).parents[:-1]):
            if str(parent) not in self._directories:
                self._directories.add(str(parent))
                self._header(str(parent), stat.S_IFDIR | 0o755)

    def _header(
        self, name: str, mode: int, *, size: int = 0, owner: os.stat_result | None = None, device: int = 0
    ) -> None:
        self._inode += 1  # unique: hard links become separate files, and a root has few of them
        encoded = os.fsencode(name) + b"\0"
        uid, gid, modified = (owner.st_uid, owner.st_gid, int(owner.st_mtime)) if owner else (0, 0, 0)
        numbers = (
            *(self._inode, mode, uid, gid, 1, modified, size, 0, 0),
            *(os.major(device), os.minor(device), len(encoded), 0),
        )
        self._write(b"070701" + b"".join(b"%08X" % number for number in numbers) + encoded)
        self._pad(4)

    def _write(self, data: bytes) -> None:
        self._stream.write(data)
        self._written += len(data)

    def _pad(self, block: int) -> None:
        self._write(b"\0" * (-self._written % block))
