"""Print what apply would do, and change nothing."""

from __future__ import annotations

from argparse import ArgumentParser

from netapply.cli.call import Call
from netapply.cli.command_line import add_files
from netapply.cli.planning import make_plan

PENDING = 2


def add_arguments(parser: ArgumentParser) -> None:
    add_files(parser)
    parser.add_argument("--json", action="store_true", help="print the plan as JSON (see: netapply schema plan)")
    parser.add_argument(
        "--detailed-exitcode", action="store_true", help="exit with 2, not 0, if there is anything to do"
    )


def run(call: Call) -> int:
    plan = make_plan(call, lambda host: host.plan(*call.options.files))
    if call.options.json:
        from netapply.cli.json_output import dump

        call.out.line(dump(plan.to_json()))
    else:
        from netapply.render.plan_text import plan_text

        call.out.line(plan_text(plan, call.out.paint))
    return PENDING if plan and call.options.detailed_exitcode else 0
