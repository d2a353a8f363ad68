"""The grammar of the command line, and that reading it costs next to nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from netapply.cli import main
from netapply.cli.command_line import COMMANDS, command_parser, parse
from netapply.errors import NetapplyError

ROOT = Path(__file__).parent.parent
HEAVY = ("pydantic", "pyroute2", "structlog", "scapy", "yaml")


def imported_by(*argv: str) -> list[str]:
    """The heavy modules that a run of the command imports in a fresh interpreter."""
    program = (
        "import sys, json, io\n"
        "from netapply.cli import main\n"
        "sys.stdout = io.StringIO()\n"
        f"code = main({list(argv)!r})\n"
        "sys.stdout = sys.__stdout__\n"
        f"print(json.dumps([code, [name for name in {HEAVY!r} if name in sys.modules]]))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    code, modules = json.loads(done.stdout)
    assert code == 0, done.stderr
    return list(modules)


@pytest.mark.parametrize("argv", [("--help",), ("plan", "--help"), ("apply", "--help"), ("demo", "--help")])
def test_help_imports_nothing_heavy(argv: tuple[str, ...]) -> None:
    assert imported_by(*argv) == []


def test_a_schema_does_import_what_it_is_made_of() -> None:
    assert "pydantic" in imported_by("schema", "plan")


def test_help_names_every_command_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    printed = capsys.readouterr().out
    assert [name for name in COMMANDS if f"\n  {name} " not in printed] == []
    assert [code for code in ("0", "1", "2", "3", "4", "130") if f"\n  {code} " not in printed] == []


def test_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(metadata, "version", lambda name: f"1.2.3 of {name}")
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == "netapply 1.2.3 of netapply\n"


def test_version_where_nothing_is_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def version(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", version)
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == "netapply, run from its source without being installed\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_the_common_options(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"usage: netapply {name} ")
    assert all(option in printed for option in ("--netns", "--state-dir", "--verbose", "--log-format"))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_documented(name: str) -> None:
    text = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    options = [word for action in command_parser(name)._actions for word in action.option_strings]
    assert f"## netapply {name}" in text
    assert [option for option in options if f"`{option}" not in text and option not in ("-h", "--help")] == []


@pytest.mark.parametrize(
    "argv",
    [
        ["--netns", "x", "plan", "a.yaml", "--json"],
        ["plan", "a.yaml", "--netns", "x", "--json"],
        ["plan", "--json", "--netns=x", "a.yaml"],
    ],
)
def test_common_options_stand_before_or_after_the_command(argv: list[str]) -> None:
    command, options = parse(argv)
    assert command.__name__ == "netapply.cli.plan"
    assert (options.netns, options.files, options.json) == ("x", ["a.yaml"], True)


def test_a_namespace_may_be_called_like_a_command() -> None:
    command, options = parse(["--netns", "apply", "check"])
    assert (command.__name__, options.netns) == ("netapply.cli.check", "apply")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "a command is missing: plan, apply, check, show, rollback, recover, schema, demo"),
        (["plna"], "there is no command 'plna'; did you mean plan?"),
        (["xyzzy"], "there is no command 'xyzzy': plan, apply"),
        (["plan", "--jsn"], "unrecognized arguments: --jsn"),
        (["plan", "--det"], "unrecognized arguments: --det"),
        (["apply", "--max-disruption", "some"], "invalid choice: 'some'"),
        (["plan", "--netns"], "expected one argument"),
        (["rollback", "a.yaml"], "unrecognized arguments: a.yaml"),
        (["schema", "nonsense"], "invalid choice: 'nonsense'"),
    ],
)
def test_nonsense_is_refused_in_one_line(argv: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 1, "2 would mean that changes are pending"
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("netapply: cannot understand the command line: ")
    assert message in printed.err
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize("name", ["confirm", "watch", "rehearse", "lab", "convert", "graph"])
def test_commands_that_do_not_exist_yet_are_not_offered(name: str) -> None:
    with pytest.raises(NetapplyError, match="there is no command"):
        parse([name])


def test_the_module_is_the_command_too() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "netapply", "plan", "--nonsense"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("netapply: cannot understand the command line: ")
