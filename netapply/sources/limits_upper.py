"""What the kernel refuses of links that stand on another: VLANs, macvlans, macvtaps, ipvlans."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from netapply.sources.declared import Declared, Links, earlier
from netapply.sources.relations import Relations
from netapply.sources.wording import named, refusal

DRIVER: Final = {"macvlan": "macvlan", "macvtap": "macvlan", "ipvlan": "ipvlan"}
"""Kinds that take all frames of their lower device, by the driver that does so: a device has one such user."""


def refuse_vlan(declared: Declared, links: Links, _: Relations) -> None:
    """See net/8021q/vlan.c (vlan_check_real_dev) and vlan_dev.c (vlan_dev_open)."""
    lower, origin = next(declared.lowers())
    what = f"cannot put {declared.title} on {named(lower)}"
    if lower == "lo":
        raise refusal(f"{what}: the loopback carries no VLANs; name another device", origin)
    below = links.get(lower)
    loose = bool(declared.get("loose_binding"))
    if below is not None and declared.link.up and not below.link.up and not loose:
        advice = f"write up: false here as well, or take {named(lower)} up"
        message = f"cannot take {declared.title} up: {named(lower)} below it is down ({_place(below, declared, 'up')})"
        raise refusal(f"{message}; {advice}", declared.at("up"))


def refuse_macvlan(declared: Declared, links: Links, relations: Relations) -> None:
    """Its lower device has one user only (drivers/net/macvlan.c, macvlan_common_newlink)."""
    lower, origin = next(declared.lowers())
    _refuse_port(declared, relations)
    below = links.get(lower)
    if below is not None and DRIVER.get(below.kind) == DRIVER[declared.kind]:
        right = below.get("link")
        what = f"cannot put {declared.title} on {named(lower)}"
        reason = f"that is {'an' if below.kind == 'ipvlan' else 'a'} {below.kind} itself"
        raise refusal(f"{what}: {reason}, and the kernel would take {right} in its place; write {right}", origin)
    if lower == "lo":
        what = f"cannot put {declared.title} on {named(lower)}"
        raise refusal(f"{what}: the loopback carries no {declared.kind}; name another device", origin)
    if below is not None and below.kind == "vrf":
        message = f"cannot put {declared.title} on {named(lower)}: a VRF carries no {declared.kind}"
        raise refusal(f"{message}; put it on a port of it", origin)


def _refuse_port(declared: Declared, relations: Relations) -> None:
    """A bridge takes all frames of its ports; a VRF takes none."""
    lower, origin = next(declared.lowers())
    attachment = relations.masters.get(lower)
    if attachment is None or attachment.master is None or attachment.kind == "vrf":
        return
    where = earlier(attachment.origin, origin)
    reason = f"that is a port of {attachment.master} ({where}), and the kernel lets only one have it"
    message = f"cannot put {declared.title} on {named(lower)}: {reason}"
    raise refusal(f"{message}; put it on {attachment.master}", origin)


def refuse_siblings(links: Links) -> None:
    """What two links on the same lower device cannot both be."""
    first: dict[tuple[object, ...], Declared] = {}
    for declared in links.values():
        for key, reason, advice, attribute in _claims(declared):
            other = first.setdefault(key[:-1], declared)
            if other is not declared and (key[-1] is None or _claim_of(other, key[:-1]) != key[-1]):
                title = f"{declared.title} on {named(declared.get('link'))}"
                where = _place(other, declared, attribute)
                message = f"cannot put {title}: {other.title} {reason} ({where})"
                raise refusal(f"{message}; {advice}", declared.value_at(attribute))


def _claims(declared: Declared) -> Iterator[tuple[tuple[object, ...], str, str, str]]:
    """What a link claims of its lower device: claim and value (None: it is for one alone), and the words."""
    lower, kind = declared.get("link"), declared.kind
    if kind == "vlan":
        protocol, vid = declared.get("protocol") or "802.1q", declared.get("id")
        yield ("vlan", lower, protocol, vid, None), f"has id {vid} there already", "choose another id", "id"
    if kind in DRIVER:
        advice = "use the same kind for both, or another device"
        yield (
            ("user", lower, DRIVER[kind]),
            "has that device already, and the kernel lets only one have it",
            advice,
            "link",
        )
    if kind == "ipvlan" and declared.names("mode"):
        mode = declared.get("mode")
        yield ("mode", lower, mode), "has another mode, and they share it", "give both the same mode", "mode"
    if DRIVER.get(kind) == "macvlan":
        alone = declared.get("mode") == "passthru"
        advice = "choose another mode, or another device"
        yield ("alone", lower, alone), "is on it in another mode, and passthru is for one alone", advice, "mode"
        if alone:
            yield ("passthru", lower, None), "passes through to it already, which is for one alone", advice, "mode"


def _claim_of(declared: Declared, claim: tuple[object, ...]) -> object:
    return next((key[-1] for key, *_ in _claims(declared) if key[:-1] == claim), None)


def _place(other: Declared, declared: Declared, attribute: str) -> str:
    return earlier(other.at(attribute), declared.at(attribute))
