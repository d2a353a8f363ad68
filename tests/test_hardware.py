"""A wish against what a driver has, and sets of named bits on the wire."""

from __future__ import annotations

import pytest

from netapply.errors import RefusedError
from netapply.hardware import fit
from netapply.kernel.bitsets import exactly_bits, read_bits, some_bits
from netapply.kernel.ethtool import encode
from netapply.model.attribute import FORCED, INACTIVE, Value
from netapply.model.features import members, state_of
from netapply.model.resource import Desired, Origin, Resource, State
from netapply.plan.plan import Operation, Phase, Verb

HERE = Origin("nic.yaml", 3, 5)
FEATURES = Resource(
    ("features", "eno1"), "features",
    {"tx-tcp-segmentation": True, "tx-tcp6-segmentation": True, "rx-gro": False, "tx-scatter-gather": True},
    {"fixed": {"rx-lro": False, "tx-tcp-ecn-segmentation": False}},
)  # fmt: skip
RINGS = Resource(("rings", "eno1"), "rings", {"rx": 256, "tx": 256, "rx_mini": None}, {"most": {"rx": 4096}})
CHANNELS = Resource(("channels", "eno1"), "channels", {"rx": None, "tx": None, "other": 1, "combined": 4})


def host() -> State:
    state = State()
    for item in (Resource(("link", "eno1")), FEATURES, RINGS, CHANNELS):
        state.add(item)
    return state


def fitted(family: str, link: str = "eno1", **attributes: Value) -> dict[str, Value]:
    named = {name.replace("_", "-"): value for name, value in attributes.items()}
    wish = Resource((family, link), family, named if family == "features" else attributes, origin=HERE)
    desired = Desired()
    desired.add(wish)
    fit(desired, host())
    return wish.attributes


def test_short_names_become_those_that_the_driver_can_change() -> None:
    assert fitted("features", tso=False) == {"tx-tcp-segmentation": False, "tx-tcp6-segmentation": False}
    assert fitted("features", lro=False, gro=True) == {"rx-gro": True}, "what is fixed as wished needs nothing"
    assert members("tx-gro", ["tx-gro-list"]) == []


def test_what_is_said_of_a_link_to_be_made_waits_for_it() -> None:
    assert fitted("features", "vmbr0", tso=False) == {"tso": False}


@pytest.mark.parametrize(
    ("family", "wish", "words"),
    [
        ("rings", {"rx": 8192}, r"cannot set rx ring of eno1 to 8192: the driver's maximum is 4096; nic.yaml:3:5"),
        ("rings", {"rx_mini": 9}, r"rx_mini ring of eno1: its driver has no such setting"),
        ("pause", {"rx": True}, r"cannot set ethtool pause of eno1: its driver has none"),
        ("channels", {"combined": 0}, r"cannot leave eno1 without rx channels"),
        ("features", {"lro": True}, r"lro of eno1 on: its driver has rx-lro fixed off"),
        ("features", {"tso": True, "sg": False}, r"tx-tcp-segmentation of eno1 on: it needs sg"),
        ("features", {"rx_grro": True}, r"no such feature; did you mean rx-gro"),
    ],
)
def test_what_a_driver_cannot_do_is_refused(family: str, wish: dict[str, Value], words: str) -> None:
    with pytest.raises(RefusedError, match=words):
        fitted(family, **wish)


def test_a_feature_is_wanted_active_both_or_neither() -> None:
    states = [state_of(wanted, active) for wanted in (True, False) for active in (True, False)]
    assert states == [True, INACTIVE, FORCED, False]


def test_bits_go_by_name() -> None:
    assert read_bits(some_bits({"a": True, "b": False})) == {"a": True, "b": False}
    assert read_bits(exactly_bits(["a", "b"])) == {"a": True, "b": True}
    assert read_bits(b"") == {}


def test_speed_is_not_sent_with_negotiation() -> None:
    """The kernel would offer that speed alone (net/ethtool/linkmodes.c, ethnl_auto_linkmodes)."""

    def size(**attributes: Value) -> int:
        operation = Operation(Verb.SET, ("link_modes", "eno1"), "link_modes", Phase.HARDWARE, attributes)
        return len(encode(21, operation, {"eno1": 2}))

    assert size(autoneg=True, speed=None, duplex=None) == size(autoneg=True)
    assert size(autoneg=True, speed=1000) == size(autoneg=True)
    assert size(speed=None) == size(speed=1000), "unknown is a value: it goes back"
