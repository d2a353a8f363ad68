"""Names and addresses that two parts of the desired state both want."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_interface
from typing import Final

from netapply.model.resource import Desired, Origin, Resource
from netapply.model.values import family_of
from netapply.sources.declared import earlier
from netapply.sources.wording import named, refusal, shown

_HOST_PREFIXES: Final = ("/32", "/128")
_DISABLE_IPV6: Final = "net/ipv6/conf/{}/disable_ipv6"


def add_once(desired: Desired, resource: Resource, title: str, advice: str) -> None:
    """Add a resource. InputError where the state has one with the same key already."""
    known = desired.get(resource.key)
    if known is not None:
        where = _place(known, resource)
        raise refusal(f"cannot use {title} twice: {where} has it already; {advice}", _at(resource))
    desired.add(resource)


def add_sysctl(desired: Desired, resource: Resource) -> None:
    """Add a kernel parameter; written twice with one value it is still one."""
    known = desired.get(resource.key)
    value = resource.attributes["value"]
    if known is not None and known.attributes["value"] != value:
        other = f"{_place(known, resource)} sets it to {shown(known.attributes['value'])}"
        message = f"cannot set {resource.name} to {shown(value)}: {other}; remove one of the two"
        raise refusal(message, _at(resource))
    if known is None:
        desired.add(resource)


def refuse_collisions(desired: Desired) -> None:
    """InputError for the first address or altname that is taken already, or cannot come to be."""
    _refuse_shared_addresses(desired)
    _refuse_taken_altnames(desired)
    _refuse_disabled_ipv6(desired)
    _refuse_own_gateways(desired)


def _at(resource: Resource) -> Origin:
    return resource.origin or Origin("", 1)


def _place(known: Resource, resource: Resource) -> str:
    return earlier(_at(known), _at(resource))


def _refuse_shared_addresses(desired: Desired) -> None:
    """One address belongs to one link. A /32 or /128 may be lent to others (unnumbered links), and
    link-local addresses are each link's own."""
    first: dict[str, Resource] = {}
    for resource in desired.family("address"):
        address, link = resource.name.partition("/")[0], resource.key[1]
        known = first.setdefault(address, resource)
        if known is resource or not _collide(known, resource) or _vrf_of(desired, known) != _vrf_of(desired, resource):
            continue
        what = f"cannot use {resource.name} on {named(link)}"
        if known.key[1] == link:
            where = f"{_place(known, resource)} gives it another prefix, {known.name}"
        else:
            where = f"{named(known.key[1])} has it already ({_place(known, resource)})"
        raise refusal(f"{what}: {where}; remove one of the two", _at(resource))


def _vrf_of(desired: Desired, address: Resource) -> str | None:
    """The VRF of the address's link: what is in one VRF is nothing to another."""
    link = desired.link(address.key[1])
    master = link.attributes.get("master") if link is not None else None
    vrf = desired.link(master) if master else None
    return vrf.name if vrf is not None and vrf.kind == "vrf" else None


def _collide(known: Resource, resource: Resource) -> bool:
    if known.key[1] == resource.key[1]:
        return family_of(resource.name) == "inet6"  # in IPv4 the kernel tells them apart by the prefix
    lent = known.name.endswith(_HOST_PREFIXES) or resource.name.endswith(_HOST_PREFIXES)
    return not lent and not ip_interface(resource.name).is_link_local


def _refuse_taken_altnames(desired: Desired) -> None:
    """Links and altnames share one namespace (net/core/dev.c, netdev_name_in_use)."""
    first: dict[str, Resource] = {}
    for resource in desired.family("altname"):
        link = desired.link(resource.name)
        known = link or first.setdefault(resource.name, resource)
        if known is not resource:
            has = "a link's name" if link else f"a further name of {named(known.key[1])}"
            what = f"cannot use {named(resource.name)} as a further name of {named(resource.key[1])}"
            where = _place(known, resource)
            raise refusal(f"{what}: it is {has} already ({where}); choose another", _at(resource))


def _refuse_disabled_ipv6(desired: Desired) -> None:
    """The kernel gives no IPv6 address to a link whose IPv6 is switched off."""
    everywhere = desired.get(("sysctl", _DISABLE_IPV6.format("all")))
    for resource in desired.family("address"):
        link = resource.key[1]
        switch = desired.get(("sysctl", _DISABLE_IPV6.format(link))) or everywhere
        if switch is None or switch.attributes["value"] != "1" or family_of(resource.name) != "inet6":
            continue
        where = f"{_place(switch, resource)} disables IPv6 there"
        message = f"cannot use {resource.name} on {named(link)}: {where}; remove one of the two"
        raise refusal(message, _at(resource))


def _refuse_own_gateways(desired: Desired) -> None:
    """The kernel refuses an IPv6 gateway that is an address of the host itself."""
    own = {resource.name.partition("/")[0]: resource for resource in desired.family("address")}
    for route in desired.family("route"):
        for gateway in _gateways(route):
            known = own.get(gateway)
            if known is not None and family_of(gateway) == "inet6":
                where = f"{named(known.key[1])} has that address itself ({_place(known, route)})"
                message = f"cannot use the gateway {gateway}: {where}; name the next router"
                raise refusal(message, _at(route))


def _gateways(route: Resource) -> Iterator[str]:
    return (hop.via for hop in route.attributes.get("nexthops", ()) if hop.via)
