"""What the guest reports becomes reports of this pytest session; what it fails to report becomes failures.

Every test that was sent ends here with an outcome, whatever happens to the guest. None is skipped: a skip in
the guest means that the one place where a test could run did not run it, which is a failure.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from _pytest._code.code import ExceptionChainRepr, ReprFileLocation, ReprTracebackNative

from integration.fullkernel.errors import FullKernelError
from integration.fullkernel.machine import BOOT_LIMIT, Machine

FIRST_TAIL, LATER_TAIL = 60, 8  # lines of console: a panic and what led to it; then only a reminder
WHOLE = 2700.0  # seconds; a few minutes are usual
STEP = 1.0  # seconds between looks at the deadlines
KEPT_OUTPUT = 8000  # characters of what the guest's pytest printed, for when it ends without a report


@dataclass(frozen=True)
class Limits:
    """How long the guest may take, in seconds."""

    boot: float = BOOT_LIMIT
    whole: float = WHOLE
    silence: float = 300.0  # between two reports, so for one phase of one test


class Relay:
    """Feeds one session from one machine."""

    def __init__(
        self,
        session: pytest.Session,
        items: Sequence[pytest.Item],
        limits: Limits,
        say: Callable[[str], None],
    ) -> None:
        self._session = session
        self._say = say
        self._limits = limits
        self._remaining = {item.nodeid: item for item in items}
        self._running = ""
        self._begun = 0.0
        self._output = ""
        self._uncollected: list[str] = []
        self._tail = FIRST_TAIL

    def follow(self, machine: Machine) -> None:
        """Until every test has its outcome. Raises what pytest raises at --maxfail and -x."""
        try:
            while (status := self._read(machine)) is None:
                _stop_if_asked(self._session)
            reason = f"the full kernel's pytest ended with status {status}"
        except FullKernelError as lost:
            reason = str(lost)
        self.lose(reason, machine)

    def lose(self, reason: str, machine: Machine | None = None) -> None:
        """Every test that has no outcome yet fails, for this reason."""
        for nodeid in list(self._remaining):
            begun = self._running == nodeid
            if not begun:
                self._start(nodeid)
            self._report(self._lost(self._remaining[nodeid], reason, begun, machine))
            self._finish(nodeid)
            _stop_if_asked(self._session)

    def _read(self, machine: Machine) -> int | None:
        """Take what the guest says next; its status when it is done. Raises FullKernelError."""
        message = machine.receive(STEP)
        # Its time ends with its last word: how long this kernel's tests take is not its fault.
        if machine.last_heard() - machine.started > self._limits.whole:
            raise FullKernelError(f"the full kernel was not done after {self._limits.whole:.0f} s")
        if message is None:
            self._check(machine)
        elif "hello" in message:
            self._say(f"Linux {message['hello']['kernel']} booted in {machine.booted_in:.1f} s; its tests:")
        elif "event" in message:
            self._take(message["event"], machine)
        elif "output" in message:
            self._output = (self._output + message["output"])[-KEPT_OUTPUT:]
        return message["exit"] if message and "exit" in message else None

    def _check(self, machine: Machine) -> None:
        silence = time.monotonic() - machine.last_heard()
        if machine.hello is None and silence > self._limits.boot:
            raise FullKernelError(f"the full kernel did not boot within {self._limits.boot:.0f} s")
        if machine.hello is not None and silence > self._limits.silence:
            raise FullKernelError(f"the full kernel said nothing for {silence:.0f} s")

    def _take(self, event: dict[str, Any], machine: Machine) -> None:
        if "uncollected" in event:
            self._uncollected.append(event["why"])
        elif "start" in event:
            self._start(event["start"])
        elif "finish" in event:
            self._finish(event["finish"])
        elif "report" in event:
            config = self._session.config
            report = config.hook.pytest_report_from_serializable(config=config, data=event["report"])
            self._report(_unskipped(report, str(machine.hello and machine.hello["kernel"])))

    def _start(self, nodeid: str) -> None:
        item = self._remaining[nodeid]
        self._running, self._begun = nodeid, time.monotonic()
        item.ihook.pytest_runtest_logstart(nodeid=nodeid, location=item.location)

    def _finish(self, nodeid: str) -> None:
        item = self._remaining.pop(nodeid)
        self._running = ""
        item.ihook.pytest_runtest_logfinish(nodeid=nodeid, location=item.location)

    def _report(self, report: pytest.TestReport) -> None:
        self._remaining[report.nodeid].ihook.pytest_runtest_logreport(report=report)

    def _lost(self, item: pytest.Item, reason: str, begun: bool, machine: Machine | None) -> pytest.TestReport:
        message = f"{reason}; {'this test was running' if begun else 'this test had not begun'}"
        sections = [("the full kernel's pytest", self._output)] if self._output else []
        sections += [("collecting in the full kernel", why) for why in self._uncollected]
        if machine is not None and (tail := machine.console_tail(self._tail)):
            sections.append(("the full kernel's console, its end", tail))
        self._tail, self._output = LATER_TAIL, ""
        duration = time.monotonic() - self._begun if begun else 0.0
        return _failure(item, message, sections, duration)


def _failure(item: pytest.Item, message: str, sections: list[tuple[str, str]], duration: float) -> pytest.TestReport:
    return pytest.TestReport(
        nodeid=item.nodeid,
        location=item.location,
        keywords=dict.fromkeys(item.keywords, 1),
        outcome="failed",
        longrepr=_shown(message, item.location),
        when="call",
        sections=sections,
        duration=duration,
    )


def _shown(message: str, location: tuple[str, int | None, str]) -> ExceptionChainRepr:
    """A message as pytest wants a failure, so that the summary's one line has it too."""
    where = ReprFileLocation(location[0], (location[1] or 0) + 1, message.partition("\n")[0])
    return ExceptionChainRepr([(ReprTracebackNative([message + "\n"]), where, None)])


def _unskipped(report: pytest.TestReport, kernel: str) -> pytest.TestReport:
    """The report, with the kernel it comes from; a skip as the failure that it is."""
    report.user_properties.append(("kernel", kernel))
    if report.skipped and not hasattr(report, "wasxfail"):
        where_and_why: Any = report.longrepr  # a sequence of path, line and reason
        report.outcome = "failed"
        report.longrepr = _shown(
            f"skipped in the full kernel, but it runs nowhere else: {where_and_why[2]}", report.location
        )
    return report


def _stop_if_asked(session: pytest.Session) -> None:
    """As pytest's own loop does after each test."""
    if session.shouldfail:
        raise session.Failed(session.shouldfail)
    if session.shouldstop:
        raise session.Interrupted(session.shouldstop)
