"""What a reader should know who makes a router of a host that listens to routers."""

from __future__ import annotations

from netapply.model.resource import Desired, Origin
from netapply.sources.wording import named

_CONF = "net/ipv6/conf/{}/{}"


def note_deaf_routers(desired: Desired) -> None:
    """With forwarding a link hears router advertisements only if accept_ra is 2 (net/ipv6/ndisc.c,
    ipv6_accept_ra): what the file asks for would silently do nothing."""
    begin, end = _CONF.split("{}/{}")[0], "/accept_ra"
    for resource in desired.family("sysctl"):
        path = resource.key[1]
        link = path.removeprefix(begin).removesuffix(end)
        if path != _CONF.format(link, "accept_ra") or resource.attributes["value"] != "1":
            continue
        switch = desired.get(("sysctl", _CONF.format(link, "forwarding"))) or desired.get(
            ("sysctl", _CONF.format("all", "forwarding"))
        )
        if switch is not None and switch.attributes["value"] != "0":
            where = resource.origin or Origin(desired.source, 1)
            desired.notes.append(
                f"{where}: accept_ra of {named(link)} has no effect: with forwarding the kernel ignores router "
                f"advertisements unless accept_ra is 2; write accept_ra: always"
            )
