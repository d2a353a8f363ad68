"""A small pytest session in a process of its own, for the tests of this package.

The plugin, relay, transport and agent are the real ones. In place of qemu it starts the agent as a plain
program, so "the guest" is this kernel, and can be killed as often as a test likes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from integration.fullkernel.overlay import CHECKOUT

LONGEST_SESSION = 60
CONFTEST = """
import sys
from pathlib import Path
from integration.fullkernel.errors import FullKernelError
from integration.fullkernel.guest_plugin import inside_guest
from integration.fullkernel.machine import Machine
from integration.fullkernel.plugin import FullKernelPlugin
from integration.fullkernel.relay import Limits

HERE = Path(__file__).parent
AGENT = [sys.executable, "-m", "integration.fullkernel.guest_agent"]

def start(say):
    say("building")
    return Machine(lambda stream, scratch: %(command)s, python=sys.executable, inside=str(HERE / "inside"))

def pytest_configure(config):
    config.addinivalue_line("markers", "kernel(*features): as in the real plugin")
    if not inside_guest():
        limits = Limits(boot=%(boot)s, whole=%(whole)s, silence=%(silence)s)
        config.pluginmanager.register(FullKernelPlugin(start, lacking=tuple, below=HERE, limits=limits))
"""
STARTED = "[*AGENT, str(stream)]"
NOT_BOOTING = '["sh", "-c", "echo no bootable medium; exec sleep 60"]'


class Session(NamedTuple):
    """What a person and a CI server saw of it."""

    status: int
    text: str
    outcomes: dict[str, str]


def session(
    where: Path,
    source: str,
    *options: str,
    command: str = STARTED,
    boot: float = 30,
    silence: float = 30,
    whole: float = 30,
    interrupt: bool = False,
) -> Session:
    """Run the tests of `source`; those marked `kernel` are sent away."""
    (where / "pytest.ini").write_text("[pytest]\n")
    settings = {"command": command, "boot": boot, "silence": silence, "whole": whole}
    (where / "conftest.py").write_text(CONFTEST % settings)
    (where / "test_sample.py").write_text("import os, time\nimport pytest\n" + source)
    outer = ("FULL_KERNEL_", "PYTEST_")
    talkative = ("CI", "BUILD_NUMBER")  # with which pytest prints each message once more, uncut
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(outer) and name not in talkative
    }
    running = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--junitxml=report.xml", *options],
        cwd=where,
        env={**environment, "PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with running:
        if interrupt:
            until((where / "reached").exists)
            running.send_signal(signal.SIGINT)
        text, _ = running.communicate(timeout=LONGEST_SESSION)
    return Session(running.returncode, text, _outcomes(where / "report.xml"))


def until(condition: Callable[[], bool]) -> None:
    for _ in range(20 * LONGEST_SESSION):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to that")


def is_gone(pid: str) -> bool:
    """Killed, even if whoever collects orphans here has not collected it yet."""
    return subprocess.run(["ps", "-o", "stat=", pid], capture_output=True, check=False).stdout[:1] in (
        b"",
        b"Z",
    )


def _outcomes(report: Path) -> dict[str, str]:
    cases = ElementTree.parse(report).getroot().iter("testcase") if report.exists() else ()
    return {str(case.get("name")): _outcome(case) for case in cases}


def _outcome(case: ElementTree.Element) -> str:
    return next((child.tag for child in case if child.tag in ("failure", "error", "skipped")), "passed")
