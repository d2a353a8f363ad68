"""Which device bears which name: the file's choice by address or place, and the names of before an undo. Pure.

A device keeps its index whatever it is called, so a desired link that knows its device carries the index as a
fact and its name as an attribute. All stages then speak of devices by the names that they will have; the name
in the kernel is only what the attribute says was there before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from netapply.errors import ForeignError, MissingError, RefusedError
from netapply.families import table_for
from netapply.model.attribute import LINK, Value
from netapply.model.family import FAMILIES
from netapply.model.owned import Owned
from netapply.model.resource import Desired, Key, Resource, State
from netapply.model.routing import Nexthop
from netapply.model.sysctl import device_of

STACKED: Final = frozenset({
    "bond", "bridge", "hsr", "ipvlan", "ipvtap", "macsec", "macvlan", "macvtap", "team", "vlan", "vrf", "vxlan",
})  # fmt: skip
"""Kinds that borrow the MAC address of what is below them, and are never meant."""
LISTED: Final = 12
Names = Mapping[str, str]


def chooses(desired: Desired, owned: Owned) -> bool:
    """Whether devices must be looked for before anything else: by a file's `match`, or to get a name back."""
    return any("match" in link.facts for link in desired.family("link")) or any(
        "name" in found and key not in desired for key, found in owned.set_here.items()
    )


def asks_drivers(desired: Desired) -> bool:
    """Whether a match needs what only the drivers tell."""
    return any({"driver", "pci"} & link.facts["match"].keys() for link in desired.family("link") if _match(link))


def choose(desired: Desired, owned: Owned, found: Iterable[Resource]) -> dict[str, str]:
    """Give every desired link with a match its device: MissingError or RefusedError where it is not one.

    Returns the names that devices are to have, by those that they have, where they differ.
    """
    items = list(found)
    devices = [item for item in items if item.family == "link"]
    altnames = {item.key[2]: item.key[1] for item in items if item.family == "altname"}
    taken: dict[str, str] = {}
    for wish in [link for link in desired.family("link") if _match(link)]:
        device = _device(wish, devices, altnames, owned)
        other = taken.setdefault(device.name, wish.name)
        if other != wish.name:
            raise RefusedError(f"cannot name {device.name} {wish.name}: it is to be {other} already{_at(wish)}")
        _bind(wish, device)
    _give_back(desired, owned, devices, altnames, taken)
    _refuse_taken(desired, devices, altnames)
    called = identities(desired)
    names = {device.name: called.get(device.facts["ifindex"], device.name) for device in devices}
    return {present: name for present, name in names.items() if present != name}


def _match(link: Resource) -> dict[str, str]:
    match: dict[str, str] = link.facts.get("match") or {}
    return match


def _bind(wish: Resource, device: Resource) -> None:
    wish.facts["ifindex"] = device.facts["ifindex"]
    wish.attributes["name"] = wish.name
    if wish.origin is not None:
        wish.origins["name"] = wish.facts.get("match_origin") or wish.origin


def _device(wish: Resource, devices: list[Resource], altnames: Names, owned: Owned) -> Resource:
    """The one device that the match means."""
    match = _match(wish)
    fit = [device for device in devices if _matches(device, match, altnames, owned)]
    fit = [device for device in fit if device.kind not in STACKED and not owned.has(device)]
    fit = [device for device in fit if not device.kind] or fit
    if len(fit) == 1:
        return fit[0]
    what = " and ".join(f"{name.replace('_', ' ')} {value}" for name, value in match.items())
    if fit:
        listed = "; ".join(_in_words(device, altnames) for device in fit[:LISTED])
        message = f"cannot tell which device {wish.name} is: {len(fit)} have {what}: {listed}"
        raise RefusedError(f"{message}; say more in match{_at(wish)}")
    candidates = [device for device in devices if device.kind not in STACKED and device.name != "lo"]
    listed = "; ".join(_in_words(device, altnames) for device in candidates[:LISTED]) or "none at all"
    raise MissingError(f"cannot find the device for {wish.name}: none has {what}; there are: {listed}{_at(wish)}")


def _matches(device: Resource, match: Mapping[str, str], altnames: Names, owned: Owned) -> bool:
    original = owned.set_here.get(device.key, {}).get("name", device.name)
    has = {
        "mac": device.attributes["mac"], "permanent_mac": device.facts.get("permanent_mac"),
        "pci": device.facts.get("pci"), "driver": device.facts.get("driver"), "original_name": original,
    }  # fmt: skip
    called = {device.name} | {name for name, link in altnames.items() if link == device.name}
    return all(value in called if name == "altname" else has[name] == value for name, value in match.items())


def _in_words(device: Resource, altnames: Names) -> str:
    """A device by all that a match could name it."""
    facts = device.facts
    permanent = facts.get("permanent_mac")
    also = [name for name, link in altnames.items() if link == device.name]
    parts = [
        device.attributes["mac"] or "no MAC",
        f"permanently {permanent}" if permanent not in (None, device.attributes["mac"]) else "",
        f"driver {facts['driver']}" if facts.get("driver") else "",
        f"pci {facts['pci']}" if facts.get("pci") else "",
        f"altname {', '.join(also)}" if also else "",
    ]
    return f"{device.name} ({', '.join(part for part in parts if part)})"


def _at(wish: Resource) -> str:
    where = wish.facts.get("match_origin") or wish.origin
    return f"; {where}" if where else ""


def _give_back(desired: Desired, owned: Owned, devices: list[Resource], altnames: Names, taken: dict[str, str]) -> None:
    """Devices that the file no longer names get the names back under which netapply found them."""
    names = {device.name for device in devices} | altnames.keys()
    leaving = {key[1] for key, found in owned.set_here.items() if "name" in found and key not in desired}
    for device in devices:
        former = str(owned.set_here.get(device.key, {}).get("name"))
        if device.name not in leaving or device.name in taken:
            continue
        if ("link", former) in desired or (former in names and former not in leaving):
            desired.notes.append(f"{device.name} was {former}, and keeps its name: {former} is taken")
            continue
        wish = Resource(("link", former), "", facts={})
        _bind(wish, device)
        desired.add(wish)


def _refuse_taken(desired: Desired, devices: list[Resource], altnames: Names) -> None:
    """Names that the kernel would not give, because something else bears them."""
    bound = {link.facts["ifindex"]: link for link in desired.family("link") if "name" in link.attributes}
    by_name = {device.name: device for device in devices}
    for device in devices:
        wish = bound.get(device.facts["ifindex"])
        if wish is None or wish.name == device.name:
            continue
        bearer, what = by_name.get(wish.name), f"cannot name {device.name} {wish.name}"
        if bearer is not None and bearer.facts["ifindex"] not in bound:
            has = f"{bearer.kind or 'another device'} has that name"
            raise ForeignError(f"{what}: {has}; give that one another name with match, or delete it{_at(wish)}")
        if altnames.get(wish.name, device.name) != device.name:
            raise ForeignError(f"{what}: it is an altname of {altnames[wish.name]}; remove that one{_at(wish)}")
        stays = desired.link(device.name)
        if stays is not None and "name" not in stays.attributes:
            where = f"; {stays.origin}" if stays.origin else ""
            raise RefusedError(
                f"cannot use {device.name} for another link while the device of that name becomes {wish.name}; "
                f"rename it in one apply, and use the name in the next{where}"
            )


def identities(state: Iterable[Resource]) -> dict[int, str]:
    """The names of devices that are known by their index."""
    return {
        item.facts["ifindex"]: item.key[1] for item in state
        if item.family == "link" and "name" in item.attributes and "ifindex" in item.facts
    }  # fmt: skip


def pending(observed: State) -> dict[str, str]:
    """Devices that the kernel calls otherwise than the state does: name in the state by name in the kernel."""
    links = (link for link in observed.family("link") if link.attributes.get("name", link.name) != link.name)
    return {link.attributes["name"]: link.name for link in links}


def inverse(names: Names) -> dict[str, str]:
    return {after: before for before, after in names.items()}


def renamed_key(key: Key, names: Names) -> Key:
    """The key with the link in it called otherwise. Rules and NAT rules go by names, whoever bears them."""
    if key[0] == "sysctl":
        device = device_of(key[1]) or ""
        path = key[1].replace(f"/{device}/", f"/{names[device]}/", 1) if device in names else key[1]
        return (key[0], path, *key[2:])
    place = FAMILIES[key[0]].on
    if place is None or key[place] not in names:
        return key
    return (*key[:place], names[key[place]], *key[place + 1 :])


def renamed(item: Resource, names: Names) -> Resource:
    """The resource with all links in it called otherwise."""
    table = table_for(item)
    attributes = dict(item.attributes)
    for name, value in item.attributes.items():
        row = table.get(name)
        if row is not None and row.nla.unit is LINK and value in names:
            attributes[name] = names[value]
        elif name == "nexthops":
            attributes[name] = tuple(_hop(hop, names) for hop in value or ())
        elif item.family == "address" and name == "label" and value is not None:
            attributes[name] = _label(value, names)
    return Resource(renamed_key(item.key, names), item.kind, attributes, item.facts, item.origin, item.origins)


def _hop(hop: Value, names: Names) -> Value:
    known = Nexthop(*hop)
    return known._replace(dev=names.get(known.dev, known.dev)) if known.dev else known


def _label(label: str, names: Names) -> str:
    """The kernel changes the part before the colon (net/ipv4/devinet.c, inetdev_changename)."""
    link, colon, rest = label.partition(":")
    return f"{names.get(link, link)}{colon}{rest}"


def renamed_owned(owned: Owned, names: Names) -> Owned:
    """What netapply owns, with links called otherwise."""
    if not names:
        return owned
    set_here = {
        renamed_key(key, names): renamed(Resource(key, "", found), names).attributes
        for key, found in owned.set_here.items()
    }  # fmt: skip
    return Owned({renamed_key(key, names) for key in owned.made}, set_here, owned.marks_count)
