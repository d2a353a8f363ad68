"""Tell whether the network still matches the files: exit code 0, or 2 with the difference printed."""

from __future__ import annotations

from argparse import ArgumentParser

from netapply.cli.call import Call
from netapply.cli.command_line import add_files
from netapply.cli.planning import make_plan

DRIFTED = 2


def add_arguments(parser: ArgumentParser) -> None:
    add_files(parser)


def run(call: Call) -> int:
    plan = make_plan(call, lambda host: host.plan(*call.options.files))
    from netapply.render.plan_text import drift_text

    call.out.line(drift_text(plan, call.out.paint))
    return DRIFTED if plan else 0
