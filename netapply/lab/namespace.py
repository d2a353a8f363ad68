"""Network namespaces by name, and calls inside them.

A namespace is what `ip netns` makes: a file in /run/netns (ip-netns(8)), so `netapply --netns`, `ip -n`
and `ip netns exec` find it by the same name.

How this program acts inside a namespace: `call_in` starts a thread, the thread enters the namespace with
setns(2), which moves only the calling thread, calls one function and ends. No thread ever comes back from
a namespace, so none can be left in the wrong one: not the caller's, and not after an exception. A socket
opened there belongs to that namespace for life and is then used from any thread (socket(7), namespaces(7)).
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar

from netapply.errors import LabError
from netapply.lab.iproute import attempt, ip, ip_json

DIRECTORY = Path("/run/netns")
CLONE_NEWNET = 0x40000000

# IPv6 that is usable at once, and silent unless spoken to. DAD is off only where both `all` and the
# interface say so (addrconf_dad_begin in net/ipv6/addrconf.c); `default` reaches every later interface.
_QUIET_IPV6 = {
    "net/ipv6/conf/all/accept_dad": "0",
    "net/ipv6/conf/default/accept_dad": "0",
    "net/ipv6/conf/default/router_solicitations": "0",
}

P = ParamSpec("P")
T = TypeVar("T")


def exists(netns: str) -> bool:
    """True if a network namespace (or a leftover file) of this name is in /run/netns."""
    return os.path.lexists(DIRECTORY / netns)


def create(netns: str) -> None:
    """Make a namespace with `lo` up and IPv6 without duplicate address detection."""
    ip(None, "netns", "add", netns, doing=f"make network namespace {netns}")
    ip(netns, "link", "set", "lo", "up", doing=f"bring up lo in {netns}")
    call_in(netns, _write_quiet_ipv6)


def remove(netns: str) -> None:
    """Remove a namespace; its veth pairs go first, while we wait.

    The kernel clears a nameless namespace later, in the background, or never while something in it
    runs. Deleting the veths by hand means that no cable outlives this call at its other end.
    """
    if os.path.ismount(DIRECTORY / netns):
        for link in ip_json(netns, "link", "show", "type", "veth", doing=f"list the cables of {netns}"):
            attempt(netns, "link", "delete", str(link["ifname"]))  # may be gone with its peer already
    ip(None, "netns", "delete", netns, doing=f"remove network namespace {netns}")


def has_ipv6() -> bool:
    """False on a kernel booted with ipv6.disable=1, where no namespace has any IPv6 setting."""
    return Path("/proc/sys/net/ipv6").is_dir()


def call_in(netns: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a short function inside a namespace; its result or exception is the caller's.

    Errors: LabError if the namespace is not there; whatever the function raises.
    """

    def enter_and_call() -> T:
        _enter(netns)
        return function(*args, **kwargs)

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix=netns) as thread:
        return thread.submit(enter_and_call).result()


def write_sysctl(netns: str, name: str, value: str | int) -> None:
    """Set a kernel parameter of a namespace, named as sysctl(8) does: dots, or slashes if a part has dots."""
    path = Path("/proc/sys") / (name if "/" in name else name.replace(".", "/"))
    try:
        call_in(netns, path.write_text, f"{value}\n")
    except OSError as error:
        raise LabError(f"cannot set {name} to {value} in {netns}: {error.strerror} ({path})") from error


def _enter(netns: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        descriptor = os.open(DIRECTORY / netns, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise LabError(f"cannot enter network namespace {netns}: it is not there; see: ip netns list") from None
    try:
        if libc.setns(descriptor, CLONE_NEWNET) != 0:
            reason = os.strerror(ctypes.get_errno())
            raise LabError(f"cannot enter network namespace {netns}: {reason}")
    finally:
        os.close(descriptor)


def _write_quiet_ipv6() -> None:
    for name, value in _QUIET_IPV6.items() if has_ipv6() else ():
        Path("/proc/sys", name).write_text(f"{value}\n")
