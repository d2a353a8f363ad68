"""What a command may import: a plan for one bridge starts in a tenth of a second, and should go on doing so.

No times here: they belong to a machine (docs/performance.md). What is not imported costs nothing anywhere.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from netapply.cli import main

ROOT = Path(__file__).parent.parent
PLAN = """
import json, sys
import netapply.api, netapply.cli.plan
from netapply.cli.command_line import parse
from netapply.kernel.link_codec import codec_of
from netapply.kernel.observe import Observed
from netapply.model.owned import Owned
from netapply.plan import make_plan
from netapply.render.plan_text import plan_text
from netapply.sources import loads

parse(["plan", "file.yaml"])
desired = loads("{version: 1, links: {br0: {kind: bridge, addresses: [192.0.2.1/24]}}}")
plan = make_plan(desired, Observed(), Owned())
assert codec_of("").generic and len(plan.operations) == 2 and "bridge br0" in plan_text(plan)
print(json.dumps(sorted(sys.modules)))
"""
"""Everything that `netapply plan` does, but for asking the kernel."""

FOREIGN = {
    "annotated_types", "pydantic", "pydantic_core", "typing_extensions", "typing_inspection", "yaml", "cython_runtime",
}  # fmt: skip
"""The only packages that a plan brings in; the last is made by the compiled half of PyYAML."""
UNUSED = (
    "netapply.model.address", "netapply.model.filter", "netapply.model.iptables_rule", "netapply.model.nat",
    "netapply.model.nft_rule", "netapply.model.packet_rule", "netapply.model.route", "netapply.model.rule",
    "netapply.kinds.macvlan", "netapply.kinds.veth", "netapply.kinds.vxlan",
    "netapply.kernel.iptables", "netapply.kernel.iptables_text", "netapply.kernel.iptables_program",
    "netapply.kernel.netfilter", "netapply.kernel.nft", "netapply.sources.filtering",
    "netapply.sources.document", "netapply.sources.explain", "netapply.show", "netapply.lab",
    "difflib", "subprocess", "traceback", "ctypes", "concurrent.futures",
)  # fmt: skip
"""What a plan of one bridge and one address has no use for."""


@pytest.fixture(scope="module")
def imported() -> set[str]:
    """The names of all modules after a plan in a fresh interpreter."""
    environment = {**os.environ, "PYDANTIC_DISABLE_PLUGINS": "__all__"}
    done = subprocess.run(
        [sys.executable, "-c", PLAN], capture_output=True, text=True, check=False, cwd=ROOT, env=environment
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def test_a_plan_brings_in_few_packages(imported: set[str]) -> None:
    known = sys.stdlib_module_names | FOREIGN | {"netapply", "__main__"}
    # Names with an underscore in front are the interpreter's, or a virtual environment's, own beginnings.
    assert {name.partition(".")[0] for name in imported if not name.startswith("_")} <= known


@pytest.mark.parametrize("name", UNUSED)
def test_a_plan_leaves_aside_what_it_does_not_use(imported: set[str], name: str) -> None:
    assert name not in imported


def test_a_caller_of_main_keeps_the_process_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    before = gc.get_threshold(), gc.get_freeze_count(), os.environ.get("PYDANTIC_DISABLE_PLUGINS")
    assert main(["--version"]) == 0
    assert (gc.get_threshold(), gc.get_freeze_count(), os.environ.get("PYDANTIC_DISABLE_PLUGINS")) == before
    assert "netapply" in capsys.readouterr().out


def test_a_process_of_its_own_looks_for_no_garbage() -> None:
    program = (
        "import gc, os, sys\n"
        "from netapply.cli import main\n"
        "sys.argv = ['netapply', '--version']\n"
        "code = main()\n"
        "print(code, gc.get_threshold()[0] > 100_000, gc.get_freeze_count() > 0)\n"
        "print(os.environ['PYDANTIC_DISABLE_PLUGINS'])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines()[1:] == ["0 True True", "__all__"]
