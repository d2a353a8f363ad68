"""Operations to the kernel: one group of independent operations in one send."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from netapply.errors import KernelError
from netapply.kernel.addresses import encode_address
from netapply.kernel.detection import await_sources
from netapply.kernel.inet6 import encode_inet6
from netapply.kernel.links import encode_altname, encode_link, read_indexes
from netapply.kernel.netlink import Netlink
from netapply.kernel.routes import encode_route
from netapply.kernel.rules import encode_rule
from netapply.kernel.sysctls import write_sysctl
from netapply.kernel.vnis import encode_vni
from netapply.model.family import HARDWARE
from netapply.model.netfilter import NETFILTER
from netapply.plan.ovs import OVS_PHASES
from netapply.plan.plan import Operation, Verb
from netapply.plan.words import describe


def _encode_port(operation: Operation, indexes: dict[str, int]) -> list[bytearray]:
    from netapply.kernel.bridge_ports import encode_port  # most hosts set nothing of their ports

    return encode_port(operation, indexes)


def _encode_table(operation: Operation, indexes: dict[str, int]) -> list[bytearray]:
    from netapply.kernel.bridge_vlans import encode_table

    return encode_table(operation, indexes)


Encoder = Callable[[Operation, dict[str, int]], list[bytearray]]


def _encode_nexthop(operation: Operation, indexes: dict[str, int]) -> list[bytearray]:
    from netapply.kernel.nexthops import encode_nexthop  # few hosts have nexthop objects

    return encode_nexthop(operation, indexes)


ENCODERS: Final[dict[str, Encoder]] = {
    "link": encode_link, "altname": encode_altname, "address": encode_address, "route": encode_route,
    "rule": encode_rule, "nexthop": _encode_nexthop, "inet6": encode_inet6, "vni": encode_vni,
    "bridge_port": _encode_port, "bridge_vlans": _encode_table,
}  # fmt: skip


class Submitter:
    """Carries out groups of operations through one socket, and keeps the links' indexes."""

    def __init__(self, netlink: Netlink, indexes: dict[str, int]) -> None:
        self._netlink = netlink
        self._indexes = dict(indexes)

    def run(self, group: list[Operation]) -> None:
        """Carry out one group; KernelError for the first operation that the kernel refused.

        After an error any operation of the group may have been carried out, wholly or in part. Parameters of a link
        share their stage with its IPv6 settings, which are messages.
        """
        parameters = [operation for operation in group if operation.key[0] == "sysctl"]
        rest = [operation for operation in group if operation.key[0] != "sysctl"]
        for part in filter(None, (rest, parameters)):
            self._carry_out(part)

    def _carry_out(self, group: list[Operation]) -> None:
        """The operations of a group that take the same way to the kernel."""
        if group[0].phase in OVS_PHASES:
            self._switch(group)
            return
        family = group[0].key[0]
        if family == "sysctl":
            for operation in group:
                _write(operation)
        elif family in NETFILTER:
            _restore(group)
        elif family in ("wireguard", "wireguard_peer"):
            _tell_wireguard(group)
        elif family in HARDWARE:
            self._set_hardware(group)
        else:
            if family == "route" and any(operation.attributes.get("src") for operation in group):
                await_sources(self._netlink, group)
            self._send(group)

    def _set_hardware(self, group: list[Operation]) -> None:
        from netapply.kernel import ethtool  # a file that names no hardware never needs it

        ethtool.write(group, self._indexes)

    def _send(self, group: list[Operation]) -> None:
        for operation in group:
            if operation.kind == "tun" and operation.verb is Verb.CREATE:
                self._make_tun(operation)
        messages: list[bytearray] = []
        owners: list[int] = []
        for number, operation in enumerate(group):
            encoded = self._encode(operation)
            messages += encoded
            owners += [number] * len(encoded)
        refusals = self._netlink.transact(messages)
        if refusals:
            first = refusals[0]
            operation = group[owners[first.number]]
            raise KernelError(describe(operation), first.code, first.ack, _where(operation))
        if any(operation.key[0] == "link" and operation.verb is not Verb.SET for operation in group):
            self._indexes = read_indexes(self._netlink)

    def _switch(self, group: list[Operation]) -> None:
        from netapply.kernel.ovs.service import carry_out  # a host without Open vSwitch never needs it

        carry_out(group)
        self._indexes = read_indexes(self._netlink)

    def _make_tun(self, operation: Operation) -> None:
        """A tun comes to be by another way than netlink, which then finds it there and sets the rest."""
        from netapply.kernel import tuntap  # few hosts have one

        try:
            tuntap.make(operation.key[1], operation.attributes)
        except KernelError as error:
            raise KernelError(error.what, error.code, error.ack, _where(operation)) from None

    def _encode(self, operation: Operation) -> list[bytearray]:
        try:
            return _encoder(operation.key[0])(operation, self._indexes)
        except KeyError as missing:
            raise KernelError(
                f"{describe(operation)}: there is no link {missing}", 19, where=_where(operation)
            ) from None


def _encoder(family: str) -> Encoder:
    if family in ENCODERS:
        return ENCODERS[family]
    from netapply.kernel import entries  # most plans have none

    return entries.ENCODERS[family]


def _write(operation: Operation) -> None:
    try:
        write_sysctl(operation.key[1], operation.attributes["value"])
    except KernelError as error:
        raise KernelError(error.what, error.code, error.ack, _where(operation)) from None


def _restore(group: list[Operation]) -> None:
    from netapply.kernel import netfilter  # a host without rules of netfilter never needs it

    def change(operation: Operation) -> netfilter.NatChange:
        rule = operation.attributes["rule"]
        return netfilter.NatChange(operation.verb.value, operation.key, rule, operation.position, _where(operation))

    netfilter.restore([change(operation) for operation in group])


def _tell_wireguard(group: list[Operation]) -> None:
    from netapply.kernel.wireguard import carry_out  # a host without such links never needs it

    refused = carry_out(group)
    if refused is not None:
        operation, code, ack = refused
        raise KernelError(describe(operation), code, ack, _where(operation))


def _where(operation: Operation) -> str:
    return str(operation.origin) if operation.origin else ""
