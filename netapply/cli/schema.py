"""Print the JSON Schema (dialect 2020-12) of the native file, of a plan, or of a result.

An editor that knows the schema of the file completes and checks it while you type.
"""

from __future__ import annotations

from argparse import ArgumentParser

from netapply.cli.call import Call


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "name",
        nargs="?",
        choices=("file", "plan", "result"),
        default="file",
        help="file: the desired state (default); plan: plan --json; result: apply --json",
    )


def run(call: Call) -> int:
    from netapply.cli.json_output import dump
    from netapply.render.schema import schema

    call.out.line(dump(schema(call.options.name)))
    return 0
