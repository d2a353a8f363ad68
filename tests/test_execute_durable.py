"""Files that survive a power cut, with the cut at each step."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from netapply.errors import StateError
from netapply.execute.durable import append_line, ensure_directory, read_text, sync_directory, write_whole


class PowerCutError(Exception):
    """The machine is off: nothing after this happens, no tidying either."""


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write_whole(tmp_path / "owned", "first\n")
    write_whole(tmp_path / "owned", "zweite Zeile: ä\n")
    assert read_text(tmp_path / "owned") == "zweite Zeile: ä\n"
    assert [path.name for path in tmp_path.iterdir()] == ["owned"]
    assert (tmp_path / "owned").stat().st_mode & 0o777 == 0o600


def test_a_missing_file_is_no_text(tmp_path: Path) -> None:
    assert read_text(tmp_path / "none") is None


@pytest.fixture(params=["open", "fdopen", "fsync", "rename"])
def broken(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[BaseException], None]]:
    """Makes one step of writing a file fail with the error given."""

    def make(error: BaseException) -> None:
        def fail(*arguments: object, **named: object) -> None:
            raise error

        owner = Path if request.param == "rename" else os
        monkeypatch.setattr(owner, request.param, fail)

    yield make
    monkeypatch.undo()


def test_a_failed_write_leaves_the_former_text_and_nothing_beside_it(
    tmp_path: Path, broken: Callable[[BaseException], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal"
    write_whole(path, "former")
    broken(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    with pytest.raises(StateError, match=f"^cannot write {path}: No space left on device; nothing was begun$"):
        write_whole(path, "latter")
    monkeypatch.undo()
    assert path.read_text() == "former"
    assert [item.name for item in tmp_path.iterdir()] == ["journal"]


def test_after_a_power_cut_there_is_the_former_text_and_the_next_write_works(
    tmp_path: Path, broken: Callable[[BaseException], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal"
    write_whole(path, "former")
    broken(PowerCutError())
    with pytest.raises(PowerCutError):
        write_whole(path, "latter")
    monkeypatch.undo()
    assert path.read_text() == "former"
    write_whole(path, "later still")
    assert path.read_text() == "later still"
    assert [item.name for item in tmp_path.iterdir()] == ["journal"]


def test_the_directory_is_synced_behind_the_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it a power cut may undo the rename (fsync(2))."""
    steps: list[str] = []
    real_fsync, real_rename = os.fsync, Path.rename

    def fsync(descriptor: int) -> None:
        steps.append("directory" if Path(f"/proc/self/fd/{descriptor}").resolve() == tmp_path else "file")
        real_fsync(descriptor)

    def rename(path: Path, target: Path) -> Path:
        steps.append("rename")
        return real_rename(path, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "rename", rename)
    write_whole(tmp_path / "owned", "text")
    assert steps == ["file", "rename", "directory"]


def test_a_line_is_on_the_disk_when_it_is_appended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    path = tmp_path / "journal"
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(path.read_text()))
    append_line(path, "one")
    append_line(path, "two")
    assert synced == ["one\n", "one\ntwo\n"]


def test_a_link_where_the_text_is_prepared_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / ".owned.part").symlink_to(victim)
    with pytest.raises(StateError, match=r"^cannot write .*/owned: Too many levels of symbolic links"):
        write_whole(tmp_path / "owned", "text")
    assert victim.read_text() == "precious"


def test_a_link_in_place_of_the_file_is_replaced_and_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "owned").symlink_to(victim)
    write_whole(tmp_path / "owned", "text")
    assert victim.read_text() == "precious"
    assert not (tmp_path / "owned").is_symlink()


def test_a_directory_in_the_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(
        StateError, match=r"^cannot make the state directory .*/state/host: Not a directory; see --state-dir$"
    ):
        ensure_directory(tmp_path / "state" / "host")
    with pytest.raises(StateError, match=r"^cannot make the state directory .*/state: File exists; see --state-dir$"):
        ensure_directory(tmp_path / "state")


def test_a_state_directory_is_for_root_alone(tmp_path: Path) -> None:
    ensure_directory(tmp_path / "state" / "host")
    ensure_directory(tmp_path / "state" / "host")
    assert (tmp_path / "state" / "host").stat().st_mode & 0o777 == 0o700


def test_text_that_is_none_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "owned").write_bytes(b"\xff\xfe")
    with pytest.raises(StateError, match=r"^cannot read .*/owned: "):
        read_text(tmp_path / "owned")
    with pytest.raises(StateError, match=r"^cannot read .*: .*Is a directory"):
        read_text(tmp_path)


def test_syncing_closes_what_it_opened(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        sync_directory(tmp_path)
        write_whole(tmp_path / "owned", "text")
    assert len(list(Path("/proc/self/fd").iterdir())) == before
