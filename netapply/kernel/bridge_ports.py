"""What links are set to as ports of bridges: read from the link dump itself, written as IFLA_INFO_SLAVE_DATA."""

from __future__ import annotations

from functools import cache
from typing import Final

from netapply.kernel.link_codec import LinkCodec
from netapply.kernel.links import IFINFOMSG, IFLA_LINKINFO
from netapply.kernel.wire import message as m
from netapply.kernel.wire.definitions import BRIDGE_PORT, INFO
from netapply.kernel.wire.shape import Shapes
from netapply.model.attribute import LINK as REFERENCE
from netapply.model.attribute import UNSET, Value, table_of
from netapply.model.bridge_port import BridgePort
from netapply.model.resource import Resource
from netapply.plan.plan import Operation

FAMILY: Final = "bridge_port"
KIND: Final = b"bridge"
SLAVE_KIND, SLAVE_DATA = INFO["IFLA_INFO_SLAVE_KIND"][0], INFO["IFLA_INFO_SLAVE_DATA"][0]


@cache
def port_codec() -> LinkCodec:
    """The codec of the one table that all ports have."""
    codec, table = LinkCodec(FAMILY), table_of(BridgePort)
    for row in table:
        codec.add(row, BRIDGE_PORT, data=True)
    codec.references = tuple(row.attribute for row in table if row.nla.unit is REFERENCE)
    codec.absent = {row.attribute: None if row.nla.default is UNSET else row.nla.default for row in table}
    codec.shapes = Shapes(wanted=codec.data.keys())
    return codec


def read_port(link: str, data: bytes) -> Resource:
    """The settings in IFLA_INFO_SLAVE_DATA; references are indexes still."""
    codec = port_codec()
    attributes: dict[str, Value] = dict(codec.absent)
    for number, payload in codec.shapes.read(data).items():
        name, unpack, from_wire = codec.data[number]
        attributes[name] = from_wire(unpack(payload))
    return Resource((FAMILY, link), FAMILY, attributes)


def encode_port(operation: Operation, indexes: dict[str, int]) -> list[bytearray]:
    """One message with all that is to be set."""
    writers = port_codec().writers
    data = b"".join(writers[name].packed(value, indexes) for name, value in operation.attributes.items())
    inside = m.attribute(SLAVE_KIND, KIND) + m.nested(SLAVE_DATA, data)
    header = IFINFOMSG.pack(0, 0, indexes[operation.key[1]], 0, 0)
    return [m.message(m.RTM_NEWLINK, 0, header + m.nested(IFLA_LINKINFO, inside))]
