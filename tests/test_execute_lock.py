"""The lock: one writer, whose pid the next one reads, and which ends with its process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from netapply.errors import LockedError, StateError
from netapply.execute.lock import locked

HOLDER = """
import sys
from pathlib import Path
from netapply.execute.lock import locked
with locked(Path(sys.argv[1]), "host"):
    print("held", flush=True)
    sys.stdin.read()
"""
ROOT = Path(__file__).parents[1]


@contextmanager
def holder(run_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the lock."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(run_dir)], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_another_process_is_named(tmp_path: Path) -> None:
    with holder(tmp_path) as process, pytest.raises(LockedError) as caught, locked(tmp_path, "host"):
        pass
    assert caught.value.pid == process.pid
    assert str(caught.value) == (
        f"cannot begin: another netapply is at work here (process {process.pid}); wait for it to end"
    )


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)
        with locked(tmp_path, "host"):
            assert (tmp_path / "host.lock").read_text() == str(os.getpid())


def test_another_namespace_has_its_own_lock(tmp_path: Path) -> None:
    with holder(tmp_path), locked(tmp_path, "netns-lab"):
        assert (tmp_path / "netns-lab.lock").exists()


def test_the_lock_is_free_again_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), locked(tmp_path, "host"):
        raise ZeroDivisionError
    with locked(tmp_path, "host"):
        pass


def test_a_holder_that_did_not_write_its_pid_yet_is_another_process(tmp_path: Path) -> None:
    with holder(tmp_path):
        (tmp_path / "host.lock").write_text("")
        with pytest.raises(LockedError, match=r"\(another process\)") as caught, locked(tmp_path, "host"):
            pass
    assert caught.value.pid == 0


def test_a_link_in_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "host.lock").symlink_to(victim)
    with (
        pytest.raises(StateError, match=r"^cannot open the lock .*/host.lock: Too many levels of symbolic links$"),
        locked(tmp_path, "host"),
    ):
        pass
    assert victim.read_text() == "precious"


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file")
    with pytest.raises(StateError, match=r"^cannot make the state directory .*/run"), locked(tmp_path / "run", "host"):
        pass
