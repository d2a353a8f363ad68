"""Cables: veth pairs between two namespaces (veth(4))."""

from __future__ import annotations

from dataclasses import dataclass

from netapply.lab.host import Host
from netapply.lab.iproute import ip


@dataclass(frozen=True, slots=True)
class End:
    """One end of a cable: where, what it is called, and its MAC address (None: the kernel picks one)."""

    host: Host
    interface: str
    mac: str | None = None

    def __str__(self) -> str:
        return f"{self.host.name}:{self.interface}"


def connect(left: End, right: End, *, mtu: int | None, up: bool) -> None:
    """Lay a cable. Both ends are born in their namespaces, so their names never meet this host's own.

    `mtu` in bytes is for both ends, as on a real wire. Carrier appears once both ends are up.
    """
    description = [*_description(left, mtu), "type", "veth", "peer", "name", *_description(right, mtu)]
    doing = f"lay a cable from {left} to {right}"
    ip(left.host.netns, "link", "add", "name", *description, "netns", right.host.netns, doing=doing)
    for end in (left, right) if up else ():
        end.host.set_link(end.interface, up=True)


def _description(end: End, mtu: int | None) -> list[str]:
    return [
        end.interface,
        *(["address", end.mac] if end.mac else []),
        *(["mtu", str(mtu)] if mtu else []),
    ]
