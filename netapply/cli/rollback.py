"""Go back to before the last apply, as one transaction.

Prints the way back as a plan, asks, and carries it out. What other tools changed meanwhile on
resources that the last apply did not touch stays.
"""

from __future__ import annotations

from argparse import ArgumentParser

from netapply.cli.call import Call
from netapply.cli.carrying_out import Wording, add_yes, carry_out
from netapply.cli.planning import make_plan

WORDING = Wording("Go back to this?", "Rolled back")


def add_arguments(parser: ArgumentParser) -> None:
    add_yes(parser)


def run(call: Call) -> int:
    return carry_out(call, lambda: make_plan(call, lambda host: host.rollback()), WORDING)
