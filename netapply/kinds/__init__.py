"""Every device kind that netapply knows, each one attribute table in one file."""

from __future__ import annotations

from typing import Final

from netapply.kinds.bridge import Bridge
from netapply.kinds.macvlan import Macvlan
from netapply.kinds.physical import Physical
from netapply.kinds.veth import Veth
from netapply.kinds.vxlan import Vxlan
from netapply.model.attribute import Table, table_of
from netapply.model.link import Link

KINDS: Final[tuple[type[Link], ...]] = (Bridge, Macvlan, Physical, Veth, Vxlan)
KIND_OF: Final[dict[str, type[Link]]] = {kind.kind: kind for kind in KINDS}


def link_table(kind: str) -> Table:
    """The attributes of a kind; those of every link for a kind that netapply does not know (`tun`)."""
    return table_of(KIND_OF.get(kind, Link))


__all__ = ["KINDS", "KIND_OF", "Bridge", "Link", "Macvlan", "Physical", "Veth", "Vxlan", "link_table"]
