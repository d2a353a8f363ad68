"""What the kernel refuses of VRFs (drivers/net/vrf.c), found in the file."""

from __future__ import annotations

from netapply.sources.declared import Declared, Links, earlier
from netapply.sources.relations import Relations
from netapply.sources.wording import named, refusal


def refuse_vrfs(links: Links, relations: Relations) -> None:
    """InputError for the first VRF that is a port itself, or shares its table with another."""
    first: dict[int, Declared] = {}
    for declared in (item for item in links.values() if item.kind == "vrf"):
        attachment = relations.masters.get(declared.name)
        if attachment is not None and attachment.master is not None:
            message = f"cannot make {declared.title} a port of {attachment.master}: a VRF can be a port of nothing"
            raise refusal(f"{message}; make its ports those of {attachment.master}", attachment.origin)
        table = declared.get("table")
        other = first.setdefault(table, declared) if table != "auto" else declared
        if other is not declared:
            where = earlier(other.value_at("table"), declared.value_at("table"))
            message = f"cannot use table {table} for {declared.title}: {named(other.name)} has it ({where})"
            raise refusal(f"{message}; choose another table, or auto", declared.value_at("table"))
