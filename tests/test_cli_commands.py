"""The commands on a host that is not there: what they print, ask, refuse, and their exit codes."""

from __future__ import annotations

import io
import json
import sys
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from netapply.api import Host, Result
from netapply.cli import main
from netapply.errors import (
    IncompleteError,
    InputError,
    KernelError,
    LockedError,
    RefusedError,
    RolledBackError,
)
from netapply.execute.transaction import Progress
from netapply.model.attribute import Disruption
from netapply.plan import Action, Change, Operation, Phase, Plan, Step, Verb
from netapply.render.plan_json import plan_json

STEPS = (Step("master", None, "vmbr0"),)
BRIDGE = Change(Action.CREATE, ("link", "vmbr0"), "bridge")
PORT = Change(Action.UPDATE, ("link", "eno1"), "", {}, {}, STEPS, None, Disruption.FLAP)
OPERATIONS = [
    Operation(Verb.CREATE, ("link", "vmbr0"), "bridge", Phase.LINK),
    Operation(Verb.SET, ("link", "eno1"), "", Phase.LINK, {"master": "vmbr0"}, depth=1, change=1),
]


@dataclass
class FakePlan(Plan):
    """A plan that applies itself by telling of its progress; `failure` is raised instead of a result."""

    failure: BaseException | None = None
    applied: int = 0

    def apply(self, progress: Callable[[Progress], None] | None = None) -> Result:
        self.applied += 1
        for number, group in enumerate(self.batches() if progress else (), 1):
            assert progress is not None
            progress(Progress(number, len(self.operations), group, 0.0015))
        if self.failure is not None:
            raise self.failure
        return Result(len(self.changes), len(self.operations), 0.0042, cast(Any, self))

    def to_json(self) -> dict[str, Any]:
        return plan_json(self)


def pending(failure: BaseException | None = None) -> FakePlan:
    return FakePlan([BRIDGE, PORT], OPERATIONS, source="a.yaml", failure=failure)


def nothing() -> FakePlan:
    return FakePlan(source="a.yaml")


@dataclass
class FakeHost:
    """Answers what the test says, and remembers what it was asked."""

    answer: FakePlan | Exception | None = None
    recovery: Result | None = None
    asked: list[Any] = field(default_factory=list)

    def plan(self, *files: str) -> FakePlan:
        self.asked.append(files)
        if not isinstance(self.answer, FakePlan):
            assert self.answer is not None
            raise self.answer
        return self.answer

    def rollback(self) -> FakePlan:
        return self.plan("rollback")

    def recover(self) -> Result | None:
        return self.recovery

    def show(self) -> dict[str, Any]:
        return {"version": 1, "links": {"eth10": {}, "eth2": {"mtu": 1500}}}


def run(host: FakeHost, *argv: str) -> int:
    def connect(options: Namespace) -> Host:
        host.asked.append(options.netns)
        return cast(Host, host)

    return main(argv, connect)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Terminal]:
    """A terminal on which a person types the given answer."""

    def open_terminal(answer: str) -> Terminal:
        screen = Terminal()
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setattr(sys, "stdin", Terminal(answer))
        monkeypatch.setattr(sys, "stdout", screen)
        return screen

    return open_terminal


Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("argv", "plan", "code"),
    [
        (["plan", "a.yaml"], pending(), 0),
        (["plan", "a.yaml", "--detailed-exitcode"], pending(), 2),
        (["plan", "a.yaml", "--detailed-exitcode"], nothing(), 0),
        (["plan", "a.yaml", "--detailed-exitcode", "--json"], pending(), 2),
        (["check", "a.yaml"], pending(), 2),
        (["check", "a.yaml"], nothing(), 0),
    ],
)
def test_exit_codes_of_looking(argv: list[str], plan: FakePlan, code: int) -> None:
    host = FakeHost(plan)
    assert run(host, *argv, "--netns", "x") == code
    assert host.asked == ["x", ("a.yaml",)]
    assert plan.applied == 0


def test_plan_prints_the_plan(capsys: Captured) -> None:
    run(FakeHost(pending()), "plan")
    assert capsys.readouterr().out.splitlines()[0] == "+ bridge vmbr0"


def test_plan_as_json(capsys: Captured) -> None:
    run(FakeHost(pending()), "plan", "--json")
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(plan_json(pending())))


def test_check_says_drift(capsys: Captured) -> None:
    run(FakeHost(pending()), "check")
    assert capsys.readouterr().out.startswith("Drift: the network no longer matches a.yaml.")


def test_show_in_both_formats(capsys: Captured) -> None:
    assert run(FakeHost(), "show") == 0
    assert capsys.readouterr().out == "version: 1\nlinks:\n  eth2:\n    mtu: 1500\n  eth10: {}\n"
    assert run(FakeHost(), "show", "--format", "json") == 0
    assert list(json.loads(capsys.readouterr().out)["links"]) == ["eth2", "eth10"]


def test_recover(capsys: Captured) -> None:
    assert run(FakeHost(), "recover") == 0
    assert run(FakeHost(recovery=Result(0, 3, 0.5, None, recovered=True)), "recover") == 0
    assert capsys.readouterr().out.splitlines() == [
        "Nothing to recover: no transaction is open.",
        "Recovered: the network is as it was before the interrupted transaction (3 operations in 0.50 s).",
    ]


@pytest.mark.parametrize("command", ["apply", "rollback"])
def test_without_a_terminal_a_yes_is_needed(command: str, capsys: Captured) -> None:
    plan = pending()
    assert run(FakeHost(plan), command) == 1
    assert plan.applied == 0
    error = capsys.readouterr().err
    assert error == "netapply: cannot ask whether to go on: this is no terminal; nothing was changed; add --yes\n"


def test_apply_with_yes_prints_plan_progress_and_result(capsys: Captured) -> None:
    plan = pending()
    assert run(FakeHost(plan), "apply", "--yes") == 0
    assert plan.applied == 1
    assert capsys.readouterr().out.splitlines() == [
        "+ bridge vmbr0",
        "~ link eno1                       flap",
        "    master      (none) → vmbr0",
        "",
        "Plan: 1 to add, 1 to change, 0 to replace, 0 to delete. Disruption: flap (eno1).",
        "",
        "[1/2] create bridge vmbr0  (1.5 ms)",
        "[2/2] set master vmbr0 of link eno1  (1.5 ms)",
        "Applied: 1 added, 1 changed in 4.2 ms; verified.",
    ]


def test_rollback_says_so(capsys: Captured) -> None:
    host = FakeHost(pending())
    assert run(host, "rollback", "--yes") == 0
    assert host.asked == [None, ("rollback",)]
    assert capsys.readouterr().out.endswith("Rolled back: 1 added, 1 changed in 4.2 ms; verified.\n")


def test_apply_of_nothing_neither_asks_nor_applies(capsys: Captured) -> None:
    plan = nothing()
    assert run(FakeHost(plan), "apply") == 0
    assert plan.applied == 0
    assert capsys.readouterr().out == "Nothing to do: the network matches a.yaml.\n"


@pytest.mark.parametrize(("answer", "code", "applied"), [("yes\n", 0, 1), ("y\n", 1, 0), ("\n", 1, 0), ("", 1, 0)])
def test_only_yes_is_a_yes(terminal: Callable[[str], Terminal], answer: str, code: int, applied: int) -> None:
    screen, plan = terminal(answer), pending()
    assert run(FakeHost(plan), "apply") == code
    assert plan.applied == applied
    assert "\nApply these changes? Only 'yes' is accepted: " in screen.getvalue()
    assert screen.getvalue().endswith("verified.\n" if applied else "Nothing was changed.\n")


def test_progress_on_a_terminal_is_one_line(terminal: Callable[[str], Terminal]) -> None:
    screen = terminal("yes\n")
    assert run(FakeHost(pending()), "apply") == 0
    shown = screen.getvalue().partition("accepted: ")[2]
    erase = "\r\033[K"
    ending = "Applied: 1 added, 1 changed in 4.2 ms; verified.\n"
    assert shown == f"{erase}[1/2] create bridge vmbr0{erase}[2/2] set master vmbr0 of link eno1{erase}{ending}"


@pytest.mark.parametrize(("limit", "code"), [("live", 1), ("flap", 0), ("recreate", 0)])
def test_more_disruption_than_allowed_is_refused(limit: str, code: int, capsys: Captured) -> None:
    plan = pending()
    assert run(FakeHost(plan), "apply", "a.yaml", "--yes", "--max-disruption", limit) == code
    assert plan.applied == (code == 0)
    if code:
        assert capsys.readouterr().err == (
            "netapply: cannot apply: the plan disrupts more than --max-disruption live allows: flap (eno1); "
            "nothing was changed; see: netapply plan a.yaml\n"
        )


@pytest.mark.parametrize(
    ("failure", "code", "outcome"),
    [
        (RefusedError("cannot do this"), 1, "refused"),
        (LockedError("cannot begin: netapply (pid 7) is at work", 7), 1, "refused"),
        (RolledBackError("cannot do that; everything is as it was before"), 3, "rolled-back"),
        (IncompleteError("cannot restore eno1", ("link eno1",)), 4, "incomplete"),
    ],
)
def test_how_an_apply_fails(failure: Exception, code: int, outcome: str, capsys: Captured) -> None:
    assert run(FakeHost(pending(failure)), "apply", "--yes") == code
    assert capsys.readouterr().err.splitlines()[0] == f"netapply: {failure}"
    assert run(FakeHost(pending(failure)), "apply", "--yes", "--json") == code
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert (document["outcome"], document["message"]) == (outcome, str(failure))
    assert document["plan"]["summary"]["create"] == 1
    assert printed.err.startswith(f"netapply: {failure}\n")


def test_an_incomplete_rollback_names_what_remains(capsys: Captured) -> None:
    failure = IncompleteError("cannot restore it", ("link eno1", "route to 192.0.2.0/24"))
    run(FakeHost(pending(failure)), "apply", "--yes")
    assert capsys.readouterr().err.splitlines()[1:] == [
        "netapply: not restored: link eno1",
        "netapply: not restored: route to 192.0.2.0/24",
    ]


@pytest.mark.parametrize(("plan", "outcome"), [(pending(), "applied"), (nothing(), "unchanged")])
def test_apply_as_json(plan: FakePlan, outcome: str, capsys: Captured) -> None:
    assert run(FakeHost(plan), "apply", "--yes", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["outcome"], document["changes"]) == (outcome, len(plan.changes))


def test_json_without_yes_is_refused_before_anything_is_read(capsys: Captured) -> None:
    host = FakeHost(pending())
    assert run(host, "apply", "--json") == 1
    assert host.asked == []
    assert json.loads(capsys.readouterr().out)["outcome"] == "refused"


def test_wrong_input_is_one_line_with_its_place(capsys: Captured) -> None:
    host = FakeHost(InputError("cannot use stp: 'maybe'", "a.yaml:7:10"))
    assert run(host, "plan", "a.yaml") == 1
    assert capsys.readouterr() == ("", "netapply: a.yaml:7:10: cannot use stp: 'maybe'\n")


def test_a_kernel_error_while_reading_is_no_traceback(capsys: Captured) -> None:
    assert run(FakeHost(KernelError("read links", 1)), "plan") == 1
    assert capsys.readouterr().err == "netapply: cannot read links: Operation not permitted (EPERM)\n"
