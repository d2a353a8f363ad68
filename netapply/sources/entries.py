"""Forwarding entries and neighbours that the kernel would refuse, or would understand otherwise than the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import Final

from netapply.model.fdb import FLOOD, has_remotes, is_own
from netapply.model.resource import Desired, Key, Origin, Resource
from netapply.model.values import family_of
from netapply.sources.declared import earlier
from netapply.sources.wording import named, refusal

IPV6_MIN_MTU: Final = 1280
"""Below it the kernel removes IPv6 from a link (RFC 8200)."""


def refuse_entries(desired: Desired) -> None:
    """InputError for the first entry that cannot come to be on its link; and a note on what else one needs."""
    first: dict[Key, Resource] = {}
    for entry in desired.family("fdb"):
        _refuse(entry, _wrong_with_fdb(entry, desired.link(entry.key[1])))
        _refuse_twice(entry, first, desired)
    for family in ("neighbour", "proxy_neighbour"):
        for entry in desired.family(family):
            _refuse(entry, _wrong_with_neighbour(entry, desired.link(entry.key[1])))
    _note_ndp(desired)


def _refuse(entry: Resource, reason: str) -> None:
    if reason:
        what = " ".join((entry.family.replace("_", " "), *entry.key[2:]))
        raise refusal(f"cannot use {what} on {named(entry.key[1])}: {reason}", _at(entry))


def _at(entry: Resource) -> Origin:
    return entry.origin or Origin("", 1)


def _wrong_with_fdb(entry: Resource, link: Resource | None) -> str:
    """What forbids the entry, and what to do; empty where nothing does. Without a kind only the host knows."""
    if entry.key[1] == "lo":
        return "the loopback forwards no frames; name a port, a bridge or a VXLAN"
    kind = link.kind if link is not None else ""
    check = _OF_KIND.get(kind, _wrong_with_a_port)
    return check(entry, link) if link is not None and kind else ""


def _wrong_with_a_port(entry: Resource, link: Resource) -> str:
    if entry.attributes["dst"] or entry.attributes["src_vni"]:
        return f"a {link.kind} has no remotes; dst and src_vni are for a vxlan"
    if is_own(entry.key):
        return f"a {link.kind} has no forwarding table of its own; leave self out for its bridge's"
    return "all zeros are for a vxlan; name a MAC address" if entry.key[2] == FLOOD else ""


def _wrong_with_a_bridge(entry: Resource, link: Resource) -> str:
    if not is_own(entry.key):
        return "a bridge is a port of no bridge; leave self out"
    if entry.attributes["dst"] or entry.attributes["src_vni"]:
        return "a bridge has no remotes; dst and src_vni are for a vxlan"
    if entry.attributes["state"] != "permanent":
        return "an entry of the bridge itself is permanent; leave state out"
    return "all zeros are for a vxlan; name a MAC address" if entry.key[2] == FLOOD else ""


def _wrong_with_a_vxlan(entry: Resource, link: Resource) -> str:
    if not is_own(entry.key):
        return "" if entry.key[2] != FLOOD else "all zeros need a remote; add dst"
    wish, own = entry.attributes, link.attributes
    if not wish["dst"]:
        return "a vxlan must know where to; add dst"
    outer = own.get("local") or own.get("remote") or "0.0.0.0"
    if family_of(wish["dst"]) != family_of(outer):
        word = "IPv6" if ":" in outer else "IPv4"
        return f"the vxlan sends over {word}; name an endpoint of that sort, or set local to one"
    for name in ("port", "vni"):
        if wish[name] is not None and wish[name] == own.get(name):
            return f"{name} {wish[name]} is the link's own; leave it out"
    if wish["src_vni"] is not None and not own.get("external"):
        return "only an external vxlan tells entries apart by src_vni; leave it out"
    return _wrong_with_a_remote(entry, own.get("remote"))


def _wrong_with_a_remote(entry: Resource, remote: str | None) -> str:
    wish = entry.attributes
    plain = not any(wish[name] for name in ("port", "vni", "via", "src_vni"))
    if entry.key[2] == FLOOD and wish["dst"] == remote and plain:
        return f"remote {remote} stands for this very entry; leave one of the two out"
    if has_remotes(entry.key[2]) and (wish["state"] != "permanent" or wish["extern_learn"]):
        return "one of several remotes is permanent; leave state and extern_learn out"
    if not ip_address(wish["dst"]).is_multicast:
        return ""
    return "" if wish["via"] else "a multicast group needs a device; add via"


_OF_KIND: Final[dict[str, Callable[[Resource, Resource], str]]] = {
    "bridge": _wrong_with_a_bridge,
    "vxlan": _wrong_with_a_vxlan,
}


def _refuse_twice(entry: Resource, first: dict[Key, Resource], desired: Desired) -> None:
    """A bridge has one entry for an address and a VLAN; one without VLAN is one in each."""
    link = desired.link(entry.key[1])
    bridge = entry.key[1] if is_own(entry.key) else link.attributes.get("master") if link is not None else None
    if bridge is None or entry.attributes["dst"]:
        return
    for other in _alike(entry, bridge, first):
        vlan = f" in vlan {other.attributes['vlan']}" if other.attributes["vlan"] else ""
        where = f"{named(other.key[1])} has it already{vlan} ({earlier(_at(other), _at(entry))})"
        _refuse(entry, f"{where}, and a bridge knows one place for an address; remove one")
    first[bridge, entry.key[2], str(entry.attributes["vlan"] or "")] = entry


def _alike(entry: Resource, bridge: str, first: dict[Key, Resource]) -> Iterator[Resource]:
    places = {"", str(entry.attributes["vlan"] or "")}
    if not entry.attributes["vlan"]:
        places = {place[2] for place in first if place[:2] == (bridge, entry.key[2])}
    found = (first.get((bridge, entry.key[2], place)) for place in places)
    return (other for other in found if other is not None)


def _wrong_with_neighbour(entry: Resource, link: Resource | None) -> str:
    if entry.key[1] == "lo":
        return "the loopback has no neighbours; name another link"
    mtu = link.attributes.get("mtu") if link is not None else None
    if ":" in entry.key[2] and mtu is not None and mtu < IPV6_MIN_MTU:
        return f"its mtu of {mtu} is too small for IPv6; raise it to {IPV6_MIN_MTU} or more"
    return ""


def _note_ndp(desired: Desired) -> None:
    """For IPv6 an address alone is not enough (net/ipv6/ndisc.c, ndisc_recv_ns)."""
    links = {entry.key[1]: entry for entry in desired.family("proxy_neighbour") if ":" in entry.key[2]}
    for link, entry in links.items():
        paths = [f"net/ipv6/conf/{name}/proxy_ndp" for name in (link, "all")]
        if not any(_is_on(desired.get(("sysctl", path))) for path in paths):
            desired.notes.append(
                f"{_at(entry)}: {named(link)} answers for {entry.key[2]} only where ipv6.proxy_ndp and IPv6 "
                f"forwarding are on, and the file does not say so"
            )


def _is_on(parameter: Resource | None) -> bool:
    return parameter is not None and parameter.attributes["value"] != "0"
