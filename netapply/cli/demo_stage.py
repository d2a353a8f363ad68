"""The demo's stage: runs commands in front of the audience, and checks what they did."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

from netapply.cli.output import Output
from netapply.errors import LabError
from netapply.lab import Host

PACKAGE = Path(__file__).resolve().parents[2]
SECONDS = 60.0
"""No command of the demo takes longer, even on an emulated machine."""

Ended = subprocess.CompletedProcess[str]


class Stage:
    """Prints headings, commands with their output, and checks; counts the checks that passed."""

    def __init__(self, out: Output, node: Host, directory: Path) -> None:
        self._out, self._node, self._directory = out, node, directory
        self.steps = 0
        self.checks = 0

    def say(self, text: str) -> None:
        self._out.line(text)
        self._out.flush()

    def heading(self, text: str) -> None:
        self.steps += 1
        self.say(self._out.paint("strong", f"── {self.steps}. {text}"))

    def netapply(self, *arguments: str, shown_before: str = "") -> Ended:
        """Run netapply on the node and show its output; what was shown before is not shown again."""
        self.say(f"   $ netapply {shlex.join(arguments)}")
        ended = self._run(*arguments)
        shown = ended.stdout
        if shown_before and shown.startswith(shown_before):
            shown = "(the plan above)\n" + shown[len(shown_before) :].lstrip("\n")
        for line in filter(str.strip, (shown + ended.stderr).splitlines()):
            self.say(f"     {self._coloured(line)}".rstrip())
        return ended

    def by_hand(self, command: str, why: str = "") -> None:
        """Run a command of iproute2 on the node, as a person would."""
        self.say(f"   # {command}" + (f"    ({why})" if why else ""))
        self._node.run(shlex.split(command))

    def packet(self, text: str) -> None:
        self.say(f"     {self._out.paint('faint', text)}")

    def check(self, what: str, passed: bool, expected: str, seen: str) -> None:
        """Count and show a check. Errors: LabError, which ends the demo, if it did not pass."""
        if not passed:
            self.say(f"   {self._out.paint('bad', '✗')} {what}")
            raise LabError(f"cannot go on with the demo: {what}: expected {expected}, but saw {seen}")
        self.checks += 1
        self.say(f"   {self._out.paint('good', '✓')} {what}")

    def _run(self, *arguments: str) -> Ended:
        own = ["--netns", self._node.netns, "--state-dir", str(self._directory / "state")]
        path = os.pathsep.join(filter(None, [str(PACKAGE), os.environ.get("PYTHONPATH")]))
        return subprocess.run(
            [sys.executable, "-m", "netapply", *arguments, *own],
            cwd=self._directory,
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def _coloured(self, line: str) -> str:
        """The commands print to a pipe, so without colour; their glyphs get it back here."""
        glyph, blank, rest = line.partition(" ")
        return self._out.paint(glyph, glyph) + blank + rest if glyph in ("+", "~", "±", "-") else line
