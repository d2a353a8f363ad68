"""What a file asks of a driver, held against what the driver has: refused here, not half-way through a plan. Pure.

Only devices that are there can be asked. What is said of a link that the plan makes is held against it when
it has been made.
"""

from __future__ import annotations

from netapply.errors import RefusedError
from netapply.model.family import FAMILIES, HARDWARE, table_of_family
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
            raise RefusedError(f"cannot set {what}: its driver has none; leave them out{at(wish, '')}")
        if wish.family == "features":
            from netapply.off_loads import fit_features  # few files set off-loads

            fit_features(wish, seen)
        elif wish.family == "private_flags":
            _require_names(wish, seen)
        else:
            _require_values(wish, seen)


def at(wish: Resource, attribute: str) -> str:
    """Where the file says it, as the end of a message."""
    where = wish.where(attribute)
    return f"; {where}" if where else ""


def _require_names(wish: Resource, seen: Resource) -> None:
    for name in wish.attributes:
        if name not in seen.attributes:
            known = ", ".join(seen.attributes) or "none"
            message = f"cannot set private flag {name} of {wish.key[1]}: its driver's are {known}"
            raise RefusedError(f"{message}; choose one of those{at(wish, name)}")


def _require_values(wish: Resource, seen: Resource) -> None:
    most = seen.facts.get("most", {})
    for name, value in wish.attributes.items():
        row = table_of_family(wish.family).get(name)
        if row is not None and row.nla.form:
            _require_known(wish, name, value, seen.facts[f"{name}_known"])
        elif seen.attributes.get(name) is None and name not in _CONDITIONAL.get(wish.family, ()):
            raise RefusedError(f"cannot set {_noun(wish, name)}: its driver has no such setting{at(wish, name)}")
        elif name in most and value > most[name]:
            message = f"cannot set {_noun(wish, name)} to {value}: the driver's maximum is {most[name]}"
            raise RefusedError(f"{message}{at(wish, name)}")
    if wish.family == "channels":
        _require_both_ways(wish, seen)


def _require_known(wish: Resource, name: str, value: tuple[str, ...], known: list[str]) -> None:
    strange = [word for word in value if word not in known]
    if strange:
        have = ", ".join(known) or "none"
        message = f"cannot set {_noun(wish, name)} to {strange[0]}: the device supports {have}"
        raise RefusedError(f"{message}{at(wish, name)}")


def _require_both_ways(wish: Resource, seen: Resource) -> None:
    """A device without a queue in one direction is none (net/ethtool/channels.c)."""
    count = {**{name: value or 0 for name, value in seen.attributes.items()}, **wish.attributes}
    for way in ("rx", "tx"):
        if not count[way] and not count["combined"]:
            where = at(wish, way if way in wish.attributes else "combined")
            raise RefusedError(f"cannot leave {wish.key[1]} without {way} channels; set {way} or combined{where}")


def _noun(wish: Resource, name: str) -> str:
    """`rx ring of eno1`, `combined channels of eno1`, `rx_usecs of eno1`."""
    if wish.family == "rings":
        return f"{_NOUN.get(name, name)} of {wish.key[1]}"
    if wish.family == "channels":
        return f"{name} channels of {wish.key[1]}"
    return f"{name} ({wish.family.replace('_', ' ')}) of {wish.key[1]}"
