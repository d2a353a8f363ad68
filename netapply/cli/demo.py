"""Show all of this in throw-away network namespaces: plan, apply, ping, drift, rollback.

A node pve1 and the network outside are built from namespaces, real commands run on them, and real
packets cross them. Every line is computed from what happened. Nothing of this host is touched, and
nothing is left behind. Needs root.
"""

from __future__ import annotations

import tempfile
from argparse import ArgumentParser
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from netapply.cli.call import Call
from netapply.errors import MissingError

if TYPE_CHECKING:
    from netapply.cli.demo_stage import Stage
    from netapply.lab import Guest, Host, Lab

FILE = "bridge.yaml"
DESIRED = """\
version: 1
links:
  eno1: {}
  vmbr0:
    kind: bridge
    ports: [eno1]
    stp: false
    forward_delay: 0s
    addresses: [192.168.10.2/24]
routes:
  - {to: default, via: 192.168.10.1}
"""
NODE, OUTSIDE, GUEST = "192.168.10.2", "192.168.10.1", "192.168.10.100"


def add_arguments(parser: ArgumentParser) -> None:
    """Only the options of every command."""


def run(call: Call) -> int:
    if find_spec("scapy") is None:
        raise MissingError("cannot run the demo: scapy, which sends its packets, is not installed; use: make demo")
    from netapply.cli.demo_stage import Stage
    from netapply.lab import Lab

    with tempfile.TemporaryDirectory(prefix="netapply-demo-") as directory, Lab("demo", replace=True) as lab:
        (Path(directory) / FILE).write_text(DESIRED, encoding="utf-8")
        node, outside, guest = _build(lab)
        stage = Stage(call.out, node, Path(directory))
        stage.say(f"Namespaces play a node ({node.netns}), a guest on it, and the network outside.")
        stage.say(f"Each command below also has --netns {node.netns} and a --state-dir of its own.")
        _play(stage, node, outside, guest)
    call.out.line(call.out.paint("good", f"Demo passed: {stage.checks} checks."))
    return 0


def _build(lab: Lab) -> tuple[Host, Host, Guest]:
    node, outside = lab.host("pve1"), lab.host("outside")
    lab.cable(node, "eno1", outside, "eth0")
    outside.add_address(f"{OUTSIDE}/24", "eth0")
    guest = lab.guest(node, "tap100i0", address=f"{GUEST}/24", gateway=OUTSIDE)
    return node, outside, guest


def _play(stage: Stage, node: Host, outside: Host, guest: Guest) -> None:
    from netapply.cli import demo_packets
    from netapply.cli.demo_state import difference, state_of

    before = state_of(node)
    _plan_and_apply(stage)
    stage.heading("Guest and node talk to the network outside")
    stage.by_hand("ip link set tap100i0 master vmbr0", "what a hypervisor does when it starts a guest")
    demo_packets.cross_the_bridge(stage, node, outside, guest)
    stage.heading("A second plan is empty; the guest's port is not netapply's, and stays")
    again = stage.netapply("plan", FILE, "--detailed-exitcode")
    stage.check("nothing to do", again.returncode == 0, "exit code 0", f"exit code {again.returncode}")
    _drift(stage)
    _go_back(stage)
    differs = difference(before, state_of(node))
    count = ", ".join(f"{len(items)} {what}" for what, items in before.items())
    stage.check(f"{count}: all as before the first command", not differs, "no difference", differs)
    demo_packets.be_silent(stage, outside)


def _plan_and_apply(stage: Stage) -> None:
    stage.heading("The plan: what would change, where it is written, what it disrupts")
    planned = stage.netapply("plan", FILE, "--detailed-exitcode")
    stage.check("changes are pending", planned.returncode == 2, "exit code 2", f"exit code {planned.returncode}")
    stage.heading("Apply it, as one transaction that ends verified or undone")
    applied = stage.netapply("apply", FILE, "--yes", shown_before=planned.stdout)
    stage.check("applied", applied.returncode == 0, "exit code 0", f"exit code {applied.returncode}")


def _drift(stage: Stage) -> None:
    stage.heading("Somebody changes the network by hand, and check finds it")
    stage.by_hand(f"ip address del {NODE}/24 dev vmbr0")
    stage.by_hand("ip link set vmbr0 type bridge forward_delay 1500")
    found = stage.netapply("check", FILE)
    names = (f"address {NODE}/24 on vmbr0", "forward_delay  15 s → 0 s", "route default")
    missing = [name for name in names if name not in found.stdout]
    seen = f"exit code {found.returncode}, without {', '.join(missing) or 'nothing'}"
    stage.check("the drift is found", found.returncode == 2 and not missing, "exit code 2, all named", seen)


def _go_back(stage: Stage) -> None:
    stage.heading("Go back to before the apply, drift or not")
    undone = stage.netapply("rollback", "--yes")
    stage.check("rolled back", undone.returncode == 0, "exit code 0", f"exit code {undone.returncode}")
