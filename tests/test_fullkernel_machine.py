"""A machine and its agent, with the agent as a plain program: everything but qemu."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from integration.fullkernel.errors import FullKernelError, MachineLostError, MachineSilentError
from integration.fullkernel.machine import Machine

CHECKOUT = Path(__file__).resolve().parents[1]


def agent(stream: int, scratch: Path) -> Sequence[str]:
    return [
        "env",
        f"PYTHONPATH={CHECKOUT}",
        sys.executable,
        "-m",
        "integration.fullkernel.guest_agent",
        str(stream),
    ]


def test_commands_run_one_after_the_other() -> None:
    with Machine(agent) as machine:
        first = machine.run(["sh", "-c", "echo out; echo err >&2; exit 3"], timeout=20)
        second = machine.run(["printenv", "COLOUR"], timeout=20, env={"COLOUR": "red"}, cwd="/")

    assert (first.status, first.output) == (3, "out\nerr\n")
    assert (second.status, second.output) == (0, "red\n")


def test_a_command_that_is_not_there_is_told() -> None:
    with Machine(agent) as machine:
        done = machine.run(["no-such-command"], timeout=20)

        assert done.status == 127
        assert "No such file or directory: 'no-such-command'" in done.output
        assert machine.run(["true"], timeout=20).status == 0


def test_what_a_command_leaves_running_holds_nothing_up() -> None:
    with Machine(agent) as machine:
        begun = time.monotonic()
        done = machine.run(["sh", "-c", "sleep 60 & echo started"], timeout=40)

    assert done.output == "started\n"
    assert time.monotonic() - begun < 30


def test_much_output_arrives_whole() -> None:
    with Machine(agent) as machine:
        done = machine.run(["seq", "200000"], timeout=60)

    assert done.output.splitlines()[-1] == "200000"
    assert len(done.output.splitlines()) == 200000


def test_a_command_that_does_not_end_is_reported_in_time() -> None:
    with (
        Machine(agent) as machine,
        pytest.raises(MachineSilentError, match=r"did not end in the full kernel within 1 s"),
    ):
        machine.run(["sleep", "60"], timeout=1)


def test_a_killed_machine_says_so_and_starts_again() -> None:
    machine = Machine(agent)
    with machine:
        machine.kill()
        with pytest.raises(MachineLostError, match="is not running"):
            machine.run(["true"], timeout=5)
        machine.start()
        machine.wait_until_up()
        assert machine.run(["true"], timeout=20).status == 0


def test_a_machine_that_ends_by_itself_says_how() -> None:
    with Machine(agent) as machine, pytest.raises(MachineLostError, match="its process ended with status -9"):
        machine.run(["sh", "-c", "kill -9 $PPID; sleep 60"], timeout=20)


def test_a_shutdown_ends_it_in_order() -> None:
    with Machine(agent) as machine:
        machine.shutdown()
        with pytest.raises(MachineLostError, match="is not running"):
            machine.run(["true"], timeout=5)


def test_a_panic_is_the_reason() -> None:
    def panicking(stream: int, scratch: Path) -> Sequence[str]:
        return ["sh", "-c", r"printf '\033[2J[  1.2] Kernel panic - not syncing: No init found.\n'"]

    with pytest.raises(MachineLostError, match=r"gone: it panicked: No init found\."), Machine(panicking):
        pass


def test_a_machine_that_does_not_boot_is_given_up() -> None:
    machine = Machine(lambda stream, scratch: ["sleep", "60"])
    machine.start()
    try:
        with pytest.raises(MachineSilentError, match="did not boot within 0 s"):
            machine.wait_until_up(0)
    finally:
        machine.kill()


def test_nothing_stays_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Machine(agent) as machine:
        assert machine.console_tail(5) == ""
        assert [path.name for path in tmp_path.glob("*/*")] == ["console"]

    assert list(tmp_path.iterdir()) == []


def test_a_command_that_cannot_start_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("PATH", "")

    with pytest.raises(FullKernelError, match=r"cannot start the full kernel: .*setpriv"):
        Machine(agent).start()
    assert list(tmp_path.iterdir()) == []
