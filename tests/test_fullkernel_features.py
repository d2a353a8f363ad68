"""Names of kernel features. That the probes are right is shown in integration/, on two kernels."""

from __future__ import annotations

import pytest

from integration.fullkernel.features import FEATURES, unknown


@pytest.mark.parametrize("feature", FEATURES)
def test_known_features_are_known(feature: str) -> None:
    assert unknown(feature) is None


@pytest.mark.parametrize(
    ("misspelt", "meant"), [("bondign", "bonding"), ("vlan-filtering", "vlan_filtering"), ("802.1q", "8021q")]
)
def test_a_misspelt_feature_is_recognised(misspelt: str, meant: str) -> None:
    assert unknown(misspelt) == f"unknown kernel feature '{misspelt}'; did you mean '{meant}'?"


def test_a_feature_like_no_other_brings_the_list() -> None:
    assert str(unknown("qqq")).startswith("unknown kernel feature 'qqq'; known are 8021q, bonding, bridge")
