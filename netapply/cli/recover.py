"""Undo a transaction that was interrupted (power, SIGKILL), from its journal.

Does nothing where none is open, so it is safe to run at every boot.
"""

from __future__ import annotations

from argparse import ArgumentParser

from netapply.cli.call import Call
from netapply.cli.interruption import undo_uninterrupted


def add_arguments(parser: ArgumentParser) -> None:
    """Only the options of every command."""


def run(call: Call) -> int:
    host = call.host()
    with undo_uninterrupted():
        result = host.recover()
    call.out.line("Nothing to recover: no transaction is open." if result is None else str(result))
    return 0
