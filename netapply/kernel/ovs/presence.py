"""Where Open vSwitch's database is, and whether it is that of this network namespace."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from netapply.errors import MissingError

RUN_DIRECTORY: Final = "/run/openvswitch"
"""Of Debian and most others; the environment variable OVS_RUNDIR changes it, as for Open vSwitch's own tools."""
ELSEWHERE: Final = "that one serves another network namespace; OVS_RUNDIR names another"
START: Final = "start openvswitch-switch (or install it)"


def run_directory() -> Path:
    return Path(os.environ.get("OVS_RUNDIR", RUN_DIRECTORY))


def socket_path() -> Path:
    return run_directory() / "db.sock"


def possible() -> bool:
    """Whether a database can answer: one look at the file system."""
    return socket_path().is_socket()


def absent(reason: str) -> MissingError:
    """Why Open vSwitch cannot be asked, in a sentence for the user."""
    return MissingError(f"cannot use Open vSwitch: it does not answer on {socket_path()} ({reason}); {START}")


def serves_here(pid: int) -> bool:
    """Whether the process at the other end is in the thread's network namespace. A database knows devices by
    their names only, and the same names in another namespace are other devices. Where that cannot be told
    (another PID namespace, no privilege), it is taken for granted."""
    try:
        return Path(f"/proc/{pid}/ns/net").stat().st_ino == Path("/proc/thread-self/ns/net").stat().st_ino
    except OSError:
        return True


def switch_runs() -> bool:
    """Whether ovs-vswitchd, which carries out what the database says, is alive."""
    try:
        pid = (run_directory() / "ovs-vswitchd.pid").read_text().strip()
    except OSError:
        return False
    return Path("/proc", pid).exists()
