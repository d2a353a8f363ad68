"""Open vSwitch for one namespace: its two daemons with a directory of their own, and ovs-vsctl as a witness.

With a datapath in user space (`datapath_type: netdev`) it needs nothing of the kernel but tun, so it runs on a
kernel without the module too.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

Json = Any
SCHEMA: Final = "/usr/share/openvswitch/vswitch.ovsschema"
DATAPATHS: Final = {"netdev": ("--disable-system",), "system": ()}
LONGEST_STEP: Final = 60
"""Seconds; an emulated CPU loads a kernel module on the way."""
TABLES: Final = ("Bridge", "Port", "Interface", "Controller")
MOVING: Final = {
    "_uuid", "_version", "ofport", "ifindex", "mac_in_use", "statistics", "status", "link_resets", "link_state",
    "link_speed", "duplex", "admin_state", "lacp_current", "mtu", "datapath_id", "datapath_version", "rstp_status",
    "rstp_statistics", "bond_active_slave", "is_connected", "role", "error", "ports", "interfaces", "controller",
}  # fmt: skip
"""What Open vSwitch writes itself, and references, which `dump` spells out."""


class OpenVSwitch:
    """The daemons, and the tools that talk to them."""

    def __init__(self, netns: str, directory: Path, datapath: str) -> None:
        self.netns, self.directory, self.datapath = netns, directory, datapath
        self.environment = {**os.environ, "OVS_RUNDIR": str(directory), "OVS_LOGDIR": str(directory)}
        self._pids: list[int] = []

    def start(self) -> None:
        """Both daemons, with an empty database the first time."""
        socket, database = f"unix:{self.directory}/db.sock", str(self.directory / "conf.db")
        if not Path(database).exists():
            self._run("ovsdb-tool", "create", database, SCHEMA)
        self._daemon("ovsdb-server", database, f"--remote=p{socket}")
        self.vsctl("--no-wait", "init")
        self._daemon("ovs-vswitchd", socket, *DATAPATHS[self.datapath])

    def _daemon(self, name: str, *arguments: str) -> None:
        options = ("--pidfile", "--detach", "--no-chdir", "--log-file", "-vconsole:off", "-vsyslog:off")
        self._run("ip", "netns", "exec", self.netns, name, *arguments, *options)
        self._pids.append(int((self.directory / f"{name}.pid").read_text()))

    def stop(self, *names: str) -> None:
        """End the daemons (or those named) by their own process ids, and see that they are gone."""
        for pid in reversed([pid for pid in self._pids if not names or _name(pid) in names]):
            self._pids.remove(pid)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            limit = time.monotonic() + LONGEST_STEP
            while _name(pid) and time.monotonic() < limit:
                time.sleep(0.01)
            assert not _name(pid), f"process {pid} does not end"

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=LONGEST_STEP, check=False
        )
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
        return done.stdout

    def vsctl(self, *arguments: str) -> str:
        """What ovs-vsctl(8) prints; it waits for the switch, as an administrator's does."""
        return self._run("ovs-vsctl", "--timeout=30", *arguments)

    def appctl(self, *arguments: str) -> str:
        return self._run("ovs-appctl", *arguments)

    def rows(self, table: str) -> list[dict[str, Json]]:
        """All rows of a table as ovs-vsctl prints them, plain values only."""
        shown = json.loads(self.vsctl("--format=json", "list", table) or '{"data": []}')
        return [dict(zip(shown["headings"], map(_plain, row), strict=True)) for row in shown["data"]]

    def row(self, table: str, name: str) -> dict[str, Json]:
        (found,) = (row for row in self.rows(table) if row["name"] == name)
        return found

    def dump(self) -> dict[str, Json]:
        """Everything that is configured, in an order of its own: what an undo must bring back."""
        rows = {table: self.rows(table) for table in TABLES}
        names = {row["_uuid"]: row.get("name", row.get("target")) for found in rows.values() for row in found}
        return {
            table: sorted((_settled(row, names) for row in found), key=lambda row: json.dumps(row, sort_keys=True))
            for table, found in rows.items()
        }


def _settled(row: dict[str, Json], names: dict[str, Json]) -> dict[str, Json]:
    kept = {name: value for name, value in row.items() if name not in MOVING}
    for name in ("ports", "interfaces", "controller"):
        if name in row:
            uuids = row[name] if isinstance(row[name], list) else [row[name]]
            kept[name] = sorted(str(names[uuid]) for uuid in uuids)
    return kept


def _plain(value: Json) -> Json:
    if isinstance(value, list) and value[0] == "map":
        return dict(value[1])
    if isinstance(value, list) and value[0] == "set":
        return [_plain(item) for item in value[1]]
    return value[1] if isinstance(value, list) else value


def _name(pid: int) -> str:
    """The program of a process; empty if it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    name, state = fields[fields.index("(") + 1 : fields.rindex(")")], fields[fields.rindex(")") + 2]
    return "" if state == "Z" else name


@contextmanager
def running(netns: str, directory: Path, datapath: str = "netdev") -> Iterator[OpenVSwitch]:
    """Open vSwitch for a namespace, found by netapply through OVS_RUNDIR; stopped, bridges first, at the end."""
    directory.mkdir(parents=True, exist_ok=True)
    switch = OpenVSwitch(netns, directory, datapath)
    former = os.environ.get("OVS_RUNDIR")
    os.environ["OVS_RUNDIR"] = str(directory)
    try:
        switch.start()
        yield switch
    finally:
        with suppress(AssertionError):  # it may have been stopped by the test
            for bridge in switch.vsctl("--timeout=5", "list-br").split():
                switch.vsctl("--timeout=5", "del-br", bridge)
        switch.stop()
        if former is None:
            del os.environ["OVS_RUNDIR"]
        else:
            os.environ["OVS_RUNDIR"] = former
