"""The pytest in the guest: it runs the tests that it was sent, and streams every report to the host.

`pytest -p integration.fullkernel.guest_plugin FILE…`, with the wanted node ids, a JSON list, in the file that
FULL_KERNEL_WANTED names. Selecting them here, not on the command line, leaves no character of one special.
"""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from integration.fullkernel.guest_agent import EVENTS
from integration.fullkernel.transport import encode

WANTED = "FULL_KERNEL_WANTED"
HOST_BOOT = "FULL_KERNEL_HOST_BOOT"  # the host's /proc/sys/kernel/random/boot_id
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def inside_guest() -> bool:
    """Whether this pytest is the one in the guest."""
    return WANTED in os.environ


def runs_on_host_kernel() -> bool:
    """Whether this kernel is the one that the whole session was started on."""
    return os.environ.get(HOST_BOOT, BOOT_ID.read_text().strip()) == BOOT_ID.read_text().strip()


def pytest_configure(config: pytest.Config) -> None:
    """Start forwarding, where a host listens."""
    if EVENTS in os.environ and inside_guest():
        wanted = json.loads(Path(os.environ[WANTED]).read_text())
        config.pluginmanager.register(Forwarder(config, wanted, int(os.environ[EVENTS])))


class Forwarder:
    """Selects the wanted tests and sends what pytest says about them."""

    def __init__(self, config: pytest.Config, wanted: list[str], descriptor: int) -> None:
        self._config = config
        self._order = {nodeid: place for place, nodeid in enumerate(wanted)}
        self._host = socket.socket(fileno=descriptor)

    def _send(self, message: dict[str, Any]) -> None:
        """Returns once it has left the machine: the next thing that a test does may be to crash it."""
        self._host.sendall(encode(message))
        self._host.recv(1)

    def pytest_unconfigure(self) -> None:
        """Nothing more to say."""
        self._host.close()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """The host chose already; what else these files contain is not run here."""
        others = [item for item in items if item.nodeid not in self._order]
        items[:] = sorted((item for item in items if item.nodeid in self._order), key=self._place)
        config.hook.pytest_deselected(items=others)

    def _place(self, item: pytest.Item) -> int:
        return self._order[item.nodeid]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be imported in the guest: its tests will be missing, and this says why."""
        if report.failed:
            self._send({"uncollected": report.nodeid, "why": report.longreprtext})

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """A test begins."""
        self._send({"start": nodeid})

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One phase of a test is over."""
        data = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        self._send({"report": data})

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """A test is over."""
        self._send({"finish": nodeid})
