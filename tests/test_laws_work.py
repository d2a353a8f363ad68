"""A plan for ten times as many things is ten times as much work: lines run, never seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import netapply
from netapply.execute.image import before_image
from netapply.execute.ownership import owned_after
from netapply.model.resource import Desired
from tests.law_files import NOTHING, File, read
from tests.law_story import Story
from tests.model_kernel import Kernel

PACKAGE = str(Path(netapply.__file__).parent)
SMALL, FACTOR, ALLOWED = 10, 6, 6.6
"""Some work is the same for any size, and sorting grows a little faster than its input."""


def work(function: Callable[[], Any]) -> int:
    """How many lines of netapply run."""
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        count += event == "line"
        return trace

    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(None)
    return count


def bridges(size: int, **more: Any) -> File:
    links: File = {f"br{n}": {"kind": "bridge", "addresses": [f"10.{n}.0.1/24"], **more} for n in range(size)}
    links |= {f"a{n}": {"kind": "veth", "peer": f"b{n}", "master": f"br{n}", "mtu": 1400} for n in range(size)}
    routes = [{"to": f"172.16.{n}.0/24", "via": f"10.{n}.0.9", "src": f"10.{n}.0.1"} for n in range(size)]
    rules = [{"priority": 100 + n, "from": f"10.{n}.0.0/24", "table": 100} for n in range(size)]
    nat = [{"masquerade": f"10.{n}.0.0/24", "out": "eno1"} for n in range(size)]
    return {"version": 1, "links": links, "routes": routes, "rules": rules, "nat": nat}


def addresses(size: int) -> File:
    return {"version": 1, "links": {"br0": {"kind": "bridge", "addresses": [f"10.0.{n}.1/24" for n in range(size)]}}}


def secondaries(size: int) -> File:
    listed = [f"10.0.0.{n + 1}/24" for n in range(size)]
    return {"version": 1, "links": {"br0": {"kind": "bridge", "addresses": listed}}}


def stack(size: int) -> File:
    """A macvlan on a bridge, whose port is the far end of a cable on … and so on."""
    links: File = {}
    for n in range(size):
        links[f"br{n}"] = {"kind": "bridge", "mtu": 1400}
        links[f"m{n}"] = {"kind": "macvlan", "link": f"br{n}", **({"master": f"br{n + 1}"} if n + 1 < size else {})}
    return {"version": 1, "links": links}


def ports(size: int, **more: Any) -> File:
    links: File = {f"a{n}": {"kind": "veth", "peer": f"b{n}", "mtu": 1400} for n in range(size)}
    links["br0"] = {"kind": "bridge", "ports": list(links), **more}
    return {"version": 1, "links": links}


def vxlans(size: int, vni: int) -> File:
    links = {f"vx{n}": {"kind": "vxlan", "vni": vni + n, "addresses": [f"10.{n}.0.1/24"]} for n in range(size)}
    return {"version": 1, "links": links, "sysctl": {"net.ipv4.ip_forward": vni % 2}}


STORIES: dict[str, Callable[[int], tuple[File, File]]] = {
    "everything is made": lambda n: (NOTHING, bridges(n)),
    "nothing changes": lambda n: (bridges(n), bridges(n)),
    "everything changes": lambda n: (bridges(n), bridges(n, mtu=1300, up=False)),
    "everything goes": lambda n: (bridges(n), NOTHING),
    "the addresses of one link go": lambda n: (addresses(n), addresses(0)),
    "a primary address goes": lambda n: (secondaries(n), {**secondaries(n), "links": {
        "br0": {"kind": "bridge", "addresses": [f"10.0.0.{k + 2}/24" for k in range(n - 1)]}}}),
    "a stack is made": lambda n: (NOTHING, stack(n)),
    "a stack goes": lambda n: (stack(n), NOTHING),
    "a bridge is let go by its ports": lambda n: (ports(n), NOTHING),
    "a bridge with ports changes": lambda n: (ports(n), ports(n, mtu=1300)),
    "everything is made again": lambda n: (vxlans(n, 10), vxlans(n, 5001)),
}  # fmt: skip


def planned(story: Story, desired: Desired) -> Callable[[], None]:
    """All that is pure between observing and committing."""

    def run() -> None:
        observed, plan = story.plan(desired)
        image = before_image(plan, observed)
        image.way_back(observed, full=True)
        plan.batches()
        owned_after(story.owned, plan, desired, observed, observed)

    return run


def measured(make: Callable[[int], tuple[File, File]], size: int) -> int:
    first, second = (read(file) for file in make(size))
    assert first is not None
    assert second is not None
    story = Story(Kernel())
    story.kernel.plug("eno1", up=True)
    story.apply(first)
    return work(planned(story, second))


@pytest.mark.parametrize("name", STORIES)
def test_work_grows_with_size_and_no_faster(name: str) -> None:
    small, large = measured(STORIES[name], SMALL), measured(STORIES[name], SMALL * FACTOR)
    assert large <= ALLOWED * small, f"{small} lines became {large}"
