"""Hosts and guests: namespaces with the handful of things that a lab does to them.

Building goes through iproute2's `ip`, so a failure's text holds a command that can be repeated by hand.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from netapply.lab import command, listener, namespace
from netapply.lab.iproute import ip, ip_json


@dataclass(frozen=True, slots=True)
class Host:
    """A network namespace that plays a host. `netns` is the name for `netapply --netns` and `ip -n`."""

    name: str
    netns: str

    def run(
        self, arguments: Sequence[str], *, stdin: str | None = None, timeout: float = 30.0, check: bool = True
    ) -> command.CompletedProcess:
        """Run a program in the namespace, with its output as text.

        Errors: LabError if it does not end within `timeout` seconds, or (unless `check=False`) fails.
        """
        return command.run(self.netns, arguments, stdin=stdin, timeout=timeout, check=check)

    def interfaces(self) -> tuple[str, ...]:
        """The interfaces' names, `lo` included, in the kernel's order."""
        return tuple(name for _, name in namespace.call_in(self.netns, socket.if_nameindex))

    def mac(self, interface: str) -> str:
        """The MAC address of an interface, in lower case with colons."""
        doing = f"read the MAC address of {interface} in {self.netns}"
        return str(ip_json(self.netns, "link", "show", "dev", interface, doing=doing)[0]["address"])

    def add_address(self, address: str, interface: str) -> None:
        """Add an address with its prefix length: "10.0.0.1/24", "2001:db8::1/64"."""
        doing = f"add address {address} to {interface} in {self.netns}"
        ip(self.netns, "address", "add", address, "dev", interface, doing=doing)

    def add_route(self, to: str, *, via: str | None = None, interface: str | None = None, onlink: bool = False) -> None:
        """Add a route to a prefix or "default". `onlink` believes `via` to be behind the interface."""
        family = "-6" if ":" in f"{to}{via}" else "-4"
        way = [*(["via", via] if via else []), *(["dev", interface] if interface else [])]
        way += ["onlink"] if onlink else []
        ip(self.netns, family, "route", "add", to, *way, doing=f"add the route to {to} in {self.netns}")

    def set_link(
        self, interface: str, *, up: bool | None = None, mtu: int | None = None, mac: str | None = None
    ) -> None:
        """Change a link; what is None stays. Taking one end of a cable down takes the other's carrier."""
        wanted = [*(["mtu", str(mtu)] if mtu else []), *(["address", mac] if mac else [])]
        wanted += [] if up is None else ["up" if up else "down"]
        ip(self.netns, "link", "set", "dev", interface, *wanted, doing=f"change {interface} in {self.netns}")

    def attach(self, interface: str, bridge: str) -> None:
        """Make an interface a port of a bridge (or a member of any other master)."""
        doing = f"attach {interface} to {bridge} in {self.netns}"
        ip(self.netns, "link", "set", "dev", interface, "master", bridge, doing=doing)

    def sysctl(self, name: str, value: str | int) -> None:
        """Set a kernel parameter: "net.ipv4.ip_forward", or with slashes if an interface's name has a dot."""
        namespace.write_sysctl(self.netns, name, value)

    def listen_tcp(
        self, port: int, address: str = "0.0.0.0", *, banner: str = listener.BANNER
    ) -> AbstractContextManager[listener.Listener]:
        """Serve TCP while a `with` block lasts; each caller is told its own address. Port 0 picks one."""
        return listener.listen(self.netns, port, address, banner)

    def ask_tcp(self, address: str, port: int, *, timeout: float = 2.0) -> listener.Answer:
        """Ask a listener over this host's own TCP. Errors: LabError if none answers in `timeout` seconds."""
        return listener.ask(self.netns, address, port, timeout)


@dataclass(frozen=True, slots=True)
class Guest(Host):
    """A namespace that plays a virtual machine: one interface, whose other end is a tap of its host."""

    host: Host
    tap: str
    interface: str = "eth0"
