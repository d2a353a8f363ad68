"""Run a program in a namespace, bounded in time."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence

from netapply.errors import LabError

CompletedProcess = subprocess.CompletedProcess[str]


def run(netns: str, arguments: Sequence[str], *, stdin: str | None, timeout: float, check: bool) -> CompletedProcess:
    """Run a program through `ip netns exec`, which also shows it the namespace's own /sys.

    The program leads a process group of its own, and the whole group is killed when the time is up or
    this call is interrupted, so that nothing it started stays behind.
    """
    shown = " ".join(arguments)
    try:
        done = _bounded(["ip", "netns", "exec", netns, *arguments], stdin, timeout)
    except FileNotFoundError:
        raise LabError("cannot run ip: the program is not there; install the package iproute2") from None
    except subprocess.TimeoutExpired:
        raise LabError(f"cannot finish {shown} in {netns}: no end after {timeout:g} s, killed") from None
    if check and done.returncode != 0:
        said = (done.stderr or done.stdout).strip() or "it said nothing"
        raise LabError(f"cannot run {shown} in {netns}: exit status {done.returncode}: {said}")
    return done


def _bounded(command: list[str], stdin: str | None, timeout: float) -> CompletedProcess:
    reading = subprocess.DEVNULL if stdin is None else subprocess.PIPE
    with subprocess.Popen(
        command, stdin=reading, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0
    ) as child:
        try:
            out, err = child.communicate(stdin, timeout=timeout)
        finally:
            if child.returncode is None:
                os.killpg(child.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(command, child.returncode, out, err)
