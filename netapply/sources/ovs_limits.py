"""What Open vSwitch is known to refuse or to ignore, found before anything is touched."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel

from netapply.model.attribute import table_of
from netapply.model.ovs_values import MARK, column, is_ovs
from netapply.sources.declared import Declared, Links
from netapply.sources.relations import Relations
from netapply.sources.wording import named, refusal

OF_DEVICES: Final = ("altnames", "addresses", "sysctl")
"""What only a device in the kernel can have, beside the attributes that `Link.lacks` refuses."""
OWNERS: Final = ("ovs-bridge", "ovs-bond")


def refuse_impossible_ovs(declared: Declared, links: Links, relations: Relations) -> None:
    """InputError where Open vSwitch could not make the link, or set it, as the file wants it."""
    if is_ovs(declared.kind) or declared.link.ovs_port is not None:
        _refuse_hidden_words(declared)
    attachment = relations.masters.get(declared.name)
    master = links.get(attachment.master) if attachment and attachment.master else None
    if is_ovs(declared.kind):
        _refuse_without_device(declared)
        if declared.kind != "ovs-bridge":
            _refuse_without_bridge(declared, relations, master)
    if declared.kind == "ovs-bond":
        _refuse_small_bond(declared, relations)
    if declared.kind == "ovs-patch":
        _refuse_loose_end(declared, links)
    if master is not None and master.kind in OWNERS:
        _refuse_port(declared, master, relations)
    if declared.link.ovs_port is not None:
        _refuse_settings(declared, relations, master)


def _refuse_hidden_words(declared: Declared) -> None:
    """Words of a map that have attributes of their own are written and read as those."""
    from netapply.kinds.ovs_places import reserved  # brings in every kind of Open vSwitch

    for part, where in ((declared.link, ""), (declared.link.ovs_port, "ovs_port")):
        for row in table_of(type(part)) if isinstance(part, BaseModel) else ():
            place = column(row.nla.name)
            words = (getattr(part, row.attribute) or ()) if place is not None and row.nla.form == "map" else ()
            for key in (word.partition("=")[0] for word in words):
                known = reserved(place.table, place.name).get(key) if place else None
                if known:
                    message = f"cannot use {key} in {row.attribute} of {declared.title}: that is {known}"
                    advice = "choose another word" if key == MARK else "write it there, or remove it"
                    raise refusal(f"{message}; {advice}", declared.at(where or row.attribute))


def _refuse_without_device(declared: Declared) -> None:
    """A port that is only in the database."""
    if declared.link.device:
        return
    for name in OF_DEVICES:
        if declared.names(name):
            message = f"cannot use {name} of {declared.title}: there is no such device in the kernel"
            raise refusal(f"{message}; write it at its ports or at an ovs-internal", declared.at(name))
    if not declared.link.up:
        message = f"cannot take {declared.title} down: there is no such device in the kernel"
        raise refusal(f"{message}; take its ports down", declared.at("up"))


def _refuse_without_bridge(declared: Declared, relations: Relations, master: Declared | None) -> None:
    attachment = relations.masters.get(declared.name)
    what = f"cannot make {declared.title}"
    if attachment is None or attachment.master is None:
        origin = attachment.origin if attachment else declared.key
        raise refusal(f"{what}: it is a port of an Open vSwitch bridge; add master, or name it there", origin)
    if master is not None and master.kind and master.kind != "ovs-bridge":
        message = f"{what}: {named(master.name)} is no Open vSwitch bridge, and nothing else takes it"
        raise refusal(f"{message}; name an ovs-bridge", attachment.origin)


def _refuse_small_bond(declared: Declared, relations: Relations) -> None:
    ports = [port for port, attachment in relations.masters.items() if attachment.master == declared.name]
    if len(ports) < 2:
        have = f"it has only {named(ports[0])}" if ports else "it has no ports"
        message = f"cannot make {declared.title}: {have}, and a bond needs two or more"
        raise refusal(f"{message}; name them, or make the one a port of the bridge itself", declared.at("ports"))
    primary = declared.get("primary")
    if primary is not None and primary not in ports:
        message = f"cannot use {primary} as primary of {declared.title}: it is none of its ports"
        raise refusal(f"{message}; choose one of {', '.join(map(named, ports))}", declared.at("primary"))


def _refuse_loose_end(declared: Declared, links: Links) -> None:
    """Open vSwitch passes nothing through a patch port whose other end does not name it."""
    peer = declared.get("patch_peer")
    other = links.get(peer)
    if other is None or other.get("patch_peer") != declared.name:
        what = f"cannot make {declared.title}: {named(peer)} is no ovs-patch that names it as its patch_peer"
        raise refusal(f"{what}; describe both ends", declared.at("patch_peer"))


def _refuse_port(declared: Declared, master: Declared, relations: Relations) -> None:
    """A bond takes devices; no bridge is a port, of either sort."""
    origin = relations.masters[declared.name].origin
    what = f"cannot make {declared.title} a port of {master.title}"
    if declared.kind in ("bridge", "ovs-bridge"):
        advice = "a pair of ovs-patch" if declared.kind == "ovs-bridge" else "a veth pair"
        raise refusal(f"{what}: a bridge is a port of nothing; join them by {advice}", origin)
    if master.kind == "ovs-bond" and is_ovs(declared.kind):
        raise refusal(f"{what}: it bonds devices; make it a port of the bridge", origin)


def _refuse_settings(declared: Declared, relations: Relations, master: Declared | None) -> None:
    """VLANs are a port's; of a bond they are written at the bond."""
    if declared.kind == "ovs-bridge":
        return
    attachment = relations.masters.get(declared.name)
    what = f"cannot use ovs_port of {declared.title}"
    if attachment is None or attachment.master is None:
        raise refusal(f"{what}: it is a port of no Open vSwitch bridge; add master", declared.at("ovs_port"))
    if master is not None and master.kind == "ovs-bond":
        message = f"{what}: it is one of the ports of {master.title}, which has the VLANs"
        raise refusal(f"{message}; write them there", declared.at("ovs_port"))
    if master is not None and master.kind and master.kind != "ovs-bridge":
        message = f"{what}: it is a port of {master.title}, which is no Open vSwitch bridge"
        raise refusal(f"{message}; remove it", declared.at("ovs_port"))
