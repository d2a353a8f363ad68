"""The archive is what the kernel's early-userspace/buffer-format.rst describes, read back by hand."""

from __future__ import annotations

import io
import os
import stat
from dataclasses import dataclass
from pathlib import Path

import pytest

from integration.fullkernel.cpio import BLOCK, Archive


@dataclass
class Member:
    mode: int
    data: bytes
    modified: int


def read(content: bytes) -> dict[str, Member]:
    """Members in their order; fails where the format is broken."""
    members: dict[str, Member] = {}
    at = 0
    while True:
        assert at % 4 == 0
        assert content[at : at + 6] == b"070701"
        numbers = [int(content[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
        mode, modified, size, name_size = numbers[1], numbers[5], numbers[6], numbers[11]
        name = content[at + 110 : at + 110 + name_size]
        assert name.endswith(b"\0")
        start = -(-(at + 110 + name_size) // 4) * 4
        if name == b"TRAILER!!!\0":
            assert not content[start:].strip(b"\0")
            return members
        members[name[:-1].decode()] = Member(mode, content[start : start + size], modified)
        at = -(-(start + size) // 4) * 4


def packed(tree: Path, *names: str) -> dict[str, Member]:
    stream = io.BytesIO()
    archive = Archive(stream)
    for name in names:
        archive.add(tree / name, name)
    archive.finish()
    assert len(stream.getvalue()) % BLOCK == 0
    return read(stream.getvalue())


def test_the_first_header_is_the_one_in_the_manual() -> None:
    stream = io.BytesIO()

    Archive(stream).text("a", "hi")

    fields = "00000001 000081A4 00000000 00000000 00000001 00000000 00000002 00000000 00000000 00000000 00000000 "
    header = "070701" + fields.replace(" ", "") + "0000000200000000"
    assert stream.getvalue() == header.encode() + b"a\0" + b"hi\0\0"


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 511, 512, 513])
def test_files_of_every_alignment_come_back(tmp_path: Path, size: int) -> None:
    (tmp_path / "first").write_bytes(b"x" * size)
    (tmp_path / "second").write_text("after it")

    members = packed(tmp_path, "first", "second")

    assert members["first"].data == b"x" * size
    assert members["second"].data == b"after it"


def test_modes_times_links_and_directories_come_back(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir(mode=0o700)
    (tmp_path / "bin/tool").write_text("#!")
    (tmp_path / "bin/tool").chmod(0o4755)
    (tmp_path / "sh").symlink_to("bin/tool")

    members = packed(tmp_path, "bin", "bin/tool", "sh")

    assert members["bin"].mode == stat.S_IFDIR | 0o700
    assert members["bin/tool"].mode == stat.S_IFREG | 0o4755
    assert members["bin/tool"].modified == int((tmp_path / "bin/tool").stat().st_mtime)
    assert members["sh"].mode == stat.S_IFLNK | 0o777
    assert members["sh"].data == b"bin/tool"


def test_directories_on_the_way_come_first_and_once(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/one").touch()
    (tmp_path / "a/b/two").touch()

    members = packed(tmp_path, "a/b/one", "a/b/two")

    assert list(members) == ["a", "a/b", "a/b/one", "a/b/two"]


def test_devices_keep_their_numbers(tmp_path: Path) -> None:
    stream = io.BytesIO()

    Archive(stream).add(Path("/dev/null"), "dev/null")

    header = stream.getvalue()[-120:]  # with its name, nine bytes and one of padding
    assert header[6 + 9 * 8 : 6 + 11 * 8] == b"0000000100000003"


def test_what_cannot_be_packed_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(ValueError, match="neither file, directory, link nor device"):
        packed(tmp_path, "pipe")


def test_an_archive_may_follow_another(tmp_path: Path) -> None:
    stream = io.BytesIO()
    for content in ("first", "second"):
        archive = Archive(stream)
        archive.text("same", content)
        archive.finish()
        assert stream.tell() % BLOCK == 0

    assert read(stream.getvalue()[BLOCK:])["same"].data == b"second"
