"""Off-loads that a file asks for, held against those that a driver has. Pure."""

from __future__ import annotations

from netapply.errors import RefusedError
from netapply.hardware import at
from netapply.model.attribute import Value
from netapply.model.features import SHORT, asked_for, members
from netapply.model.resource import Resource


def fit_features(wish: Resource, seen: Resource) -> None:
    """Write the kernel's names in place of short ones. RefusedError for what the driver has fixed otherwise."""
    fixed: dict[str, bool] = seen.facts["fixed"]
    known = [*seen.attributes, *fixed]
    wanted: dict[str, Value] = {}
    said_as: dict[str, str] = {}
    for name, on in wish.attributes.items():
        named = members(name, known)
        _require_feature(wish, name, named, known)
        for each in _changeable(wish, name, on, named, fixed):
            if wanted.get(each, on) != on:
                message = f"cannot set {name} of {wish.key[1]} {_word(on)}: {said_as[each]} sets {each} {_word(not on)}"
                raise RefusedError(f"{message}; remove one of the two{at(wish, name)}")
            wanted[each], said_as[each] = on, name
            wish.origins.setdefault(each, wish.where(name) or wish.origins.get(each))  # type: ignore[arg-type]
    wish.attributes = wanted
    _require_ground(wish, seen)


def _require_feature(wish: Resource, name: str, named: list[str], known: list[str]) -> None:
    if named:
        return
    from difflib import get_close_matches  # for this error only

    near = get_close_matches(name, [*known, *SHORT], 1)
    advice = f"did you mean {near[0]}?" if near else f"see `ethtool -k {wish.key[1]}`"
    raise RefusedError(f"cannot set {name} of {wish.key[1]}: this kernel has no such feature; {advice}{at(wish, name)}")


def _changeable(wish: Resource, name: str, on: bool, named: list[str], fixed: dict[str, bool]) -> list[str]:
    """Of the features that a name stands for, those that can be set, and that is at least one that matters."""
    free = [each for each in named if each not in fixed]
    if not free and any(fixed[each] != on for each in named):
        what = named[0] if len(named) == 1 else f"all of {', '.join(named)}"
        reason = f"its driver has {what} fixed {_word(not on)}"
        raise RefusedError(f"cannot set {name} of {wish.key[1]} {_word(on)}: {reason}; leave it out{at(wish, name)}")
    return free


_GROUND = (
    ("tx-scatter-gather", "tx-checksum-*", "tx"),
    ("tx-tcp-segmentation", "tx-scatter-gather", "sg"),
    ("tx-tcp6-segmentation", "tx-scatter-gather", "sg"),
)
"""A feature, what it stands on, and that one's short name (net/core/dev.c, netdev_fix_features)."""


def _require_ground(wish: Resource, seen: Resource) -> None:
    """What the file asks for must not be taken away again by what else it asks for."""
    for name, ground, short in _GROUND:
        below = [each for each in seen.attributes if each in members(short, [each])]
        below = [each for each in below if ground.endswith("*") or each == ground]
        if asked_for(wish.attributes.get(name)) and below and all(wish.attributes.get(each) is False for each in below):
            message = f"cannot set {name} of {wish.key[1]} on: it needs {short}, which this file turns off"
            raise RefusedError(f"{message}; turn both off, or both on{at(wish, name)}")


def _word(on: bool) -> str:
    return "on" if on else "off"
