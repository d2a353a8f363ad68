"""Run iproute2's `ip` for everything that the lab builds.

`ip` and not netlink of our own: the lab tests the engine, so it must not stand on the engine's code;
and every step that fails can be repeated by hand from the error's text.
"""

from __future__ import annotations

import json
import subprocess
from typing import Any

from netapply.errors import LabError

TIMEOUT_SECONDS = 10.0


def attempt(netns: str | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `ip`, in a namespace if one is named, and leave the judgement to the caller.

    Errors: LabError if `ip` is not installed or does not come back within 10 seconds.
    """
    command = _command(netns, arguments)
    try:
        # In a process group of its own, so that Ctrl-C at a terminal stops us and not `ip` half-way.
        return subprocess.run(
            command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False, process_group=0
        )
    except FileNotFoundError:
        raise LabError("cannot run ip: the program is not there; install the package iproute2") from None
    except subprocess.TimeoutExpired:
        shown = " ".join(command)
        raise LabError(f"cannot wait for ip: no end after {TIMEOUT_SECONDS:.0f} s ({shown})") from None


def ip(netns: str | None, *arguments: str, doing: str) -> str:
    """Run `ip` and return what it prints; `doing` completes the sentence "cannot …" if it fails."""
    done = attempt(netns, *arguments)
    if done.returncode != 0:
        shown = " ".join(_command(netns, arguments))
        raise LabError(f"cannot {doing}: {reason(done.stderr)} ({shown})")
    return done.stdout


def ip_json(netns: str, *arguments: str, doing: str) -> list[dict[str, Any]]:
    """Run `ip -j` and return its list of objects (empty entries, which `ip` prints for filters, left out)."""
    printed = ip(netns, "-j", *arguments, doing=doing)
    return [entry for entry in json.loads(printed or "[]") if entry]


def reason(stderr: str) -> str:
    """The kernel's or ip's own words, without the wrapping that says only that a program spoke."""
    lines = [line for line in stderr.strip().splitlines() if not line.startswith("Command failed")]
    text = "; ".join(lines) or "ip gave no reason"
    return text.removeprefix("RTNETLINK answers: ").removeprefix("Error: ")


def _command(netns: str | None, arguments: tuple[str, ...]) -> list[str]:
    return ["ip", *(["-n", netns] if netns else []), *arguments]
