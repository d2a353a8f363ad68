"""Plan, yes, apply, result: what `apply` and `rollback` have in common."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from netapply.cli.call import Call
from netapply.cli.interruption import undo_uninterrupted
from netapply.cli.output import is_interactive
from netapply.cli.progress import Reporter, reporter
from netapply.errors import IncompleteError, NetapplyError, RefusedError, RolledBackError

if TYPE_CHECKING:
    from netapply.api import Plan, Result


class Wording(NamedTuple):
    """How a command asks, and how it says that it is done."""

    question: str
    done: str


def add_yes(parser: ArgumentParser) -> None:
    """The options of what changes the network."""
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--json",
        action="store_true",
        help="print the result as JSON (see: netapply schema result); needs --yes",
    )


def carry_out(call: Call, make: Callable[[], Plan], wording: Wording) -> int:
    """Make the plan, get a yes, apply, and print how it ended. Exit code 0, or the error's by raising it."""
    if call.options.json:
        return _as_json(call, make)
    return _for_a_person(call, make(), wording)


def _for_a_person(call: Call, plan: Plan, wording: Wording) -> int:
    from netapply.render.plan_text import plan_text
    from netapply.render.result_text import result_text

    call.out.line(plan_text(plan, call.out.paint))
    if not plan:
        return 0
    if not call.options.yes and not _agreed(call, wording.question):
        call.out.line("Nothing was changed.")
        return 1
    result = _apply(call, plan, reporter(call.out))
    call.out.line(call.out.paint("good", result_text(result, wording.done)))
    return 0


def _agreed(call: Call, question: str) -> bool:
    _require_somebody(call)
    return call.out.ask(f"\n{question} Only 'yes' is accepted: ") == "yes"


def _require_somebody(call: Call) -> None:
    if not is_interactive(call.out):
        raise RefusedError("cannot ask whether to go on: this is no terminal; nothing was changed; add --yes")


def _apply(call: Call, plan: Plan, report: Reporter | None) -> Result:
    call.began = True
    with undo_uninterrupted():
        result = plan.apply(report)
    call.log.debug("applied", operations=result.operations, seconds=round(result.seconds, 3))
    return result


def _as_json(call: Call, make: Callable[[], Plan]) -> int:
    """One document on standard output however it ends; an error is raised after that."""
    from netapply.cli.json_output import dump

    plan: Plan | None = None
    try:
        if not call.options.yes:
            raise RefusedError("cannot ask whether to go on: --json is for programs; nothing was changed; add --yes")
        plan = make()
        result = _apply(call, plan, None)
    except NetapplyError as error:
        call.out.line(dump(_document(_outcome_of(error), str(error), plan, None)))
        raise
    outcome = "applied" if result.changes else "unchanged"
    call.out.line(dump(_document(outcome, str(result), plan, result)))
    return 0


def _outcome_of(error: NetapplyError) -> str:
    if isinstance(error, RolledBackError):
        return "rolled-back"
    return "incomplete" if isinstance(error, IncompleteError) else "refused"


def _document(outcome: str, message: str, plan: Plan | None, result: Result | None) -> dict[str, Any]:
    from netapply.render.result_json import result_json

    return result_json(outcome, message, plan, result)
