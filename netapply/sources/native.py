"""Native YAML as desired state.

Everything that the files name becomes a resource, in the order of the files, and every resource and
attribute knows the line that it comes from. What the files only imply is made too: a port that no
file declares is an existing device, the far end of a veth is a veth.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

from netapply.model.address_item import AddressItem
from netapply.model.addressing import address_resource
from netapply.model.attribute import UNSET, Value
from netapply.model.family import ENTRIES, field_of, parts
from netapply.model.link import Link
from netapply.model.link_settings import settings_of
from netapply.model.resource import Desired, Resource
from netapply.model.sysctl import link_sysctl_path, sysctl_path, sysctl_value
from netapply.sources.collisions import add_once, add_sysctl, refuse_collisions
from netapply.sources.declared import Declared, Links, Part, entries_of, gather_links, read_part
from netapply.sources.files import Text
from netapply.sources.key_files import read_keys
from netapply.sources.limits import follow_the_kernel, refuse_impossible
from netapply.sources.netfilter import add_netfilter
from netapply.sources.nexthop_limits import refuse_nexthop_mixtures
from netapply.sources.relations import Relations, relate
from netapply.sources.router_notes import note_deaf_routers
from netapply.sources.tree import Entry, Mapping, Node
from netapply.sources.vlan_tables import note_tables_without_filtering, refuse_impossible_ports, table_in
from netapply.sources.wording import named, refusal


def desired_of(files: Sequence[Text], source: str) -> Desired:
    """The desired state that the files describe together. InputError for the first that is wrong."""
    parts = [read_part(file) for file in files]
    links = gather_links(parts)
    relations = relate(links)
    refuse_impossible(links, relations)
    refuse_impossible_ports(links, relations)
    desired = Desired(source=source)
    for declared in links.values():
        _add_link(desired, declared, links, relations)
    for part in parts:
        _add_routing(desired, part)
        _add_sysctls(desired, part)
    add_netfilter(desired, parts)
    read_keys(desired)
    refuse_collisions(desired)
    refuse_nexthop_mixtures(desired)
    note_deaf_routers(desired)
    if any(resource.family in ENTRIES for resource in desired):
        from netapply.sources.entries import refuse_entries  # most files have none

        refuse_entries(desired)
    follow_the_kernel(desired)
    _note_bridges(desired)
    return desired


def _note_bridges(desired: Desired) -> None:
    note_tables_without_filtering(desired)
    if any(link.attributes.get("stp") for link in desired.family("link")):
        from netapply.sources.bridge_timers import note_timers

        note_timers(desired)


def _add_link(desired: Desired, declared: Declared, links: Links, relations: Relations) -> None:
    """The link, all that belongs to it, and the links that come with it."""
    desired.add(_attached(_link(declared), relations))
    for resource in _belongings(desired, declared):
        add_once(desired, resource, f"{named(resource.name)} on {named(declared.name)}", "remove one")
    _add_settings(desired, declared)
    for resource, title in _parts(declared):
        add_once(desired, resource, f"{title} on {named(declared.name)}", "remove one")
    _add_parameters(desired, declared)
    _add_implied(desired, declared, links, relations)


def _link(declared: Declared) -> Resource:
    """The device itself, and which one it is where that is not told by its name."""
    link = Resource(("link", declared.name), declared.kind, origin=declared.key)
    for attribute, value in _attributes(declared):
        link.attributes[attribute] = value
        if declared.names(attribute):
            link.origins[attribute] = declared.at(attribute)
    match = declared.get("match")
    if match is not None:
        link.facts = {"match": match.model_dump(exclude_none=True), "match_origin": declared.at("match")}
    return link


def _add_parameters(desired: Desired, declared: Declared) -> None:
    """Kernel parameters of the link: those that have a word of their own, and those named by path."""
    for word, path, setting in settings_of(declared.link, declared.name):
        add_sysctl(desired, Resource(("sysctl", path), "sysctl", {"value": setting}, origin=declared.at(word)))
    for key, entry in entries_of(declared.node, "sysctl"):
        add_sysctl(desired, _parameter(link_sysctl_path(key, declared.name), entry))


def _add_settings(desired: Desired, declared: Declared) -> None:
    """What stands at the link, and is a resource of its own."""
    for resource, fields in declared.link.settings(declared.name):
        resource.origin = declared.key
        resource.origins = {name: declared.at(fields.get(name, name)) for name in resource.attributes}
        if resource.family == "sysctl":
            add_sysctl(desired, resource)
        else:
            desired.add(resource)


def _attributes(declared: Declared) -> Iterator[tuple[str, Value]]:
    """What the file says, and what the class says by itself (up, the VXLAN port)."""
    said = declared.link.model_fields_set
    worth_a_look = said | _said_by_class(type(declared.link))
    for row in declared.table:
        if row.attribute not in worth_a_look:
            continue
        value = declared.get(row.attribute)
        if value is None and row.attribute in said and row.nla.default is not None:
            _refuse_empty(declared, row.attribute, row.nla.default)
        if value is not None or row.attribute in said:
            yield row.attribute, value


@cache
def _said_by_class(model: type[Link]) -> frozenset[str]:
    """The few attributes that have a value where the file gives none."""
    return frozenset(name for name, info in model.model_fields.items() if info.default is not None)


def _refuse_empty(declared: Declared, attribute: str, default: Value) -> None:
    """Null means "none", which only some attributes can be."""
    usual = "" if default is UNSET else f"; the kernel's own is {default}"
    message = f"cannot use {attribute} of {declared.title}: it has no value; give one, or leave the line out"
    raise refusal(message + usual, declared.value_at(attribute))


def _attached(link: Resource, relations: Relations) -> Resource:
    """The link with its master, from whichever side of the relation it is written at."""
    attachment = relations.masters.get(link.name)
    if attachment is not None:
        link.attributes["master"] = attachment.master
        link.origins["master"] = attachment.origin
    return link


def _belongings(desired: Desired, declared: Declared) -> Iterator[Resource]:
    """VLANs, addresses and altnames."""
    vlans = table_in(declared)
    if vlans is not None:
        yield vlans
    link, name = declared.link, declared.name
    if declared.names("addresses"):
        if link.addresses is None:
            message = f"cannot use addresses of {declared.title}: there is no value; write [] for none"
            raise refusal(message, declared.value_at("addresses"))
        desired.authoritative.add(name)
        for address, node in zip(link.addresses, declared.nodes_of("addresses"), strict=True):
            yield _address(name, address, node)
    for altname, origin in zip(link.altnames, declared.items_at("altnames"), strict=True):
        yield Resource(("altname", name, altname), "altname", origin=origin)


def _address(link: str, item: AddressItem, node: Node) -> Resource:
    if isinstance(item, str):
        return address_resource(link, item, node.origin)
    resource = _placed(item.resource(link), node)
    resource.origins = {key: entry.key for key, entry in _lines(node)}
    if item.label is not None and not item.label.startswith(link):
        message = f"cannot use label {item.label} of {item.address} on {named(link)}: it must begin with {link}"
        raise refusal(
            f"{message}; write {link}:{item.label.partition(':')[2] or 'NAME'}", resource.where("label") or node.origin
        )
    return resource


def _parts(declared: Declared) -> Iterator[tuple[Resource, str]]:
    """What is written in fields of its own below the link, and how a message calls it."""
    for name, family in parts():
        value = field_of(declared.link, family.field)
        items = value if family.many else (value,)
        for item, node in zip(items or (), declared.nodes_of(family.field), strict=False):
            for resource in item.resources(declared.name) if item is not None else ():
                resource.origin = node.origin
                resource.origins = {key: entry.key for key, entry in _lines(node)}
                yield resource, " ".join((name.replace("_", " "), *resource.key[2:]))
    for field, number, resource in declared.link.expanded(declared.name):
        resource.origin = declared.items_at(field)[number]
        yield resource, " ".join((resource.family, *resource.key[2:]))


def _lines(node: Node) -> Iterator[tuple[str, Entry]]:
    yield from node.entries.items() if isinstance(node, Mapping) else ()


def _add_implied(desired: Desired, declared: Declared, links: Links, relations: Relations) -> None:
    """Far ends and ports that no file declares."""
    for name, attributes in declared.link.companions(declared.name):
        if name not in links:
            far = Resource(("link", name), declared.kind, attributes, origin=declared.at("peer"))
            desired.add(_attached(far, relations))
    for port, origin in zip(declared.link.ports_of(), declared.items_at("ports"), strict=True):
        if port not in links and port not in relations.companions:
            desired.add(_attached(Resource(("link", port), "", {"up": True}, origin=origin), relations))


def _add_routing(desired: Desired, part: Part) -> None:
    for nexthop, node in zip(part.sections.nexthops, part.items("nexthops"), strict=True):
        add_once(desired, _placed(nexthop.resource(), node), f"nexthop {nexthop.id}", "remove one")
    for route, node in zip(part.sections.routes, part.items("routes"), strict=True):
        advice = "give another metric or table, or remove one"
        add_once(desired, _placed(route.resource(), node), f"the route to {route.to}", advice)
    for rule, node in zip(part.sections.rules, part.items("rules"), strict=True):
        advice = "give another priority, or remove one"
        add_once(desired, _placed(rule.resource(), node), f"rule {rule.priority}", advice)


def _add_sysctls(desired: Desired, part: Part) -> None:
    for key, entry in part.entries("sysctl"):
        add_sysctl(desired, _parameter(sysctl_path(key), entry))


def _parameter(path: str, entry: Entry) -> Resource:
    return Resource(("sysctl", path), "sysctl", {"value": sysctl_value(entry.node.value)}, origin=entry.key)


def _placed(resource: Resource, node: Node) -> Resource:
    resource.origin = node.origin
    return resource
