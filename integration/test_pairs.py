"""From any state to any other, over every kind: a fault anywhere leaves the first, no fault leads to the second.

`make soak` runs many more pairs. A failure prints both files.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from random import Random

import pytest

from integration.applying import FEATURE, Node, failing_at, one_node
from integration.snapshot import difference, settled, snapshot, steady
from integration.test_faults import FOREIGN, make_foreign
from integration.worlds import File, pairs
from netapply.errors import RolledBackError
from netapply.kinds import KINDS

SOAK = bool(os.environ.get("NETAPPLY_SOAK"))
CHAINS = 200 if SOAK else 8
PAIRS_IN_A_CHAIN = 10
COMMON_KINDS = ("bridge", "veth", "vxlan", "macvlan", "macvtap", "ifb")
"""Kinds that most kernels have built in."""
BEYOND_THE_KERNEL = ("ovs-bridge", "ovs-internal", "ovs-bond", "ovs-patch", "ovs-tunnel", "wireguard", "macsec")
"""Kinds that need a server or files with keys; they have tests of their own."""
EVERY_KIND = tuple(kind.kind for kind in KINDS if kind.created and kind.kind not in BEYOND_THE_KERNEL)
FEATURES = sorted(FEATURE.get(kind, kind) for kind in EVERY_KIND)


@pytest.mark.parametrize("seed", range(CHAINS))
def test_any_state_leads_to_any_other(seed: int, tmp_path: Path) -> None:
    walk(seed, COMMON_KINDS, tmp_path)


if SOAK:

    @pytest.mark.kernel(*FEATURES)
    @pytest.mark.parametrize("seed", range(1000, 1300))
    def test_any_state_of_every_kind_leads_to_any_other(seed: int, tmp_path: Path) -> None:
        walk(seed, EVERY_KIND, tmp_path)


def walk(seed: int, kinds: tuple[str, ...], directory: Path) -> None:
    """From one random state to the next, with foreign things beside that nobody may touch."""
    with one_node(directory) as (_, node, _outside):
        make_foreign(node)
        foreign = named(node, foreign_names())
        chance, first = Random(seed), True
        for before, after in pairs(seed, kinds, PAIRS_IN_A_CHAIN):
            if first:
                node.settle(json.dumps(before))
                first = False
            try:
                change(node, after, chance)
            except BaseException as error:
                error.add_note(f"from: {json.dumps(before)}\nto:   {json.dumps(after)}")
                raise
            assert named(node, foreign_names()) == foreign, "foreign devices are as they were"


def change(node: Node, wish: File, chance: Random) -> None:
    """Fail at a random operation: as before. Then without: as the file says, and nothing left to do."""
    text = json.dumps(wish)
    operations = len(node.plan(text).operations)
    if operations:
        before = steady(node.netns)
        with failing_at(chance.randrange(operations)) as fault, pytest.raises(RolledBackError):
            node.apply(text)
        assert fault.fired
        after = settled(node.netns, before)
        assert after == before, difference(before, after)
    node.settle(text)


def foreign_names() -> set[str]:
    return {words[3] for words in map(str.split, FOREIGN) if words[:3] == ["ip", "link", "add"]}


def named(node: Node, names: set[str]) -> list[object]:
    return [link for link in snapshot(node.netns)["-d link"] if link["ifname"] in names]
