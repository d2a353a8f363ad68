"""Print the network as a desired-state file: applying it would change nothing."""

from __future__ import annotations

from argparse import ArgumentParser

from netapply.cli.call import Call


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--format", choices=("yaml", "json"), default="yaml", help="default: yaml")


def run(call: Call) -> int:
    document = call.host().show()
    from netapply.render import state_yaml

    if call.options.format == "json":
        from netapply.cli.json_output import dump

        call.out.line(dump(state_yaml.ordered(document)))
    else:
        call.out.line(state_yaml.render(document).rstrip("\n"))
    return 0
