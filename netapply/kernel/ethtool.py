"""Settings of drivers and hardware, through ethtool's netlink messages (net/ethtool/, ethtool(8)).

A driver that does not have something answers EOPNOTSUPP, or leaves the attribute out: then there is no
resource, or its attribute is None.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

from netapply.errors import KernelError
from netapply.kernel.bitsets import exactly_bits, read_bits, some_bits
from netapply.kernel.generic_netlink import GenericNetlink, is_unsupported, request
from netapply.kernel.wire import definitions
from netapply.kernel.wire import message as m
from netapply.kernel.wire.definitions import FEATURES, PRIVATE_FLAGS
from netapply.kernel.wire.scalar import SCALARS
from netapply.model.attribute import Value
from netapply.model.family import table_of_family
from netapply.model.features import SHORT, asked_for, members, state_of
from netapply.model.resource import Key, Resource
from netapply.plan.plan import Operation
from netapply.plan.words import describe

FAMILY: Final = "ethtool"
GET: Final = {
    "link_modes": 4, "wol": 9, "features": 11, "private_flags": 13, "rings": 15, "channels": 17, "coalesce": 19,
    "pause": 21, "eee": 23,
}  # fmt: skip
"""ETHTOOL_MSG_*_GET by family of resources; the number after it is that of SET."""
HEADER, DEV_INDEX, HEADER_FLAGS, OMIT_REPLY = 1, 1, 3, 1 << 1
NEGOTIATED: Final = frozenset({"speed", "duplex", "lanes"})
"""What is set only without negotiation; with it, the kernel shows what came out."""
UNKNOWN: Final = {"speed": 2**32 - 1, "duplex": 255}
"""What a device without either shows, and takes back (include/uapi/linux/ethtool.h)."""


class Field(NamedTuple):
    """One attribute of one message."""

    name: str
    number: int
    most: int | None
    """The number of the attribute that tells the driver's maximum."""


@cache
def fields_of(family: str) -> tuple[Field, ...]:
    """What the family's table names, and where the message has it."""
    numbers = vars(definitions)[family.upper()]
    rows = []
    for row in table_of_family(family):
        most = numbers.get(f"{row.nla.name.removesuffix('_COUNT')}_MAX")
        rows.append(Field(row.attribute, numbers[row.nla.name][0], most[0] if most else None))
    return tuple(rows)


def read(keys: Iterable[Key], indexes: Mapping[str, int]) -> list[Resource]:
    """The settings named that the devices have: one send for each sort of them."""
    wanted: dict[str, list[str]] = {}
    for family, link in keys:
        if link in indexes and link not in wanted.setdefault(family, []):
            wanted[family].append(link)
    if not any(wanted.values()):
        return []
    with GenericNetlink() as netlink:
        number = netlink.family(FAMILY)
        if number is None:
            return []
        return [item for family, links in wanted.items() for item in _read(netlink, number, family, links, indexes)]


def _read(
    netlink: GenericNetlink, number: int, family: str, links: Sequence[str], indexes: Mapping[str, int]
) -> Iterable[Resource]:
    questions = [request(number, GET[family], _device(indexes[link], 0)) for link in links]
    answers = netlink.ask(questions) if questions else None
    for place, link in enumerate(links):
        refusal = answers.refused.get(place) if answers else None
        if refusal is not None and not is_unsupported(refusal):
            raise KernelError(f"read the {family.replace('_', ' ')} of {link}", refusal.code, refusal.ack)
        if answers is not None and refusal is None:
            data = answers.said[place]
            yield _resource(family, link, dict(m.attributes(data, 0, len(data))))


def _device(index: int, flags: int) -> bytes:
    inside = m.attribute(DEV_INDEX, struct.pack("=I", index))
    return m.nested(HEADER, inside + (m.attribute(HEADER_FLAGS, struct.pack("=I", flags)) if flags else b""))


def _resource(family: str, link: str, seen: dict[int, bytes]) -> Resource:
    resource = Resource((family, link), family)
    if family == "features":
        _read_features(resource, seen)
    elif family == "private_flags":
        resource.attributes |= read_bits(seen.get(PRIVATE_FLAGS["ETHTOOL_A_PRIVFLAGS_FLAGS"][0], b""))
    else:
        _read_fields(resource, seen)
    return resource


def _read_features(resource: Resource, seen: dict[int, bytes]) -> None:
    """What can be changed are attributes; what cannot is a fact."""
    changeable, wanted, active, never = (
        read_bits(seen.get(FEATURES[f"ETHTOOL_A_FEATURES_{name}"][0], b""))
        for name in ("HW", "WANTED", "ACTIVE", "NOCHANGE")
    )
    fixed = {}
    for name, is_changeable in changeable.items():
        if is_changeable and name not in never:
            resource.attributes[name] = state_of(name in wanted, name in active)
        else:
            fixed[name] = name in active
    resource.facts["fixed"] = fixed


def _read_fields(resource: Resource, seen: dict[int, bytes]) -> None:
    most: dict[str, int] = {}
    for row, place in zip(table_of_family(resource.family), fields_of(resource.family), strict=True):
        if row.nla.form:
            bits = read_bits(seen.get(place.number, b""))
            value: Value = tuple(sorted(name for name, on in bits.items() if on))
            resource.facts[f"{row.attribute}_known"] = sorted(bits)
        else:
            value = _number(resource.family, row.nla.name, place.number, seen)
            value = None if value is None else row.nla.unit.from_wire(value)
        resource.attributes[row.attribute] = value
        if place.most in seen:
            most[row.attribute] = struct.unpack("=I", seen[place.most])[0]
    if most:
        resource.facts["most"] = most
    if resource.family == "link_modes":
        _leave_out_what_came_out(resource.attributes)


def _number(family: str, name: str, number: int, seen: dict[int, bytes]) -> int | None:
    kind = vars(definitions)[family.upper()][name][1]
    return None if number not in seen else int(SCALARS[kind][1](seen[number]))


def _leave_out_what_came_out(attributes: dict[str, Value]) -> None:
    """Speed and duplex are settings without negotiation, and what is offered is one with it."""
    for name in NEGOTIATED if attributes["autoneg"] else ("advertise",):
        attributes[name] = None
    for name, nothing in UNKNOWN.items():
        attributes[name] = None if attributes[name] == nothing else attributes[name]


def write(operations: Sequence[Operation], indexes: Mapping[str, int]) -> None:
    """Set what each operation names; KernelError for the first that the kernel or the driver refuses."""
    with GenericNetlink() as netlink:
        number = netlink.family(FAMILY)
        if number is None:
            raise KernelError(f"{describe(operations[0])}: this kernel has no ethtool netlink", 95)
        for operation in operations:
            if operation.key[0] == "features" and not SHORT.keys().isdisjoint(operation.attributes):
                operation.attributes = _in_full(netlink, number, operation, indexes)
        refusals = netlink.transact([encode(number, operation, indexes) for operation in operations])
    if refusals:
        operation = operations[refusals[0].number]
        where = str(operation.origin) if operation.origin else ""
        raise KernelError(describe(operation), refusals[0].code, refusals[0].ack, where)


def _in_full(
    netlink: GenericNetlink, number: int, operation: Operation, indexes: Mapping[str, int]
) -> dict[str, Value]:
    """The kernel's names in place of short ones, for a link that was not there when the plan was made."""
    (seen,) = _read(netlink, number, "features", [operation.key[1]], indexes)
    named = {name: members(name, seen.attributes) for name in operation.attributes}
    return {each: operation.attributes[name] for name, full in named.items() for each in full}


def encode(number: int, operation: Operation, indexes: Mapping[str, int]) -> bytearray:
    """The message of one operation."""
    family, link = operation.key
    body = _device(indexes[link], OMIT_REPLY) + _body(family, operation.attributes)
    return request(number, GET[family] + 1, body)


def _body(family: str, attributes: Mapping[str, Any]) -> bytes:
    if family == "features":
        bits = some_bits({name: asked_for(value) for name, value in attributes.items()})
        return m.nested(FEATURES["ETHTOOL_A_FEATURES_WANTED"][0], bits)
    if family == "private_flags":
        return m.nested(PRIVATE_FLAGS["ETHTOOL_A_PRIVFLAGS_FLAGS"][0], some_bits(attributes))
    unsaid = NEGOTIATED if attributes.get("autoneg") else frozenset()
    said = {name: UNKNOWN.get(name) if value is None else value for name, value in attributes.items()}
    said = {name: value for name, value in said.items() if value is not None and name not in unsaid}
    return b"".join(_packed(family, name, value) for name, value in said.items())


def _packed(family: str, name: str, value: Value) -> bytes:
    row = table_of_family(family).get(name)
    if row is None:
        raise KeyError(f"{family} has no attribute {name}")
    number, kind = vars(definitions)[family.upper()][row.nla.name]
    if row.nla.form:
        return m.nested(number, exactly_bits(value))
    return m.attribute(number, SCALARS[kind][0](row.nla.unit.to_wire(value)))
