"""The command line's grammar, in two steps so that only the chosen command is imported.

The first step finds the command's name; the second reads the rest with the options that the command's
own module declares. The options of every command may stand before or after the name.
"""

from __future__ import annotations

from argparse import REMAINDER, SUPPRESS, Action, ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final, NoReturn

from netapply.errors import RefusedError

COMMANDS: Final = {
    "plan": "print what apply would do",
    "apply": "make the network match the files",
    "check": "tell whether the network still matches the files (drift)",
    "show": "print the network as a desired-state file",
    "rollback": "go back to before the last apply",
    "recover": "undo a transaction that was interrupted",
    "schema": "print the JSON Schema of a file or of an output",
    "demo": "show all of this in throw-away network namespaces",
}
"""Name of the command, which is also its module in this package, and what it does."""

EXIT_CODES: Final = """\
exit codes:
  0    done, or nothing to do
  1    refused or failed; nothing was changed
  2    changes are pending (check, plan --detailed-exitcode)
  3    failed and rolled back exactly
  4    the rollback is incomplete; a person is needed
  130  interrupted before anything was begun
"""


class UsageError(RefusedError):
    """The arguments make no sense. Exit code 1: argparse's own 2 means that changes are pending."""


class Parser(ArgumentParser):
    """argparse's parser, with netapply's way to say no."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=RawDescriptionHelpFormatter, **settings)

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"cannot understand the command line: {message}; see: {self.prog} --help")


def parse(argv: Sequence[str]) -> tuple[Any, Namespace]:
    """The chosen command's module and all options. Raises UsageError, and SystemExit after --help."""
    parser = outer_parser()
    options = parser.parse_args(argv)
    if options.command is None:
        parser.error(f"a command is missing: {', '.join(COMMANDS)}")
    if options.command not in COMMANDS:
        parser.error(f"there is no command {options.command!r}{_nearest(options.command)}")
    command = import_module(f"netapply.cli.{options.command}")
    return command, command_parser(options.command).parse_args(options.arguments, options)


def outer_parser() -> Parser:
    """The parser of what stands before the command's own arguments."""
    commands = "\n".join(f"  {name:<10}{summary}" for name, summary in COMMANDS.items())
    parser = Parser(
        prog="netapply",
        usage="netapply COMMAND [FILE…] [options]",
        description="Make a Linux host's network match a file, as one transaction: verified, or undone.",
        epilog=f"commands:\n{commands}\n\n{EXIT_CODES}\nnetapply COMMAND --help tells more about a command.",
    )
    parser.add_argument("--version", action=Version, nargs=0, help="print the version and exit")
    add_common(parser)
    parser.add_argument("command", nargs="?", help=SUPPRESS)
    parser.add_argument("arguments", nargs=REMAINDER, help=SUPPRESS)
    return parser


def command_parser(name: str) -> Parser:
    """The parser of one command; imports the command's module."""
    command = import_module(f"netapply.cli.{name}")
    parser = Parser(prog=f"netapply {name}", description=(command.__doc__ or "").strip())
    command.add_arguments(parser)
    add_common(parser)
    return parser


def add_common(parser: ArgumentParser) -> None:
    """The options that every command has."""
    parser.add_argument("--netns", metavar="NAME", help="work in this network namespace (see: ip netns)")
    parser.add_argument(
        "--state-dir",
        metavar="DIR",
        help="where netapply remembers what it made and undoes from "
        "(default: /var/lib/netapply, and /run/netapply for locks)",
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="tell more on standard error")
    parser.add_argument(
        "--log-format",
        choices=("human", "json"),
        default="human",
        help="of what is printed on standard error",
    )


def add_files(parser: ArgumentParser) -> None:
    """The files of plan, apply and check."""
    parser.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help="desired state: a YAML file, a directory of them, or - for standard input (default: /etc/netapply/)",
    )


class Version(Action):
    """Prints the installed version; the package's metadata is read only then."""

    def __call__(self, parser: ArgumentParser, *_: Any) -> NoReturn:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(f"netapply {version('netapply')}")
        except PackageNotFoundError:
            print("netapply, run from its source without being installed")
        parser.exit()


def _nearest(name: str) -> str:
    from difflib import get_close_matches  # for this error only

    near = get_close_matches(name, COMMANDS, 1)
    return f"; did you mean {near[0]}?" if near else f": {', '.join(COMMANDS)}"
