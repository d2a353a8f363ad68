"""Duplicate address detection (RFC 4862): a route takes no IPv6 source address before it is done.

The kernel refuses such a route (net/ipv6/route.c, ip6_route_info_create; addrconf.c, ipv6_chk_addr), and an address
that has just been made is under detection for one to two seconds.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Final

from netapply.kernel.addresses import AF_INET6, IFA_ADDRESS, IFA_FLAGS, IFA_LOCAL, IFADDRMSG, SHAPES, U32
from netapply.kernel.netlink import Netlink
from netapply.kernel.wire import message as m
from netapply.kernel.wire.scalar import pack_ip
from netapply.plan.plan import Operation, Verb

IFA_F_DADFAILED, IFA_F_TENTATIVE = 0x08, 0x40
PATIENCE: Final = 5.0
"""Seconds: a random delay of one, one for the probe, and room for links that want three probes. A link without
carrier never ends it; then the kernel's refusal says so."""
PAUSE: Final = 0.05


def await_sources(netlink: Netlink, group: Iterable[Operation]) -> None:
    """Wait until no IPv6 source address of the group's routes is under detection any more."""
    wanted = {
        pack_ip(source)
        for operation in group
        if operation.verb is Verb.CREATE and (source := operation.attributes.get("src")) and ":" in source
    }
    end = time.monotonic() + PATIENCE
    while wanted and wanted & _tentative(netlink) and time.monotonic() < end:
        time.sleep(PAUSE)


def _tentative(netlink: Netlink) -> set[bytes]:
    """Addresses under detection that has not failed yet."""
    found = set()
    for data in netlink.dump(m.RTM_GETADDR, IFADDRMSG.pack(AF_INET6, 0, 0, 0, 0)):
        seen = SHAPES.read(data)
        flags = U32.unpack(seen[IFA_FLAGS])[0]
        if flags & IFA_F_TENTATIVE and not flags & IFA_F_DADFAILED:
            found.add(seen.get(IFA_LOCAL, seen[IFA_ADDRESS]))
    return found
