"""The lab without root: names, closed labs, ip's words, lost pings, the cost of the import."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from netapply.errors import LabError
from netapply.lab import Lab
from netapply.lab.interrupts import held_back
from netapply.lab.iproute import reason
from netapply.lab.traffic import longest_outage


@pytest.mark.parametrize("name", ["../etc", "-n", "a/b", "ä", "a b", "x" * 65, ".hidden"])
def test_a_name_that_is_no_file_name_is_refused(name: str) -> None:
    with pytest.raises(LabError, match=r"^cannot name a lab "):
        Lab(name)


def test_labs_without_a_name_do_not_meet() -> None:
    assert Lab().name != Lab().name


def test_a_lab_is_used_inside_its_with_block() -> None:
    with pytest.raises(LabError, match="cannot use lab demo: it is not open"):
        Lab("demo").host("pve1")


@pytest.mark.parametrize(
    ("stderr", "expected"),
    [
        ("RTNETLINK answers: File exists\n", "File exists"),
        ("Error: Nexthop has invalid gateway.\n", "Nexthop has invalid gateway."),
        ('Cannot find device "eth9"\nCommand failed -:1\n', 'Cannot find device "eth9"'),
        ("", "ip gave no reason"),
    ],
)
def test_the_kernels_own_words_remain(stderr: str, expected: str) -> None:
    assert reason(stderr) == expected


@pytest.mark.parametrize(
    ("answered", "expected"),
    [
        ({0, 1, 2, 3, 4}, 0.0),
        ({0, 1, 3, 4}, 1.0),
        ({0, 4}, 3.0),
        ({0, 2, 3}, 2.0),  # the last one was sent at 4, and nothing came until the end at 6
        (set(), 6.0),
        ({2}, 3.0),
    ],
)
def test_an_outage_lasts_from_the_first_lost_ping_to_the_next_reply(answered: set[int], expected: float) -> None:
    assert longest_outage([0.0, 1.0, 2.0, 3.0, 4.0], answered, 6.0) == expected


def interrupt_inside(done: list[str]) -> None:
    with held_back():
        os.kill(os.getpid(), signal.SIGINT)
        done.append("removed")
    done.append("never reached")


def test_ctrl_c_waits_for_the_end_of_a_removal() -> None:
    done: list[str] = []
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        interrupt_inside(done)
    assert done == ["removed"]
    assert signal.getsignal(signal.SIGINT) is before


def test_importing_the_lab_does_not_import_scapy() -> None:
    script = "import sys, netapply.lab; print(*(name for name in sys.modules if name == 'scapy'))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert done.stdout.strip() == ""
