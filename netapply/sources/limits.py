"""What the kernel is known to refuse or to change, found before anything is touched.

Each check is a fact of the kernel (seen on Linux 6.18) about links of the same file; what depends on
the host's present state is for the plan to find.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from typing import Final

from netapply.model.address_item import address_text
from netapply.model.link_settings import settings_of
from netapply.model.resource import Desired, Origin, Resource
from netapply.model.values import family_of
from netapply.sources.declared import Declared, Links, earlier
from netapply.sources.relations import Relations
from netapply.sources.tunnel_limits import refuse_fallback, refuse_same_endpoints
from netapply.sources.wording import named, refusal

IPV6_MIN_MTU: Final = 1280
"""Below it the kernel removes IPv6 from a link, with all its addresses and parameters (RFC 8200)."""
_SHORTEST_DELAY: Final = 2
"""Seconds that a bridge with STP listens and learns at least (net/bridge/br_private.h)."""
_OVERHEAD: Final = {"inet": 50, "inet6": 70}
"""Bytes that VXLAN puts around a packet (include/net/vxlan.h)."""
UPPERS: Final = ("vlan", "macvlan", "macvtap", "ipvlan")
"""Kinds that stand on another link."""


def refuse_impossible(links: Links, relations: Relations) -> None:
    """InputError for the first link that the kernel would not make as the file wants it."""
    for declared in links.values():
        _refuse_made_loopback(declared)
        refuse_fallback(declared)
        _refuse_ipv6_without_room(declared)
        check = _BY_KIND.get(declared.kind)
        if check is not None:
            check(declared, links, relations)
    _refuse_governed(links, relations)
    _refuse_same_vni(links)
    refuse_same_endpoints(links)
    _refuse_together(links, relations)


def _refuse_made_loopback(declared: Declared) -> None:
    if declared.name == "lo" and declared.kind:
        message = f"cannot make a {declared.kind} called lo: that is the loopback"
        raise refusal(f"{message}; leave kind out, or choose another name", declared.at("kind"))


def _refuse_governed(links: Links, relations: Relations) -> None:
    """What a bond sets on its ports is said at the bond."""
    for port, attachment in relations.masters.items():
        declared, master = links.get(port), links.get(attachment.master or "")
        if declared is None or master is None:
            continue
        for name in sorted(type(master.link).governs):
            if declared.names(name) and declared.get(name) not in (None, master.get(name)):
                message = f"cannot set {name} of {named(port)}: {master.title} sets it on its ports"
                raise refusal(f"{message}; write it there", declared.at(name))


def _refuse_ipv6_without_room(declared: Declared) -> None:
    """A small MTU takes IPv6 off the link, and with it what the file says about it."""
    mtu = declared.link.mtu
    if mtu is None or mtu >= IPV6_MIN_MTU:
        return
    addresses = zip(map(address_text, declared.link.addresses or ()), declared.items_at("addresses"), strict=True)
    wishes = [(text, origin) for text, origin in addresses if family_of(text) == "inet6"]
    if declared.name != "lo" and any(name.startswith("ipv6.") for name in declared.link.sysctl):
        wishes.append(("its IPv6 parameters", declared.at("sysctl")))
    wishes += [
        (word, declared.at(word)) for word, path, _ in settings_of(declared.link, declared.name)
        if path.startswith("net/ipv6/") and word not in ("disable_ipv6", "forwarding")
    ]  # fmt: skip
    for what, origin in wishes:
        message = f"cannot use {what} on {named(declared.name)}: its mtu of {mtu} is too small for IPv6"
        raise refusal(f"{message}; raise it to {IPV6_MIN_MTU} or more", origin)


def _refuse_upper(declared: Declared, links: Links, relations: Relations) -> None:
    from netapply.sources import limits_upper  # most files have no such links

    check = limits_upper.refuse_vlan if declared.kind == "vlan" else limits_upper.refuse_macvlan
    check(declared, links, relations)
    _refuse_large_mtu(declared, links.get(declared.get("link")), 0)


def _refuse_together(links: Links, relations: Relations) -> None:
    """What several links cannot be beside each other."""
    kinds = {declared.kind for declared in links.values()}
    if not kinds.isdisjoint(UPPERS):
        from netapply.sources import limits_upper

        limits_upper.refuse_siblings(links)
    if "vrf" in kinds:
        from netapply.sources import limits_vrf

        limits_vrf.refuse_vrfs(links, relations)


def _refuse_vxlan(declared: Declared, links: Links, _: Relations) -> None:
    """See drivers/net/vxlan/vxlan_core.c, vxlan_config_validate."""
    remote, local, dev = (declared.get(name) for name in ("remote", "local", "dev"))
    if remote and local and family_of(remote) != family_of(local):
        message = f"cannot send {declared.title} from {local} to {remote}: one is IPv4 and one IPv6"
        raise refusal(f"{message}; use two of one sort", declared.value_at("remote"))
    if local and ip_address(local).is_multicast:
        message = f"cannot send {declared.title} from {local}: that is a multicast group; name an own address"
        raise refusal(message, declared.value_at("local"))
    if remote and ip_address(remote).is_multicast and not dev:
        message = f"cannot send {declared.title} to the group {remote} without a device; add dev"
        raise refusal(message, declared.value_at("remote"))
    if dev:
        _refuse_large_mtu(declared, links.get(dev), _OVERHEAD[family_of(remote or local or "")])


def _refuse_large_mtu(declared: Declared, lower: Declared | None, overhead: int) -> None:
    have = lower.link.mtu if lower is not None else None
    if lower is None or have is None or (declared.link.mtu or 0) <= have - overhead:
        return
    what = f"cannot use an mtu of {declared.link.mtu} for {declared.title}"
    message = f"{what}: {named(lower.name)} below it has {have}"
    raise refusal(f"{message}; use at most {have - overhead}", declared.value_at("mtu"))


_BY_KIND: Final[dict[str, Callable[[Declared, Links, Relations], None]]] = {
    **dict.fromkeys(UPPERS, _refuse_upper),
    "vxlan": _refuse_vxlan,
}


def _refuse_same_vni(links: Links) -> None:
    """One host has one device for a VNI, a port and a family; only link-local tunnels differ by device."""
    first: dict[tuple[int | None, int, str, str], Declared] = {}
    for declared in (item for item in links.values() if item.kind == "vxlan" and not item.get("vnifilter")):
        vni, port = declared.get("vni"), declared.get("port")
        outer = declared.get("remote") or declared.get("local") or "0.0.0.0"
        device = str(declared.get("dev") or "") if ip_address(outer).is_link_local and ":" in outer else ""
        other = first.setdefault((vni, port, family_of(outer), device), declared)
        if other is not declared:
            origin = declared.value_at("vni")
            where = earlier(other.value_at("vni"), origin)
            if vni is None:
                message = f"cannot make {declared.title}: {named(other.name)} is external on port {port} already"
                raise refusal(f"{message} ({where}); choose another port", origin)
            message = f"cannot use vni {vni} for {declared.title}: {named(other.name)} has it on port {port}"
            raise refusal(f"{message} ({where}); choose another vni, or another port", origin)


def follow_the_kernel(desired: Desired) -> None:
    """Wish for what the kernel makes of a wish, where that is something else, and say so in the notes: a plan
    that asked for the impossible would be pending for ever."""
    lift_forward_delays(desired)
    bonds = [link for link in desired.family("link") if link.kind == "bond"]
    if bonds:
        from netapply.kinds.bond_modes import normal

        for bond in bonds:
            for name, value in normal(bond.attributes).items():
                _note(desired, bond, name, f"{value} ms", "the kernel makes it so (mode, and whole steps of miimon)")
                bond.attributes[name] = value


def lift_forward_delays(desired: Desired) -> None:
    """Wish for what the kernel makes of it: with STP a forward delay is at least 2 s, and a plan that
    asked for less would be pending for ever. The reader is told in the notes."""
    for link in desired.family("link"):
        delay = link.attributes.get("forward_delay")
        if link.attributes.get("stp") and delay is not None and delay < _SHORTEST_DELAY:
            link.attributes["forward_delay"] = _SHORTEST_DELAY
            reason = f"with stp the kernel takes no less than {_SHORTEST_DELAY} s"
            _note(desired, link, "forward_delay", f"{_SHORTEST_DELAY} s", reason)


def _note(desired: Desired, link: Resource, attribute: str, value: str, reason: str) -> None:
    where = link.where(attribute) or Origin(desired.source, 1)
    desired.notes.append(f"{where}: {attribute} of {named(link.name)} becomes {value}: {reason}")
