"""What the kernel refuses between nexthop objects, and between them and routes (net/ipv4/nexthop.c)."""

from __future__ import annotations

from collections.abc import Iterator

from netapply.model.nexthop_words import leads_over
from netapply.model.resource import Desired, Origin, Resource
from netapply.sources.wording import refusal


def refuse_nexthop_mixtures(desired: Desired) -> None:
    """InputError for the first group or route that leads over an object that it cannot lead over."""
    for resource in desired:
        for key in leads_over(resource):
            other = desired.get(key)
            for reason in _reasons(resource, other) if other is not None else ():
                word = f"nexthop {resource.name}" if resource.family == "nexthop" else f"the route to {resource.key[3]}"
                raise refusal(f"cannot lead {word} over nexthop {key[1]}: {reason}", resource.origin or Origin("", 1))


def _reasons(user: Resource, other: Resource) -> Iterator[str]:
    said = other.attributes
    if user.family == "route":
        if said["fdb"]:
            yield "that is for forwarding entries; make one without fdb"
        if user.key[1] == "inet6" and said["family"] == "inet":
            yield "that is for IPv4; make one for IPv6"
        return
    if said["group"]:
        yield "that is a group, and a group has no groups; name its members"
    if bool(said["fdb"]) != bool(user.attributes["fdb"]):
        yield "only one of the two is for forwarding entries; give fdb to both, or to none"
    if said["blackhole"] and len(user.attributes["group"]) > 1:
        yield "a blackhole can only be alone in a group; leave it out"
