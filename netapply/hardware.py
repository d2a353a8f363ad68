"""What a file asks of a driver, held against what the driver has: refused here, not half-way through a plan. Pure.

Only devices that are there can be asked. What is said of a link that the plan makes is held against it when
it has been made.
"""

from __future__ import annotations

from netapply.errors import RefusedError
from netapply.model.attribute import Value
from netapply.model.family import FAMILIES, HARDWARE, table_of_family
from netapply.model.features import SHORT, asked_for, members
from netapply.model.resource import Desired, Resource, State

_NOUN = {"rx": "rx ring", "tx": "tx ring", "rx_mini": "rx_mini ring", "rx_jumbo": "rx_jumbo ring"}
_CONDITIONAL = {"link_modes": ("speed", "duplex", "advertise"), "eee": ("advertise",)}
"""What a driver has although it does not always show it."""


def fit(desired: Desired, observed: State) -> None:
    """Write the kernel's names in place of short ones, and see that the drivers can do what is asked.

    Raises RefusedError for the first thing that a driver does not have, cannot change, or has less of.
    """
    for wish in [item for item in desired if item.family in HARDWARE]:
        if wish.origin is None or observed.link(wish.key[1]) is None:
            continue  # what no file asks for is from an earlier look at the same device
        seen = observed.get(wish.key)
        if seen is None:
            what = FAMILIES[wish.family].noun.format(*wish.key)
            raise RefusedError(f"cannot set {what}: its driver has none; leave them out{_at(wish, '')}")
        if wish.family == "features":
            _fit_features(wish, seen)
        elif wish.family == "private_flags":
            _require_names(wish, seen)
        else:
            _require_values(wish, seen)


def _at(wish: Resource, attribute: str) -> str:
    where = wish.where(attribute)
    return f"; {where}" if where else ""


def _fit_features(wish: Resource, seen: Resource) -> None:
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
                raise RefusedError(f"{message}; remove one of the two{_at(wish, name)}")
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
    raise RefusedError(
        f"cannot set {name} of {wish.key[1]}: this kernel has no such feature; {advice}{_at(wish, name)}"
    )


def _changeable(wish: Resource, name: str, on: bool, named: list[str], fixed: dict[str, bool]) -> list[str]:
    """Of the features that a name stands for, those that can be set, and that is at least one that matters."""
    free = [each for each in named if each not in fixed]
    if not free and any(fixed[each] != on for each in named):
        what = named[0] if len(named) == 1 else f"all of {', '.join(named)}"
        reason = f"its driver has {what} fixed {_word(not on)}"
        raise RefusedError(f"cannot set {name} of {wish.key[1]} {_word(on)}: {reason}; leave it out{_at(wish, name)}")
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
            raise RefusedError(f"{message}; turn both off, or both on{_at(wish, name)}")


def _require_names(wish: Resource, seen: Resource) -> None:
    for name in wish.attributes:
        if name not in seen.attributes:
            known = ", ".join(seen.attributes) or "none"
            message = f"cannot set private flag {name} of {wish.key[1]}: its driver's are {known}"
            raise RefusedError(f"{message}; choose one of those{_at(wish, name)}")


def _require_values(wish: Resource, seen: Resource) -> None:
    most = seen.facts.get("most", {})
    for name, value in wish.attributes.items():
        row = table_of_family(wish.family).get(name)
        if row is not None and row.nla.form:
            _require_known(wish, name, value, seen.facts[f"{name}_known"])
        elif seen.attributes.get(name) is None and name not in _CONDITIONAL.get(wish.family, ()):
            raise RefusedError(f"cannot set {_noun(wish, name)}: its driver has no such setting{_at(wish, name)}")
        elif name in most and value > most[name]:
            message = f"cannot set {_noun(wish, name)} to {value}: the driver's maximum is {most[name]}"
            raise RefusedError(f"{message}{_at(wish, name)}")
    if wish.family == "channels":
        _require_both_ways(wish, seen)


def _require_known(wish: Resource, name: str, value: tuple[str, ...], known: list[str]) -> None:
    strange = [word for word in value if word not in known]
    if strange:
        have = ", ".join(known) or "none"
        message = f"cannot set {_noun(wish, name)} to {strange[0]}: the device supports {have}"
        raise RefusedError(f"{message}{_at(wish, name)}")


def _require_both_ways(wish: Resource, seen: Resource) -> None:
    """A device without a queue in one direction is none (net/ethtool/channels.c)."""
    count = {**{name: value or 0 for name, value in seen.attributes.items()}, **wish.attributes}
    for way in ("rx", "tx"):
        if not count[way] and not count["combined"]:
            where = _at(wish, way if way in wish.attributes else "combined")
            raise RefusedError(f"cannot leave {wish.key[1]} without {way} channels; set {way} or combined{where}")


def _noun(wish: Resource, name: str) -> str:
    """`rx ring of eno1`, `combined channels of eno1`, `rx_usecs of eno1`."""
    if wish.family == "rings":
        return f"{_NOUN.get(name, name)} of {wish.key[1]}"
    if wish.family == "channels":
        return f"{name} channels of {wish.key[1]}"
    return f"{name} ({wish.family.replace('_', ' ')}) of {wish.key[1]}"


def _word(on: bool) -> str:
    return "on" if on else "off"
