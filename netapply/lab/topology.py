"""The lab: hosts, cables and guests that vanish when the `with` block ends."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from types import TracebackType

from netapply.errors import LabError
from netapply.lab import namespace
from netapply.lab.cable import End, connect
from netapply.lab.host import Guest, Host
from netapply.lab.interrupts import held_back
from netapply.lab.record import Record

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Lab:
    """A set of namespaces named `<lab>-<host>`.

    Everything is removed when the block ends, also after an exception or Ctrl-C. What a killed lab left
    behind is refused by the next lab of that name, or removed by it with `replace=True`. Namespaces that
    no lab made are never taken over and never removed. Without a name the lab takes a random one.
    """

    def __init__(self, name: str | None = None, *, replace: bool = False) -> None:
        self.name = _checked("lab", name or f"lab{os.urandom(3).hex()}")
        self._replace = replace
        self._record: Record | None = None
        self.hosts: dict[str, Host] = {}  # guests included, by name

    def __enter__(self) -> Lab:
        if os.geteuid() != 0:
            raise LabError(f"cannot build lab {self.name}: network namespaces need root; run it with sudo")
        with held_back():
            record = Record(self.name)
            try:
                self._clear_leftovers(record)
                record.begin()
            except BaseException:
                record.release(forget=False)
                raise
            self._record = record
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with held_back():
            record = self._opened()
            self._record = None
            failures = _remove(record.namespaces())
            record.release(forget=not failures)
            self.hosts.clear()
        if failures and error is None:
            raise LabError("; ".join(failures))
        if failures and error is not None:
            error.add_note("; ".join(failures))

    def host(self, name: str, *, forward: bool = False) -> Host:
        """Make a host: an empty namespace with `lo` up. `forward` makes it a router for IPv4 and IPv6."""
        host = Host(name, self._make_namespace(name))
        self.hosts[name] = host
        if forward:
            host.sysctl("net.ipv4.ip_forward", 1)
            if namespace.has_ipv6():
                host.sysctl("net.ipv6.conf.all.forwarding", 1)
        return host

    def cable(
        self,
        left: Host,
        left_interface: str,
        right: Host,
        right_interface: str,
        *,
        mtu: int | None = None,
        up: bool = True,
        mac: str | None = None,
        right_mac: str | None = None,
    ) -> None:
        """Lay a cable (a veth pair) between two hosts. `mtu` in bytes, for both ends; `mac` is the left's."""
        connect(End(left, left_interface, mac), End(right, right_interface, right_mac), mtu=mtu, up=up)

    def guest(
        self,
        host: Host,
        tap: str,
        *,
        address: str | Sequence[str] = (),
        gateway: str | Sequence[str] = (),
        master: str | None = None,
        mtu: int | None = None,
        mac: str | None = None,
        name: str | None = None,
    ) -> Guest:
        """Make a guest with `eth0`; its host's end is called `tap`, is up, and a port of `master` if given.

        IPv6 is off on the tap, as Proxmox VE does it: the host does not speak into the guest's wire.
        Without a `name` the guest is called after its host and tap.
        """
        name = name or f"{host.name}-{tap}"
        guest = Guest(name, self._make_namespace(name), host, tap)
        self.hosts[name] = guest
        connect(End(host, tap), End(guest, guest.interface, mac), mtu=mtu, up=False)
        if namespace.has_ipv6():
            host.sysctl(f"net/ipv6/conf/{tap}/disable_ipv6", 1)
        if master:
            host.attach(tap, master)
        host.set_link(tap, up=True)
        guest.set_link(guest.interface, up=True)
        for one in _each(address):
            guest.add_address(one, guest.interface)
        for one in _each(gateway):
            guest.add_route("default", via=one, interface=guest.interface)
        return guest

    def _make_namespace(self, name: str) -> str:
        record, netns = self._opened(), f"{self.name}-{_checked('host', name)}"
        if name in self.hosts:
            raise LabError(f"cannot make host {name}: lab {self.name} has one already; choose another name")
        if namespace.exists(netns):
            raise LabError(
                f"cannot make host {name}: network namespace {netns} is there and this lab did not make it; "
                f"choose another name, or remove it: ip netns delete {netns}"
            )
        record.add(netns)  # first, so that a crash in between leaves nothing unknown
        namespace.create(netns)
        return netns

    def _clear_leftovers(self, record: Record) -> None:
        leftovers = [netns for netns in record.namespaces() if namespace.exists(netns)]
        if leftovers and not self._replace:
            raise LabError(
                f"cannot build lab {self.name}: an earlier lab of that name was killed and left "
                f"{', '.join(leftovers)}; build it with replace=True to remove them first"
            )
        failures = _remove(leftovers)
        if failures:
            raise LabError("; ".join(failures))

    def _opened(self) -> Record:
        if self._record is None:
            raise LabError(f"cannot use lab {self.name}: it is not open; write: with Lab(...) as lab")
        return self._record


def _remove(namespaces: Sequence[str]) -> list[str]:
    """Remove those that are there, the last first, all of them whatever happens to one; what failed."""
    failures = []
    for netns in reversed(namespaces):
        try:
            if namespace.exists(netns):
                namespace.remove(netns)
        except LabError as error:
            failures.append(str(error))
    return failures


def _checked(what: str, name: str) -> str:
    if not _NAME.fullmatch(name):
        raise LabError(
            f"cannot name a {what} {name!r}: letters, digits, '.', '_' and '-' only, at most 64, "
            "and a letter or digit first"
        )
    return name


def _each(given: str | Sequence[str]) -> Sequence[str]:
    return [given] if isinstance(given, str) else given
