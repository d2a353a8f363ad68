"""The command line: `main` is the script's entry point.

    command_line   arguments → options, importing only the chosen command
    single_run     what a process spares that runs one command and ends
    call           what a command gets: options, host, output
    output, log    stdout and stderr
    carrying_out   print, ask, apply, tell how it ended; for apply and rollback
    plan, apply …  one module a command: `add_arguments(parser)` and `run(call) -> int`

The commands make only the calls of `netapply.api`. Exit codes are those of `netapply.errors`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from netapply.cli import single_run
from netapply.cli.call import Call, Connect, connect_host
from netapply.cli.command_line import parse
from netapply.cli.log import Log
from netapply.cli.output import Output
from netapply.errors import IncompleteError, NetapplyError

INTERRUPTED = 130
"""128 + SIGINT, as shells say it."""


def main(argv: Sequence[str] | None = None, connect: Connect = connect_host) -> int:
    """Run one command and return its exit code. `connect` makes the host that the command talks to.

    Without arguments it is the entry of a process of its own, and reads them from sys.argv.
    """
    if argv is not None:
        return _run_and_finish(argv, connect)
    single_run.begin()
    code = _run_and_finish(sys.argv[1:], connect)
    single_run.end()
    return code


def _run_and_finish(argv: Sequence[str], connect: Connect) -> int:
    out, log = Output(sys.stdout), Log(sys.stderr)
    try:
        code = _run(argv, connect, out, log)
    except SystemExit as stop:  # argparse, after --help or --version
        code = stop.code if isinstance(stop.code, int) else 0
    return _finish(out, log, code)


def _run(argv: Sequence[str], connect: Connect, out: Output, log: Log) -> int:
    call: Call | None = None
    try:
        command, options = parse(argv)
        log.configure(as_json=options.log_format == "json", verbose=options.verbose)
        call = Call(options, connect, out, log)
        return int(command.run(call))
    except NetapplyError as error:
        return _refused(error, log)
    except KeyboardInterrupt:
        began = call is not None and call.began
        out.end_line()
        log.error("interrupted; " + ("`netapply check` tells how things stand" if began else "nothing was changed"))
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the outermost edge: no traceback ever reaches a user
        return _internal(error, call, log)


def _refused(error: NetapplyError, log: Log) -> int:
    log.error(str(error))
    if isinstance(error, IncompleteError):
        for item in error.remaining:
            log.error(f"not restored: {item}")
    return error.exit_code


def _internal(error: Exception, call: Call | None, log: Log) -> int:
    next_step = "; then run `netapply recover`" if call is not None and call.began else ""
    log.error(
        f"cannot continue: internal error: {type(error).__name__}: {error}; "
        f"please report it with what the same command prints with -v{next_step}"
    )
    log.traceback(error)
    return 1


def _finish(out: Output, log: Log, code: int) -> int:
    """A reader that has gone away is no error (`| head`); a full disk is."""
    out.finish()
    if out.failure is None or isinstance(out.failure, BrokenPipeError):
        return code
    log.error(f"cannot write to the standard output: {out.failure.strerror}")
    return code or 1
