"""A started computer with the agent on the other end of a stream.

How it is started is given from outside: full_kernel.py gives qemu, the tests of this package give the agent
as a plain child, and whatever it is, it can be asked, waited for, and killed.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from integration.fullkernel.errors import FullKernelError, MachineLostError, MachineSilentError
from integration.fullkernel.transport import Arrival, Channel, ChannelClosedError, Message

BOOT_LIMIT = 240.0  # seconds; an emulated CPU on a busy machine needs a tenth of it
POWEROFF_LIMIT = 60.0
# It must not outlive us, nor take the CPU from the tests that run here meanwhile.
BOUND = ("setpriv", "--pdeathsig", "KILL", "nice", "-n", "10")
STEP = 1.0  # seconds between looks at a deadline
TERMINAL_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1bc|\r")
PANIC = re.compile(r"Kernel panic - not syncing: (.*)")
CONSOLE_LINES = 400  # a panic and its registers are a quarter of it

# What a machine is started with: its end of the stream (a descriptor to inherit), and a directory of its own,
# in which `console` is where its output goes.
Command = Callable[[int, Path], Sequence[str]]


@dataclass(frozen=True)
class Completed:
    """A command that ran to its end in the machine."""

    status: int
    output: str  # its standard output and error, as they came


class Machine:
    """One computer. It may be started again after `kill()`; only its disk, if it has one, remembers."""

    def __init__(self, command: Command, *, python: str = "python3", inside: str = "/fullkernel") -> None:
        self._command = command
        self.python = python  # which of its commands is the Python that has the tests' dependencies
        self.inside = inside  # a directory in it that is ours
        self._child: subprocess.Popen[bytes] | None = None
        self._channel: Channel | None = None
        self._last_run = 0
        self.started = 0.0
        self.scratch = Path()
        self.hello: Message | None = None
        self.booted_in: float | None = None

    def start(self) -> None:
        """Switch it on; returns at once. It ends with the thread that calls this. Raises FullKernelError."""
        if self._channel is not None:
            raise FullKernelError("cannot start the full kernel: it is running; kill it first")
        ours, theirs = socket.socketpair()
        self.scratch = Path(tempfile.mkdtemp(prefix="netapply-fullkernel-"))
        self.hello, self.booted_in, self.started = None, None, time.monotonic()
        try:
            with theirs, (self.scratch / "console").open("wb") as console:
                self._child = subprocess.Popen(
                    [*BOUND, *self._command(theirs.fileno(), self.scratch)],
                    stdin=subprocess.DEVNULL,
                    stdout=console,
                    stderr=console,
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,  # our Ctrl-C is not its
                )
        except BaseException as error:
            ours.close()
            shutil.rmtree(self.scratch)
            if isinstance(error, OSError):
                raise FullKernelError(f"cannot start the full kernel: {error}") from error
            raise
        self._channel = Channel(ours)

    def request(
        self,
        argv: Sequence[str],
        *,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        files: Mapping[str, str] | None = None,
    ) -> int:
        """Ask for a command, also before it has booted; `files` are written first. Returns its number."""
        self._last_run += 1
        message: Message = {
            "run": self._last_run,
            "argv": list(argv),
            "env": dict(env or {}),
            "files": dict(files or {}),
        }
        self._connected().send({**message, "cwd": cwd} if cwd else message)
        return self._last_run

    def receive(self, timeout: float) -> Message | None:
        """What it says next, or None after `timeout` seconds. Raises MachineLostError when it is gone."""
        try:
            arrival = self._connected().receive(timeout)
        except ChannelClosedError as closed:
            raise MachineLostError(f"the full kernel is gone: {self._end(str(closed))}") from closed
        if arrival and "hello" in arrival.message:
            self._greet(arrival)
        return arrival.message if arrival else None

    def last_heard(self) -> float:
        """When it last said anything; until then, when it was started. Seconds of time.monotonic()."""
        return self._connected().last_heard

    def wait_until_up(self, limit: float = BOOT_LIMIT) -> None:
        """Until the agent answers. Raises MachineLostError."""
        deadline = self.started + limit
        while self.hello is None:
            if self.receive(STEP) is None and time.monotonic() > deadline:
                raise MachineSilentError(f"the full kernel did not boot within {limit:.0f} s")

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Completed:
        """Run a command to its end, at most `timeout` seconds. Raises MachineLostError.

        After MachineSilentError the command still runs, and nothing else will: kill the machine.
        """
        number = self.request(argv, cwd=cwd, env=env)
        deadline = time.monotonic() + timeout
        output: list[str] = []
        while time.monotonic() < deadline:
            message = self.receive(STEP) or {}
            if message.get("run") != number:
                continue
            output.append(message.get("output", ""))
            if "exit" in message:
                return Completed(message["exit"], "".join(output))
        raise MachineSilentError(f"{list(argv)} did not end in the full kernel within {timeout:.0f} s")

    def console_tail(self, lines: int) -> str:
        """The end of what the kernel printed."""
        path = self.scratch / "console"
        text = path.read_text(errors="replace") if path.exists() else ""
        kept = [line for line in TERMINAL_CODES.sub("", text).splitlines() if line.strip()]
        return "\n".join(kept[-lines:])

    def shutdown(self) -> None:
        """Power off in order: what is written reaches the disk. Raises MachineSilentError."""
        self._connected().send({"poweroff": True})
        try:
            self._running().wait(POWEROFF_LIMIT)
        except subprocess.TimeoutExpired:
            raise MachineSilentError(f"the full kernel did not power off within {POWEROFF_LIMIT:.0f} s") from None
        finally:
            self.kill()

    def kill(self) -> None:
        """Off, as if the power went: what the guest had not flushed is lost. Safe to call at any time."""
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)  # it leads a session, so its children too
            self._child.wait()
            self._child = None
        if self._channel is not None:
            self._channel.close()
            self._channel = None
            shutil.rmtree(self.scratch)

    def __enter__(self) -> Self:
        self.start()
        try:
            self.wait_until_up()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def _greet(self, arrival: Arrival) -> None:
        self.hello = dict(arrival.message["hello"])
        self.booted_in = arrival.at - self.started

    def _end(self, reason: str) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            status = self._running().wait(5)
            panic = PANIC.search(self.console_tail(CONSOLE_LINES))
            return f"it panicked: {panic.group(1)}" if panic else f"its process ended with status {status}"
        return f"its connection broke: {reason}"

    def _connected(self) -> Channel:
        if self._channel is None:
            raise MachineLostError("the full kernel is not running")
        return self._channel

    def _running(self) -> subprocess.Popen[Any]:
        if self._child is None:
            raise MachineLostError("the full kernel is not running")
        return self._child
