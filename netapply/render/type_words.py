"""A field's type in words, for the reference: `link name`, `number 1 to 4094`, `list of addresses`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, BeforeValidator, JsonValue
from pydantic.fields import FieldInfo
from typing_extensions import is_typeddict

from netapply.kinds import macsec, vrf
from netapply.model import (
    address_wish,
    bridge_values,
    encap,
    filter_values,
    link_settings,
    mapping,
    nat_values,
    route,
    route_metrics,
    rule_values,
    sysctl,
    tunnel,
    values,
    vlan_ranges,
    vni,
    wireguard,
)
from netapply.model.address_item import ItemSchema
from netapply.model.later import Later

WORDS: Final[dict[Callable[..., Any], str]] = {
    values.link_name: "link name",
    values.alternative_name: "name",
    values.alias_text: "text",
    values.mac_address: "MAC address",
    values.whole_seconds: "duration (s)",
    values.ip_address: "IP address",
    values.interface_address: "address/length",
    values.network: "network",
    values.address_with_prefix: "address/length",
    address_wish.lifetime: "duration (s), or `forever`",
    address_wish.address_scope: "scope",
    address_wish.broadcast_address: "IP address, or `auto`",
    address_wish.label_text: "text",
    bridge_values.fine_seconds: "duration (s)",
    bridge_values.groups_of_bridge: "number",
    bridge_values.groups_of_port: "number",
    bridge_values.group_address: "MAC address",
    vlan_ranges.vlan_ids: "VLAN id, range, or list",
    vlan_ranges.tunnel_ids: "mapping of VLAN ids to tunnel ids",
    route.table_number: "table",
    rule_values.protocol_number: "number or name",
    rule_values.port_range: "port or range",
    rule_values.uid_range: "number or range",
    route_metrics.realm_text: "realm",
    link_settings.accept_ra_number: "`false` | `true` | `always`",
    encap.encap_text: "words of ip-route(8)",
    sysctl.link_sysctl: "parameter",
    sysctl.sysctl_path: "parameter",
    sysctl.sysctl_value: "value",
    mapping.ingress_map: "mapping of number 0 to 7 to number",
    mapping.egress_map: "mapping of number to number 0 to 7",
    vrf.vrf_table: "table or auto",
    nat_values.prefix: "network or any",
    nat_values.hosts: "address or range",
    nat_values.target: "address, or address:port",
    nat_values.interface: "link name",
    nat_values.port_range: "port or range",
    nat_values.port_list: "port, range, or list",
    filter_values.states: "state or list",
    filter_values.network_or_link: "network or link name",
    macsec.channel: "16 hexadecimal digits",
    vni.vni_range: "VNI or range",
    wireguard.public_key: "public key",
    wireguard.digest: "digest",
    wireguard.key_file: "path",
    wireguard.endpoint: "address:port",
    tunnel.inet_address: "IPv4 address",
    tunnel.peer_address: "IPv4 address",
    tunnel.inet6_address: "IPv6 address",
}
"""What the checks of the model accept."""
PLAIN: Final = {bool: "true, false", int: "number", float: "number", str: "text", NoneType: "null"}


def type_words(annotation: Any) -> str:
    """The words for an annotation; None among the choices is left out, as it only says "not given"."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is JsonValue:
        return "any"
    if origin is Annotated:
        return field_words(arguments[0], arguments[1:])
    if origin in (Union, UnionType):
        return " or ".join(type_words(one) for one in arguments if one is not NoneType)
    if origin is Literal:
        return " | ".join(f"`{one}`" for one in arguments)
    return _container(annotation, origin, arguments)


def field_words(annotation: Any, marks: Sequence[Any]) -> str:
    """The words for a type and what `Annotated` says of it."""
    for mark in marks:
        if isinstance(mark, Later):
            return "mapping, see below"
        if isinstance(mark, BeforeValidator) and mark.func in WORDS:
            return WORDS[mark.func] + bounds(marks)
        if isinstance(mark, FieldInfo) and isinstance(mark.json_schema_extra, dict):
            return " | ".join(f"`{one}`" for one in _listed(mark.json_schema_extra["enum"]))
    if any(isinstance(mark, type) and mark is ItemSchema for mark in marks):
        return "address/length, or mapping, see below"
    inside = [part for mark in marks if isinstance(mark, FieldInfo) for part in mark.metadata]
    return type_words(annotation) + bounds([*marks, *inside])


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _container(annotation: Any, origin: Any, arguments: tuple[Any, ...]) -> str:
    if origin in (list, tuple):
        return f"list of {type_words(arguments[0])}"
    if origin is dict:
        return f"mapping of {type_words(arguments[0])} to {type_words(arguments[1])}"
    if is_typeddict(annotation):
        return f"[{_shown(annotation)}](#{_shown(annotation)})"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "mapping, see below"
    return PLAIN.get(annotation, "")


def _shown(described: type) -> str:
    return described.__name__.removesuffix("Document").lower()


def bounds(marks: Sequence[Any]) -> str:
    """` 1 to 4094`, from the limits among the marks of a field; empty where there are none."""
    low = next((_number(mark.ge) for mark in marks if isinstance(mark, Ge)), None)
    low = next((_number(mark.gt) + 1 for mark in marks if isinstance(mark, Gt)), low)
    high = next((_number(mark.le) for mark in marks if isinstance(mark, Le)), None)
    high = next((_number(mark.lt) - 1 for mark in marks if isinstance(mark, Lt)), high)
    if low is None:
        return ""
    return f" from {low}" if high is None else f" {low} to {high}"


def _number(limit: Any) -> int:
    return int(limit)
