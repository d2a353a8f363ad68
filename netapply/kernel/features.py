"""What this kernel can do, asked without changing anything."""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from netapply.errors import MissingError, PrivilegeError
from netapply.kernel.links import IFINFOMSG, IFLA_IFNAME, IFLA_LINKINFO, INFO_DATA, INFO_KIND
from netapply.kernel.netlink import Netlink
from netapply.kernel.sysctls import exists
from netapply.kernel.wire import message as m
from netapply.kernel.wire.definitions import BRIDGE, LINK
from netapply.kinds import link_table
from netapply.model.netfilter import NETFILTER
from netapply.model.resource import Resource
from netapply.model.sysctl import device_of
from netapply.plan.plan import Operation, Plan, Verb
from netapply.plan.words import describe

TOO_MANY_QUEUES: Final = 5000
"""More than the kernel allows (net/core/rtnetlink.c, rtnl_create_link: 4096): refused, but only after
the kind has been looked up, so that the error tells whether the kind is there."""
CAP_NET_ADMIN: Final = 12


def require_privilege() -> None:
    """Raise PrivilegeError unless the process may change the network (capabilities(7))."""
    with Path("/proc/self/status").open() as status:
        effective = next(line.split()[1] for line in status if line.startswith("CapEff"))
    if not int(effective, 16) >> CAP_NET_ADMIN & 1:
        raise PrivilegeError(
            f"cannot change the network as user {os.getuid()}: CAP_NET_ADMIN is needed; run as root, or with sudo"
        )


def require_features(netlink: Netlink, plan: Plan, present: Iterable[str]) -> None:
    """Raise MissingError naming the first thing that the plan needs and this kernel lacks.

    `present` are the kinds of links that exist, and so need no question.
    """
    known = set(present)
    for operation in plan.operations:
        if operation.verb is Verb.CREATE and operation.key[0] == "link" and operation.kind not in known:
            _require_kind(netlink, operation)
            known.add(operation.kind)
        elif operation.key[0] == "sysctl":
            _require_parameter(operation)
        elif operation.key[0] == "address" and ":" in operation.key[2] and not exists("net/ipv6"):
            raise MissingError(f"cannot add {operation.key[2]}: this kernel runs without IPv6{_at(operation)}")
    _require_bridge_vlans(netlink, plan)
    _require_netfilter(plan)


def _require_bridge_vlans(netlink: Netlink, plan: Plan) -> None:
    """A kernel that is built with them looks at the protocol, and refuses an unknown one, before it looks at
    anything else (net/bridge/br_netlink.c, br_validate)."""
    asking = next((operation for operation in plan.operations if _is_about_bridge_vlans(operation)), None)
    if asking is None:
        return
    unknown = m.attribute(BRIDGE["IFLA_BR_VLAN_PROTOCOL"][0], struct.pack("=H", 1))
    if errno.EPROTONOSUPPORT not in _refusals(netlink, "bridge", m.nested(INFO_DATA, unknown)):
        raise MissingError(
            f"cannot {describe(asking)}: this kernel is built without VLANs of bridges "
            f"(CONFIG_BRIDGE_VLAN_FILTERING){_at(asking)}"
        )


def _is_about_bridge_vlans(operation: Operation) -> bool:
    if operation.key[0] == "bridge_vlans":
        return True
    if operation.key[0] != "link" or operation.kind != "bridge" or operation.verb is Verb.DELETE:
        return False
    from netapply.kinds.bridge_vlans import BridgeVlans  # there is a bridge, so it is imported

    rows = link_table("bridge").rows
    named = operation.attributes.keys() & BridgeVlans.__annotations__.keys()
    return any(operation.attributes[name] != rows[name].nla.default for name in named)


def _require_netfilter(plan: Plan) -> None:
    rules = [
        Resource(operation.key, operation.kind, operation.attributes)
        for operation in plan.operations if operation.key[0] in NETFILTER and operation.verb is Verb.CREATE
    ]  # fmt: skip
    if not rules:
        return
    from netapply.kernel import netfilter

    reason = netfilter.missing(rules)
    if reason:
        raise MissingError(reason)


def _require_kind(netlink: Netlink, operation: Operation) -> None:
    if operation.kind == "tun":
        from netapply.kernel import tuntap

        if tuntap.is_missing():
            raise MissingError(
                f"cannot make tun {operation.key[1]}: {tuntap.DEVICE} cannot be opened (module tun not built or not "
                f"loadable, or the device file is missing){_at(operation)}"
            )
        return
    if errno.EOPNOTSUPP in _refusals(netlink, operation.kind):
        raise MissingError(
            f"cannot make {operation.kind} {operation.key[1]}: this kernel has no links of kind {operation.kind} "
            f"(module not built or not loadable){_at(operation)}"
        )


def _refusals(netlink: Netlink, kind: str, data: bytes = b"") -> set[int]:
    """Why a link of this kind, which no kernel makes, is refused."""
    body = IFINFOMSG.pack(0, 0, 0, 0, 0) + m.attribute(IFLA_IFNAME, b"netapply-probe\0")
    body += m.attribute(LINK["IFLA_NUM_TX_QUEUES"][0], struct.pack("=I", TOO_MANY_QUEUES))
    body += m.nested(IFLA_LINKINFO, m.attribute(INFO_KIND, kind.encode()) + data)
    return {
        refusal.code for refusal in netlink.transact([m.message(m.RTM_NEWLINK, m.NLM_F_CREATE | m.NLM_F_EXCL, body)])
    }


def _require_parameter(operation: Operation) -> None:
    path = operation.key[1]
    device = device_of(path)
    if not exists(path) and not (device and exists(path.replace(f"/{device}/", "/default/"))):
        name = path.replace("/", ".") if device is None or "." not in device else path
        raise MissingError(f"cannot set {name}: this kernel has no such parameter{_at(operation)}")


def _at(operation: Operation) -> str:
    return f"; {operation.origin}" if operation.origin else ""
