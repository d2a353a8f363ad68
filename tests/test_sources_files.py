"""Files that cannot be read, and all the ways to name files that can."""

from __future__ import annotations

import errno
import io
import os
import sys
from pathlib import Path

import pytest

from netapply.errors import InputError
from netapply.sources import files, load, loads

GOOD = "version: 1\nlinks: {eno1: {}}\n"


def _error(*paths: str | Path) -> str:
    with pytest.raises(InputError) as caught:
        load(paths)
    assert "\n" not in str(caught.value)
    assert caught.value.where == str(caught.value).split(": ")[0]
    return str(caught.value)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_missing_file_is_named_with_what_comes_near() -> None:
    Path("bridge.yaml").write_text(GOOD)
    assert _error("bridges.yaml") == (
        "bridges.yaml:1:1: cannot read the file: No such file or directory; did you mean bridge.yaml?"
    )
    assert _error("x/y.yaml").endswith("cannot read the file: No such file or directory; check the path")


def test_a_missing_default_directory_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "DEFAULT_DIRECTORY", "absent/")
    assert _error() == (
        "absent/:1:1: cannot read the file: No such file or directory; write the desired state there, or name a file"
    )


def test_the_default_directory_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("etc").mkdir()
    Path("etc/a.yaml").write_text(GOOD)
    monkeypatch.setattr(files, "DEFAULT_DIRECTORY", "etc/")
    desired = load()
    assert [str(resource.origin) for resource in desired] == ["etc/a.yaml:2:9"]
    assert desired.source == "etc/"


def test_an_unreadable_file_names_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str, flags: int) -> int:
        raise PermissionError(errno.EACCES, "refused", path)

    monkeypatch.setattr(os, "open", refuse)
    expected = "a.yaml:1:1: cannot read the file: Permission denied; run as root, or let this user read it"
    assert _error("a.yaml") == expected


def test_an_error_while_reading_names_the_reason() -> None:
    # A process's own memory is a regular file whose first page cannot be read.
    assert "cannot read the file: Input/output error; check the path" in _error("/proc/self/mem")


def test_links_in_a_circle_are_refused() -> None:
    Path("a.yaml").symlink_to("b.yaml")
    Path("b.yaml").symlink_to("a.yaml")
    assert "a.yaml:1:1: cannot read the file: Too many levels of symbolic links" in _error("a.yaml")


def test_a_file_as_a_directory_is_refused() -> None:
    Path("a.yaml").write_text(GOOD)
    assert "a.yaml/b.yaml:1:1: cannot read the file: Not a directory" in _error("a.yaml/b.yaml")


def test_a_pipe_that_nobody_writes_to_does_not_block() -> None:
    os.mkfifo("pipe.yaml")
    assert "pipe.yaml:1:1: cannot read the file: it is a pipe" in _error("pipe.yaml")


def test_a_device_is_refused() -> None:
    assert "/dev/zero:1:1: cannot read the file: it is a device" in _error("/dev/zero")


def test_a_directory_inside_a_directory_is_refused() -> None:
    Path("d/sub.yaml").mkdir(parents=True)
    assert "d/sub.yaml:1:1: cannot read the file: it is a directory" in _error("d")


def test_a_large_file_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("large.yaml").open("wb") as file:
        file.truncate(100 * 2**20)
    monkeypatch.setattr(files, "_decoded", None)  # whatever is read would have to go through it
    expected = "large.yaml:1:1: cannot read the file: a desired state has at most 16 MiB; is it the right file?"
    assert _error("large.yaml") == expected


def test_the_largest_file_is_read() -> None:
    Path("a.yaml").write_text(GOOD + "#" * (files.LARGEST - len(GOOD)))
    assert len(load(["a.yaml"])) == 1


def test_a_name_with_a_nul_or_strange_bytes_is_an_error_too() -> None:
    assert "cannot read the file: its name holds a NUL" in _error("a\0.yaml")
    strange = os.fsdecode(b"a\xff\n.yaml")
    assert _error(strange).startswith("a\\\\xff\\n.yaml:1:1: cannot read the file")


@pytest.mark.parametrize(
    ("data", "where"),
    [(b"\xff\xfea\0", "1:1"), (b"a: b\nc: \xfc", "2:4"), ("ä: ".encode() + b"\x80", "1:4"), (b"a\0", "1:2")],
)
def test_the_first_bad_byte_is_pointed_at(data: bytes, where: str) -> None:
    Path("a.yaml").write_bytes(data)
    assert _error("a.yaml").startswith(f"a.yaml:{where}: cannot read the file: ")


def test_standard_input_is_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(GOOD.encode())))
    assert [str(resource.origin) for resource in load(["-"])] == ["<stdin>:2:9"]
    assert _error("-", "-") == "<stdin>:1:1: cannot read standard input twice; give '-' once"


def test_standard_input_is_read_up_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LARGEST", 10)
    stream = io.BytesIO(b"#" * 100)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stream))
    assert "<stdin>:1:1: cannot read the file" in _error("-")
    assert stream.tell() == 11


def test_several_files_are_read_in_the_order_given() -> None:
    Path("b.yaml").write_text("version: 1\nlinks: {eno2: {}}\n")
    Path("a.yaml").write_text("version: 1\nlinks: {eno1: {}}\n")
    desired = load(["b.yaml", Path("a.yaml")])
    assert [resource.name for resource in desired] == ["eno2", "eno1"]
    assert desired.source == "b.yaml, a.yaml"


def test_the_first_wrong_file_is_the_error() -> None:
    Path("a.yaml").write_text(GOOD)
    Path("b.yaml").write_text("version: 3\n")
    Path("c.yaml").write_text("")
    assert _error("a.yaml", "b.yaml", "c.yaml").startswith("b.yaml:1:10: cannot use '3'")


def test_a_text_has_a_name_too() -> None:
    assert [str(resource.origin) for resource in loads(GOOD)] == ["<string>:2:9"]
    with pytest.raises(InputError, match=r"the form:1:10: cannot use '9'"):
        loads("version: 9", "the form")
