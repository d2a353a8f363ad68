"""pytest hooks: which test runs on this kernel, which in the full one, and one session for both.

A test marked `kernel("bonding", "vrf")` runs here where this kernel has both, else in the guest. The guest is
started before the first test, works while the tests of this kernel run, and its reports follow theirs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator, Iterable, Sequence
from pathlib import Path

import pytest

from integration.fullkernel import features
from integration.fullkernel.errors import FullKernelError
from integration.fullkernel.full_kernel import FullKernel
from integration.fullkernel.guest_plugin import BOOT_ID, HOST_BOOT, WANTED, inside_guest
from integration.fullkernel.image import Say, ready_image
from integration.fullkernel.machine import Machine
from integration.fullkernel.overlay import CHECKOUT
from integration.fullkernel.relay import WHOLE, Limits, Relay

INTEGRATION = CHECKOUT / "integration"
REQUIREMENTS = tuple(CHECKOUT / "requirements" / name for name in ("runtime.txt", "test.txt"))
MARKERS = (
    "kernel(*features): runs where the kernel has these features: here, or else in the full kernel",
    "starts_full_kernel: starts a full kernel itself, so it always runs on this machine",
)
Lacking = Callable[[Iterable[str]], Sequence[str]]
Provide = Callable[[Say], Machine]


def full_kernel(say: Say, disk: Path | None = None) -> FullKernel:
    """The machine that tests are sent to: its image is built if it must be; not started yet."""
    return FullKernel(ready_image(REQUIREMENTS, say), disk=disk)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The command line of conftest.py."""
    group = parser.getgroup("full kernel")
    group.addoption(
        "--full-kernel",
        action="store_true",
        help="run all integration tests in the full kernel, not only those whose features this kernel lacks",
    )
    group.addoption(
        "--full-kernel-limit",
        type=float,
        default=WHOLE,
        metavar="SECONDS",
        help="how long all its tests may take; then the rest of them fail (default: %(default).0f)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """The plugin as conftest.py wants it."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    if not inside_guest():
        limits = Limits(whole=config.getoption("--full-kernel-limit", default=WHOLE))
        config.pluginmanager.register(FullKernelPlugin(full_kernel, limits=limits), "full-kernel")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """In the guest: a feature that even the full kernel lacks is said in those words."""
    if inside_guest() and (missing := features.lacking(features_of(item))):
        pytest.fail(f"the full kernel has no {', '.join(missing)} either", pytrace=False)


def features_of(item: pytest.Item) -> tuple[str, ...]:
    """The kernel features that a test names, each once."""
    names = (name for marker in item.iter_markers("kernel") for name in marker.args)
    return tuple(dict.fromkeys(names))


class FullKernelPlugin:
    """One session's tests on two kernels."""

    def __init__(
        self,
        provide: Provide,
        *,
        lacking: Lacking = features.lacking,
        below: Path = INTEGRATION,
        limits: Limits | None = None,
    ) -> None:
        self._provide = provide
        self._lacking = lacking
        self._below = below
        self._limits = limits or Limits()
        self._missing: dict[str, None] = {}  # in the order of the tests
        self._reason: str | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """A misspelt feature must not become a test that nothing can run."""
        users: dict[str, list[str]] = {}
        for item in items:
            for name in features_of(item):
                users.setdefault(name, []).append(item.nodeid)
        if wrong := [_misspelt(name, nodeids) for name, nodeids in users.items() if features.unknown(name)]:
            raise pytest.UsageError(*wrong)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """This kernel's tests by pytest's own loop, then the reports of the others."""
        everything = list(session.items)
        sent = [] if self._nothing_runs(session) else self._to_send(session)
        if not sent:
            return (yield)
        elsewhere = {id(item) for item in sent}
        session.items[:] = [item for item in everything if id(item) not in elsewhere]
        machine: Machine | None = None
        try:
            machine = self._started(session, sent)
            result = yield
            self._follow(session, sent, machine)
        finally:
            session.items[:] = everything
            if machine is not None:
                machine.kill()
        return result

    def _nothing_runs(self, session: pytest.Session) -> bool:
        options = session.config.option
        return bool(options.collectonly or (session.testsfailed and not options.continue_on_collection_errors))

    def _to_send(self, session: pytest.Session) -> list[pytest.Item]:
        try:
            return [item for item in session.items if self._leaves(item)]
        except FullKernelError as error:
            raise pytest.UsageError(str(error)) from error

    def _leaves(self, item: pytest.Item) -> bool:
        if item.get_closest_marker("starts_full_kernel") or not item.path.resolve().is_relative_to(self._below):
            return False
        if item.config.getoption("--full-kernel", default=False):
            return True
        missing = self._lacking(features_of(item))
        self._missing.update(dict.fromkeys(missing))
        return bool(missing)

    def _started(self, session: pytest.Session, sent: Sequence[pytest.Item]) -> Machine | None:
        """The machine, booting by itself from here on; None when there is none, and `_reason` says why."""
        why = f"this kernel lacks {', '.join(self._missing)}" if self._missing else "as --full-kernel says"
        total = len(sent) + len(session.items)
        say = _speaker(session)
        say(f"{why}: {len(sent)} of {total} tests run in a full one")
        try:
            machine = self._provide(say)
            machine.start()
        except FullKernelError as error:
            self._reason = str(error)
            return None
        _request(machine, session, sent)
        return machine

    def _follow(self, session: pytest.Session, sent: Sequence[pytest.Item], machine: Machine | None) -> None:
        relay = Relay(session, sent, self._limits, _speaker(session))
        if machine is None:
            relay.lose(str(self._reason))
        else:
            relay.follow(machine)


def _request(machine: Machine, session: pytest.Session, sent: Sequence[pytest.Item]) -> None:
    """One pytest in the guest for all of them, with the options that shape a report."""
    config, option = session.config, session.config.option
    wanted = f"{machine.inside}/wanted.json"
    # The checkout has one path in the guest, whichever links lead to it here.
    root, files = config.rootpath.resolve(), [str(item.path.resolve()) for item in sent]
    settings = {name: value for name, value in os.environ.items() if name.startswith("NETAPPLY_")}
    argv = [machine.python, "-m", "pytest", "-p", "integration.fullkernel.guest_plugin"]
    argv += ["-p", "no:cacheprovider", "--continue-on-collection-errors", f"--rootdir={root}"]
    argv += [f"--tb={option.tbstyle}", f"--verbosity={option.verbose}"]
    argv += ["-c", str(config.inipath.resolve())] if config.inipath else []
    argv += ["--showlocals"] if option.showlocals else []
    argv += [f"--maxfail={option.maxfail}"] if option.maxfail else []
    machine.request(
        [*argv, *dict.fromkeys(files)],
        cwd=str(root),
        env={**settings, WANTED: wanted, HOST_BOOT: BOOT_ID.read_text().strip()},
        files={wanted: json.dumps([item.nodeid for item in sent])},
    )


def _misspelt(name: str, nodeids: Sequence[str]) -> str:
    others = f" (and {len(nodeids) - 1} more tests)" if len(nodeids) > 1 else ""
    return f"{nodeids[0]}{others}: {features.unknown(name)}"


def _speaker(session: pytest.Session) -> Say:
    """Lines for the person who waits, between the lines of pytest's own progress."""
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")

    def say(text: str) -> None:
        if terminal is not None:
            terminal.ensure_newline()
            if session.config.get_terminal_writer().width_of_current_line:
                terminal.write_line("")  # with -q, dots stand there and belong to no file
            terminal.write_line(f"full kernel: {text}")

    return say
