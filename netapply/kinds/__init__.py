"""Every device kind that netapply knows, each one attribute table in one file.

A kind's module is imported when somebody asks for the kind: a plan pays (1 to 2 ms each) only for those that
the file or the host has, however many netapply comes to know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from netapply.model.attribute import Table, table_of
from netapply.model.link import Link
from netapply.model.resource import Resource

if TYPE_CHECKING:
    from netapply.kinds.bridge import Bridge
    from netapply.kinds.dummy import Dummy
    from netapply.kinds.geneve import Geneve
    from netapply.kinds.gre import Gre
    from netapply.kinds.gretap import Gretap
    from netapply.kinds.ifb import Ifb
    from netapply.kinds.ip6gre import Ip6gre
    from netapply.kinds.ip6gretap import Ip6gretap
    from netapply.kinds.ip6tnl import Ip6tnl
    from netapply.kinds.ipip import Ipip
    from netapply.kinds.ipvlan import Ipvlan
    from netapply.kinds.macsec import Macsec
    from netapply.kinds.macvlan import Macvlan
    from netapply.kinds.macvtap import Macvtap
    from netapply.kinds.physical import Physical
    from netapply.kinds.sit import Sit
    from netapply.kinds.tun import Tun
    from netapply.kinds.veth import Veth
    from netapply.kinds.vlan import Vlan
    from netapply.kinds.vrf import Vrf
    from netapply.kinds.vti import Vti
    from netapply.kinds.vti6 import Vti6
    from netapply.kinds.vxlan import Vxlan
    from netapply.kinds.wireguard import Wireguard
    from netapply.kinds.xfrm import Xfrm

    KINDS: tuple[type[Link], ...]

CLASSES: Final = {
    "bond": "Bond",
    "bridge": "Bridge",
    "dummy": "Dummy",
    "geneve": "Geneve",
    "gre": "Gre",
    "gretap": "Gretap",
    "ifb": "Ifb",
    "ip6gre": "Ip6gre",
    "ip6gretap": "Ip6gretap",
    "ip6tnl": "Ip6tnl",
    "ipip": "Ipip",
    "ipvlan": "Ipvlan",
    "macsec": "Macsec",
    "macvlan": "Macvlan",
    "macvtap": "Macvtap",
    "": "Physical",
    "sit": "Sit",
    "tun": "Tun",
    "veth": "Veth",
    "vlan": "Vlan",
    "vrf": "Vrf",
    "vti": "Vti",
    "vti6": "Vti6",
    "vxlan": "Vxlan",
    "wireguard": "Wireguard",
    "xfrm": "Xfrm",
}
"""Name of the class by kind; its module is called as the class, in lower case."""


@cache
def _class_called(name: str) -> type[Link]:
    found: type[Link] = getattr(import_module(f"netapply.kinds.{name.lower()}"), name)
    return found


class _Kinds(Mapping[str, type[Link]]):
    """The class by kind, imported on its first use."""

    def __getitem__(self, kind: str) -> type[Link]:
        return _class_called(CLASSES[kind])

    def __contains__(self, kind: object) -> bool:
        return kind in CLASSES

    def __iter__(self) -> Iterator[str]:
        return iter(CLASSES)

    def __len__(self) -> int:
        return len(CLASSES)


KIND_OF: Final[Mapping[str, type[Link]]] = _Kinds()


def __getattr__(name: str) -> Any:
    """`KINDS`, all of them, and each class by its name."""
    if name == "KINDS":
        return tuple(KIND_OF.values())
    if name in CLASSES.values():
        return _class_called(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def link_table(kind: str) -> Table:
    """The attributes of a kind; those of every link for a kind that netapply does not know (`tun`)."""
    return table_of(KIND_OF[kind] if kind in CLASSES else Link)


def governed(master: Resource | None) -> frozenset[str]:
    """Attributes that a master sets on its ports."""
    model = KIND_OF.get(master.kind) if master is not None else None
    return model.governs if model is not None else frozenset()


__all__ = [
    "KINDS", "KIND_OF", "Bridge", "Dummy", "Geneve", "Gre", "Gretap", "Ifb", "Ip6gre", "Ip6gretap", "Ip6tnl", "Ipip",
    "Ipvlan", "Link", "Macsec", "Macvlan", "Macvtap", "Physical", "Sit", "Tun", "Veth", "Vlan", "Vrf", "Vti", "Vti6",
    "Vxlan", "Wireguard", "Xfrm", "governed", "link_table",
]  # fmt: skip
