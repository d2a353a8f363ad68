"""Make the network match the files, as one transaction: verified at the end, or undone.

Prints the plan, asks, applies it, and tells how it ended. Without a terminal it needs --yes.
"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import TYPE_CHECKING

from netapply.cli.call import Call
from netapply.cli.carrying_out import Wording, add_yes, carry_out
from netapply.cli.command_line import add_files
from netapply.cli.planning import make_plan
from netapply.errors import RefusedError

if TYPE_CHECKING:
    from netapply.api import Host, Plan

WORDING = Wording("Apply these changes?", "Applied")


def add_arguments(parser: ArgumentParser) -> None:
    add_files(parser)
    add_yes(parser)
    parser.add_argument(
        "--max-disruption",
        choices=("live", "flap", "recreate"),
        default="recreate",
        help="refuse a plan that does more to traffic than this: live, no packet is lost; flap, a link or "
        "an address is interrupted; recreate, a device is deleted and made again (default)",
    )


def run(call: Call) -> int:
    return carry_out(call, lambda: make_plan(call, lambda host: _plan(host, call)), WORDING)


def _plan(host: Host, call: Call) -> Plan:
    """The plan, unless it disrupts more than is allowed."""
    plan = host.plan(*call.options.files)
    from netapply.render.plan_text import disruption_above

    limit = call.options.max_disruption
    excess = disruption_above(plan, limit)
    if excess:
        raise RefusedError(
            f"cannot apply: the plan disrupts more than --max-disruption {limit} allows: {excess}; "
            f"nothing was changed; see: {' '.join(['netapply plan', *call.options.files])}"
        )
    return plan
