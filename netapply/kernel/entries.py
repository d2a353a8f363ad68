"""Readers and encoders of the families that are read on demand (model.family.Family.on_demand)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from netapply.kernel.fdb import encode_fdb, read_fdb
from netapply.kernel.mdb import encode_mdb, read_mdb
from netapply.kernel.neighbours import encode_neighbour, read_neighbours, read_proxy_neighbours
from netapply.kernel.netlink import Netlink
from netapply.kernel.tc import encode_qdisc, read_qdiscs
from netapply.model.resource import Resource
from netapply.plan.plan import Operation

Reader = Callable[[Netlink, Mapping[int, str], Mapping[str, Resource]], list[Resource]]
"""Reads all of one family: through a socket, with the links' names by index, and the links."""
READERS: Final[dict[str, Reader]] = {
    "fdb": read_fdb,
    "mdb": read_mdb,
    "neighbour": read_neighbours,
    "proxy_neighbour": read_proxy_neighbours,
    "qdisc": read_qdiscs,
}
ENCODERS: Final[dict[str, Callable[[Operation, dict[str, int]], list[bytearray]]]] = {
    "fdb": encode_fdb,
    "mdb": encode_mdb,
    "neighbour": encode_neighbour,
    "proxy_neighbour": encode_neighbour,
    "qdisc": encode_qdisc,
}
