"""The outermost edge: interruptions, closed pipes, full disks, bugs, logs, colours."""

from __future__ import annotations

import errno
import io
import json
import os
import signal
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from netapply.api import Host
from netapply.cli import main
from netapply.cli.interruption import undo_uninterrupted
from netapply.cli.output import Output
from netapply.errors import RefusedError
from netapply.plan import Action, Change, Plan

ROOT = Path(__file__).parent.parent
PLAN = Plan([Change(Action.CREATE, ("link", "vmbr0"), "bridge")], source="a.yaml")
Captured = pytest.CaptureFixture[str]


def connect(plan: Callable[..., Any]) -> Callable[[Namespace], Host]:
    """A host whose plan is made by the given function."""

    class Answering:
        pass

    host: Any = Answering()
    host.plan = plan
    return lambda options: cast(Host, host)


def applying(failure: BaseException) -> Callable[[Namespace], Host]:
    """A host whose plan fails like this when it is applied."""

    class Failing(Plan):
        def apply(self, report: object) -> None:
            raise failure

    return connect(lambda *files: Failing(PLAN.changes, source="a.yaml"))


def raising(failure: BaseException) -> Callable[[Namespace], Host]:
    """A host on which making the plan fails like this."""

    def plan(*files: str) -> None:
        raise failure

    return connect(plan)


def test_an_interruption_while_looking(capsys: Captured) -> None:
    assert main(["plan"], raising(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == "netapply: interrupted; nothing was changed\n"


def test_an_interruption_while_applying(capsys: Captured) -> None:
    assert main(["apply", "--yes"], applying(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == "netapply: interrupted; `netapply check` tells how things stand\n"


def test_a_bug_is_one_line_and_asks_for_a_report(capsys: Captured) -> None:
    assert main(["plan"], raising(ZeroDivisionError("by zero"))) == 1
    assert capsys.readouterr().err == (
        "netapply: cannot continue: internal error: ZeroDivisionError: by zero; "
        "please report it with what the same command prints with -v\n"
    )


def test_a_bug_while_applying_names_the_way_back(capsys: Captured) -> None:
    assert main(["apply", "--yes"], applying(KeyError("x"))) == 1
    assert capsys.readouterr().err.rstrip().endswith("prints with -v; then run `netapply recover`")


def test_verbose_shows_where_a_bug_is(capsys: Captured) -> None:
    assert main(["-v", "plan"], raising(ZeroDivisionError("by zero"))) == 1
    error = capsys.readouterr().err
    assert "Traceback" in error
    assert "in plan\n" in error


def test_a_message_with_newlines_stays_one_line(capsys: Captured) -> None:
    main(["plan"], raising(RefusedError("cannot a\nb")))
    assert capsys.readouterr().err == "netapply: cannot a b\n"


def test_errors_as_json(capsys: Captured) -> None:
    assert main(["plan", "--log-format", "json"], raising(RefusedError("cannot do it"))) == 1
    line = json.loads(capsys.readouterr().err)
    assert (line["level"], line["event"]) == ("error", "cannot do it")
    assert "timestamp" in line


def test_verbose_tells_what_planning_cost(capsys: Captured) -> None:
    main(["plan", "-v", "--log-format", "json"], connect(lambda *files: PLAN))
    printed = capsys.readouterr()
    line = json.loads(printed.err)
    assert (line["event"], line["changes"], line["source"]) == ("planned", 1, "a.yaml")
    assert printed.out.startswith("+ bridge vmbr0")


def test_the_demo_says_in_one_line_that_it_needs_root(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert main(["demo"]) == 1
    error = capsys.readouterr().err
    assert "root" in error
    assert error.startswith("netapply: cannot build lab demo: ")
    assert error.count("\n") == 1


class Broken(io.StringIO):
    """A stream that fails once `room` characters are written."""

    def __init__(self, code: int, room: int = 0) -> None:
        super().__init__()
        self._code, self._room = code, room

    def write(self, text: str) -> int:
        self._room -= len(text)
        if self._room < 0:
            raise OSError(self._code, os.strerror(self._code))
        return super().write(text)


@pytest.mark.parametrize(("code", "expected"), [(errno.EPIPE, 0), (errno.ENOSPC, 1)])
def test_a_reader_may_leave_but_a_disk_must_not_be_full(
    code: int, expected: int, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", Broken(code))
    assert main(["plan"], connect(lambda *files: PLAN)) == expected
    message = "netapply: cannot write to the standard output: No space left on device\n"
    assert capsys.readouterr().err == (message if expected else "")


def test_a_closed_pipe_leaves_the_exit_code_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Broken(errno.EPIPE, 5))
    assert main(["check"], connect(lambda *files: PLAN)) == 2


def test_output_never_raises_once_its_reader_is_gone() -> None:
    out = Output(Broken(errno.EPIPE), {})
    for _ in range(3):
        out.line("text")
        out.rewrite("text")
    out.finish()
    assert isinstance(out.failure, BrokenPipeError)


def test_a_real_closed_pipe_is_quiet() -> None:
    program = "from netapply.cli import main; import sys; sys.exit(main(['schema', 'plan']))"
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-c", program],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        cwd=ROOT,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("environment", "terminal", "coloured", "rewrites"),
    [
        ({"TERM": "xterm"}, True, True, True),
        ({"TERM": "xterm"}, False, False, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, True, False, True),
        ({"TERM": "xterm", "NO_COLOR": ""}, True, True, True),
        ({"TERM": "dumb"}, True, False, False),
        ({}, True, False, False),
    ],
)
def test_when_there_is_colour(environment: dict[str, str], terminal: bool, coloured: bool, rewrites: bool) -> None:
    stream = io.StringIO()
    stream.isatty = lambda: terminal  # type: ignore[method-assign]
    out = Output(stream, environment)
    assert (out.paint("+", "x") == "\033[32mx\033[0m") is coloured
    assert out.can_rewrite is rewrites


def be_interrupted(steps: list[str]) -> None:
    """A hangup, a request to stop, and while that is undone, more of them."""
    os.kill(os.getpid(), signal.SIGHUP)
    steps.append("a hangup is ignored")
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        steps.append("not reached")
    finally:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
        steps.append("undone")


def test_one_interruption_is_enough_and_the_way_back_has_peace() -> None:
    steps: list[str] = []
    with pytest.raises(KeyboardInterrupt), undo_uninterrupted():
        be_interrupted(steps)
    assert steps == ["a hangup is ignored", "undone"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_terminal_without_arrows_shows_their_code() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="latin-1")
    out = Output(stream, {})
    out.line("± a → b")
    out.finish()
    assert raw.getvalue() == b"\xb1 a \\u2192 b\n"
