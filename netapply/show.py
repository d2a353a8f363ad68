"""The observed state as a document in the native format: applying it changes nothing. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from netapply.kinds import KIND_OF, governed, link_table
from netapply.model.address_wish import said_of
from netapply.model.addressing import is_static
from netapply.model.attribute import UNSET
from netapply.model.fallback import FALLBACKS
from netapply.model.family import FAMILIES, link_of, model_of, table_of_family
from netapply.model.filter_words import entries_of
from netapply.model.nat_words import entry_of
from netapply.model.netfilter import NETFILTER, is_nftables, twin
from netapply.model.owned import Owned
from netapply.model.part import Part
from netapply.model.resource import Key, Resource, State
from netapply.model.routing import ANY, DYNAMIC, METRIC_IPV6, OUTCOMES, PROTOCOL, SELECTORS, TABLES, Nexthop
from netapply.model.vlan_table import FAMILY as VLANS
from netapply.model.vlan_table import said_of_table

TABLE_WORDS = {number: word for word, number in TABLES.items()}
RULE_WORDS = {"src": "from", "dst": "to", "invert": "not"}
KERNEL_PROTOCOL = 2


def document(observed: State, owned: Owned | None = None) -> dict[str, Any]:
    """Everything observed that a file can say; with `owned`, only what netapply made."""
    state = [item for item in observed if owned is None or owned.has(item)]
    parts: dict[str, Any] = {
        "links": _links(state),
        "nexthops": [_nexthop(item) for item in _family(state, "nexthop") if _is_file_nexthop(item)],
        "routes": [_route(item) for item in _family(state, "route") if _is_file_route(item)],
        "rules": [_rule(item) for item in _family(state, "rule") if item.attributes["protocol"] != KERNEL_PROTOCOL],
        "sysctl": {item.name: item.attributes["value"] for item in _family(state, "sysctl")},
        **_netfilter([item.key for item in state if item.family in NETFILTER]),
    }
    return {"version": 1, **{name: part for name, part in parts.items() if part}}


def _netfilter(keys: list[Key]) -> dict[str, Any]:
    """The rules of NAT and filter; what both backends hold, as one where it would be left."""
    present = dict.fromkeys(key[:5] for key in keys)
    moved = any(is_nftables(key) for key in present)
    once = [key for key in present if is_nftables(key) or not moved or twin(key) not in present]
    return {
        "nat_backend": "nftables" if moved else "",
        "nat": [entry_of(key) for key in once if key[0] == "nat"],
        "filter": entries_of(key for key in once if key[0] == "filter"),
    }


def _family(state: Iterable[Resource], family: str) -> Iterable[Resource]:
    return (item for item in state if item.family == family)


def _links(state: list[Resource]) -> dict[str, Any]:
    links: dict[str, dict[str, Any]] = {}
    masters = {link.name: link for link in _family(state, "link")}
    for link in _family(state, "link"):
        if link.name not in FALLBACKS or link.attributes["up"]:
            links[link.name] = _link(link, governed(masters.get(link.attributes.get("master") or "")))
    for item in state:
        if item.family == "address" and _is_file_address(item) and item.key[1] in links:
            said = said_of(item)
            links[item.key[1]].setdefault("addresses", []).append(said if len(said) > 1 else item.name)
        elif item.family == "altname" and item.key[1] in links:
            links[item.key[1]].setdefault("altnames", []).append(item.name)
        elif item.family in SETTINGS and item.key[1] in links:
            links[item.key[1]] |= SETTINGS[item.family](item)
        elif FAMILIES[item.family].field and link_of(item.key) in links:
            _add_part(links[link_of(item.key)], item)
    return links


def _is_file_address(item: Resource) -> bool:
    """What somebody put there for good; a lease only if netapply gave it."""
    return is_static(item) or item.attributes.get("protocol") == PROTOCOL


def _wireguard(item: Resource) -> dict[str, Any]:
    """Which file the key came from, the kernel does not know; its public half says that it stays."""
    return {name: item.attributes[name] for name in ("public_key", "listen_port", "fwmark") if item.attributes[name]}


SETTINGS: Final[dict[str, Callable[[Resource], dict[str, Any]]]] = {VLANS: said_of_table, "wireguard": _wireguard}
"""Families whose resources stand in fields of the link itself."""


def _add_part(link: dict[str, Any], item: Resource) -> None:
    """What stands in a field of its own below its link."""
    family, model = FAMILIES[item.family], model_of(item.family)
    said = model.said(item) if model is not None and issubclass(model, Part) else None
    *above, field = family.field.split(".")
    if said is not None:
        for name in above:
            link = link.setdefault(name, {})
    if said is not None and family.many:
        link.setdefault(field, []).append(said)
    elif said is not None:
        link[field] = said


def _link(link: Resource, governed: frozenset[str]) -> dict[str, Any]:
    """What the file would say: the kind, and attributes that are not as the kernel makes them."""
    kind = link.kind if _can_be_said(link) else ""
    said: dict[str, Any] = {"kind": kind} if kind else {}
    own = (row for row in link_table(kind) if not row.nla.living and row.attribute not in governed)
    for row in (row for row in own if KIND_OF[kind].has(row.attribute, link.attributes)):
        value = link.attributes.get(row.attribute)
        default = True if row.attribute == "up" else row.nla.default
        default = row.nla.usual if default is UNSET else default
        if value is not None and (default is UNSET or value != default) and not str(value).startswith("#"):
            said[row.attribute] = value
    return said


def _can_be_said(link: Resource) -> bool:
    """A kind that netapply makes, and nothing of it in another namespace (`#7`, or a veth without its peer)."""
    kind = KIND_OF.get(link.kind)
    if kind is None or not kind.created or link.name in FALLBACKS or link.facts.get("persistent") is False:
        return False
    required = (name for name, field in kind.model_fields.items() if field.is_required())
    return all(link.attributes.get(name) is not None for name in required) and not any(
        str(value).startswith("#") for value in link.attributes.values()
    )


def _is_file_nexthop(item: Resource) -> bool:
    """Nexthop objects of daemons, on devices of other namespaces, and with tunnels that have no words are not."""
    return item.attributes["protocol"] not in DYNAMIC and _is_speakable(
        item.attributes["dev"], item.attributes["encap"]
    )


def _is_speakable(device: str | None, encap: str | None) -> bool:
    return not (device or "").startswith("#") and not (encap or "").startswith("raw ")


def _nexthop(item: Resource) -> dict[str, Any]:
    said: dict[str, Any] = {"id": int(item.name)}
    for row in table_of_family("nexthop"):
        value = item.attributes[row.attribute]
        if value not in (None, (), row.nla.default) and row.attribute not in ("family", "protocol"):
            said[row.attribute] = value
    if item.attributes["family"] and not item.attributes["via"]:
        said["family"] = item.attributes["family"]
    if said.get("type") == "hash-threshold":
        del said["type"]
    if "group" in said:
        said["group"] = [_member(member) for member in said["group"]]
    return said


def _member(text: str) -> int | dict[str, int]:
    number, _, weight = text.partition(",")
    return {"id": int(number), "weight": int(weight)} if weight else int(number)


def _is_file_route(item: Resource) -> bool:
    """Routes of daemons and of the kernel are not a file's."""
    hops = item.attributes["nexthops"]
    return item.attributes["protocol"] not in DYNAMIC and all(_is_speakable(hop[1], hop[4]) for hop in hops)


def _route(item: Resource) -> dict[str, Any]:
    _, inet, table, to, metric, tos = item.key[:6]
    said: dict[str, Any] = {"to": "default" if to == ANY[inet] else to}
    if inet == "inet6" and to == ANY[inet]:
        said["family"] = inet
    if int(table) != TABLES["main"]:
        said["table"] = TABLE_WORDS.get(int(table), int(table))
    if int(metric) != (METRIC_IPV6 if inet == "inet6" else 0):
        said["metric"] = int(metric)
    if tos != "0":
        said["tos"] = int(tos)
    said |= _ways(item.attributes["nexthops"])
    unsaid = ("type", "scope", "protocol")
    named = (row.attribute for row in table_of_family("route") if row.attribute not in unsaid)
    said |= {name: value for name in named if (value := item.attributes.get(name)) not in (None, ())}
    return said | ({"type": item.attributes["type"]} if item.attributes["type"] != "unicast" else {})


def _ways(hops: tuple[Nexthop, ...]) -> dict[str, Any]:
    legs = [{name: value for name, value in zip(Nexthop._fields, hop, strict=True) if value} for hop in hops]
    if len(legs) > 1:
        return {"nexthops": legs}
    return {name: value for leg in legs for name, value in leg.items() if name != "weight"}


def _rule(item: Resource) -> dict[str, Any]:
    said: dict[str, Any] = {"priority": int(item.key[2]), "family": item.key[1]}
    for name in (*SELECTORS, "table", *OUTCOMES):
        if item.attributes.get(name) is not None:
            said[RULE_WORDS.get(name, name)] = item.attributes[name]
    if item.attributes["action"] not in ("lookup", "goto"):
        said["action"] = item.attributes["action"]
    return said
