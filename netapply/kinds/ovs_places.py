"""Where Open vSwitch's database holds which attribute, over all kinds and port settings."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from netapply.kinds import CLASSES, link_table
from netapply.model.attribute import Row
from netapply.model.family import table_of_family
from netapply.model.ovs_values import MARK, Column, column, is_ovs


def places() -> Iterator[tuple[str, Column, Row]]:
    """Every attribute that the database holds: the kind (or family) that has it, and where."""
    tables = [(kind, link_table(kind)) for kind in CLASSES if is_ovs(kind)]
    for owner, table in (*tables, ("ovs_port", table_of_family("ovs_port"))):
        for row in table:
            place = column(row.nla.name)
            if place is not None:
                yield owner, place, row


@cache
def reserved(table: str, name: str) -> dict[str, str]:
    """The keys of a map column that have attributes of their own, with what a file writes instead; and
    netapply's mark."""
    own = {
        place.key: f"{row.attribute} of {owner}" for owner, place, row in places()
        if (place.table, place.name) == (table, name) and place.key
    }  # fmt: skip
    return {**own, **({MARK: "netapply's own mark"} if name == "external_ids" else {})}
