"""The VLAN tables that files name: `vids`, `pvid`, `untagged` and `tunnel` of a link are one resource."""

from __future__ import annotations

from typing import Final

from netapply.model.resource import Desired, Resource
from netapply.model.vlan_ranges import Texts, minus, union
from netapply.model.vlan_table import ATTRIBUTES, PORT, SELF, table_key
from netapply.sources.declared import Declared, Links
from netapply.sources.relations import Relations
from netapply.sources.wording import named, refusal

_AS_PORT: Final = (*ATTRIBUTES, "bridge_port")


def table_in(declared: Declared) -> Resource | None:
    """What the file says; the plan completes it (plan/vlan_tables), because the default PVID may be the host's."""
    said = [name for name in ATTRIBUTES if declared.get(name) is not None]
    if not said:
        return None
    kind, link = SELF if declared.kind == "bridge" else PORT, declared.link
    table = Resource(table_key(declared.name), kind, origin=declared.at(said[0]))
    table.attributes = {
        "vids": link.vids or (), "pvid": link.pvid, "untagged": link.untagged, "tunnel": link.tunnel or (),
    }  # fmt: skip
    table.origins = {name: declared.at(name) for name in said}
    return table


def refuse_impossible_ports(links: Links, relations: Relations) -> None:
    """InputError for port settings and VLANs where the file itself says that there is no port of a bridge."""
    for declared in links.values():
        said = next((name for name in _AS_PORT if declared.get(name) is not None), None)
        if said is not None:
            _refuse_where_no_port_is(declared, said, links, relations)
            _refuse_lonely_tunnels(declared)
            _refuse_backup(declared, relations)


def _refuse_where_no_port_is(declared: Declared, said: str, links: Links, relations: Relations) -> None:
    if declared.kind == "bridge":
        own = next((name for name in ("bridge_port", "tunnel") if declared.get(name) is not None), None)
        if own is not None:
            message = f"cannot use {own} of {declared.title}: a bridge is no port of a bridge"
            raise refusal(f"{message}; write it at its ports", declared.at(own))
        return
    attachment = relations.masters.get(declared.name)
    if attachment is None:
        return  # it may be a port already, of a bridge that no file names: for the plan to find
    master = links.get(attachment.master or "")
    if attachment.master is None or (master is not None and master.kind not in ("", "bridge")):
        what = f"cannot use {said} of {declared.title}"
        reason = f"its master {attachment.master} is a {master.kind}" if master else "the file says it has no master"
        raise refusal(f"{what}: {reason}; only ports of bridges have that", declared.at(said))


def _refuse_lonely_tunnels(declared: Declared) -> None:
    tunnel: Texts = declared.get("tunnel") or ()
    if not tunnel:
        return
    port = declared.link.bridge_port
    if port is None or not port.vlan_tunnel:
        message = (
            f"cannot use tunnel of {declared.title}: the port maps no VLANs; add bridge_port: {{vlan_tunnel: true}}"
        )
        raise refusal(message, declared.at("tunnel"))
    own = (str(declared.link.pvid),) if declared.link.pvid else ()
    strangers = minus(
        union(item.partition(":")[0] for item in tunnel),
        union(declared.link.vids or (), declared.link.untagged or (), own),
    )
    if strangers:
        message = f"cannot map VLAN {', '.join(strangers)} of {declared.title} to tunnel ids: it is not among its vids"
        raise refusal(f"{message}; add it there", declared.at("tunnel"))


def _refuse_backup(declared: Declared, relations: Relations) -> None:
    port = declared.link.bridge_port
    backup = port.backup_port if port is not None else None
    if backup is None:
        return
    own, other = relations.masters.get(declared.name), relations.masters.get(backup)
    what = f"cannot use {named(backup)} as backup_port of {declared.title}"
    if backup == declared.name:
        raise refusal(f"{what}: that is the port itself; name another port", declared.at("bridge_port"))
    if own is not None and other is not None and own.master != other.master:
        raise refusal(
            f"{what}: that is a port of {other.master}; name a port of {own.master}", declared.at("bridge_port")
        )


def note_tables_without_filtering(desired: Desired) -> None:
    """Tables that do nothing, because their bridge of the file does not filter, are worth a word."""
    for item in desired.family(table_key("")[0]):
        port = desired.link(item.key[1])
        name = item.key[1] if item.kind == SELF else (port.attributes.get("master") if port else None)
        bridge = desired.link(name or "")
        if bridge is not None and bridge.kind == "bridge" and not bridge.attributes.get("vlan_filtering"):
            reason = f"{named(str(name))} does not filter; add vlan_filtering: true"
            desired.notes.append(f"{item.origin}: the VLANs of {named(item.key[1])} have no effect: {reason}")
