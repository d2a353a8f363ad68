"""The model's links (net/core/rtnetlink.c, net/bridge, drivers/net/{macvlan,veth,vxlan}).

What a message sets is set one attribute after the other, so one that fails leaves the earlier ones set.
"""

from __future__ import annotations

import errno
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from netapply.errors import KernelError
from netapply.kinds import KIND_OF, link_table
from netapply.model.attribute import UNSET

Attributes = dict[str, Any]
REFERENCES = ("link", "dev", "master")
IMMUTABLE = {"vni", "port", "udp_csum", "link", "peer"}
ENDPOINTS = {"remote", "local"}
ORDER = ("mac", "mtu", "group", "alias", "txqueuelen", "master", "up")
"""In which the kernel takes them, after those of the kind (do_setlink)."""


@dataclass
class Device:
    name: str
    kind: str
    index: int
    attributes: Attributes
    pinned: set[str] = field(default_factory=set)
    """What somebody set on a bridge; all else of `mac` and `mtu` follows the ports."""


@dataclass
class Events:
    """What the rest of the kernel does when a link changes."""

    made: Callable[[str], None]
    gone: Callable[[str], None]
    up: Callable[[str], None]
    down: Callable[[str], None]
    mtu: Callable[[str, int], None]


class Links:
    def __init__(self, events: Events) -> None:
        self.all: dict[str, Device] = {}
        self.altnames: dict[str, str] = {}
        self._events = events
        self._born: Counter[str] = Counter()
        self._index = 0

    def found(self, name: str) -> Device:
        if name not in self.all:
            raise KernelError(f"find link {name}", errno.ENODEV)
        return self.all[name]

    def is_up(self, name: str) -> bool | None:
        """Whether it is; None where there is no such link."""
        return bool(self.all[name].attributes["up"]) if name in self.all else None

    def add(self, name: str, kind: str) -> Device:
        """A device as it comes into the world, with a MAC address of its own every time."""
        if name in self.all or name in self.altnames:
            raise KernelError(f"create {name}", errno.EEXIST)
        self._index += 1
        self._born[name] += 1
        usual = {row.attribute: row.nla.default for row in link_table(kind)}
        usual = {key: None if value is UNSET else value for key, value in usual.items()}
        mac = f"02:{self._born[name]:02x}:" + zlib.crc32(name.encode()).to_bytes(4, "big").hex(":")
        usual |= {"up": False, "mtu": 1500, "mac": mac, "txqueuelen": 1000}
        self.all[name] = Device(name, kind, self._index, usual)
        self._events.made(name)
        return self.all[name]

    def create(self, name: str, kind: str, wish: Attributes) -> None:
        if kind not in KIND_OF or not KIND_OF[kind].created:
            raise KernelError(f"create {kind or 'physical'} {name}", errno.EOPNOTSUPP)
        for reference in REFERENCES:
            if wish.get(reference):
                self.found(wish[reference])
        lower = self.all.get(wish.get("link") or wish.get("dev") or "")
        self._refuse_new(name, kind, wish, lower)
        device = self.add(name, kind)
        given = {key: value for key, value in wish.items() if key in link_table(kind).rows}
        device.attributes |= {key: value for key, value in given.items() if key not in ORDER}
        if lower is not None:
            device.attributes["mtu"] = lower.attributes["mtu"] - _overhead(device)
        if kind == "veth":
            self.add(wish["peer"], kind).attributes["peer"] = name
        if kind == "bridge" and device.attributes["stp"]:
            device.attributes["forward_delay"] = max(device.attributes["forward_delay"], 2)
        if "mtu" in given:  # an MTU given at birth does not count as somebody's choice
            self._mtu(device, given.pop("mtu"))
        self.set(name, {key: given[key] for key in ORDER if key in given})

    def _refuse_new(self, name: str, kind: str, wish: Attributes, lower: Device | None) -> None:
        if kind == "veth" and (wish["peer"] in self.all or wish["peer"] == name):
            raise KernelError(f"create {name}: peer {wish['peer']}", errno.EEXIST)
        if kind == "macvlan" and lower is not None and lower.attributes["master"]:
            raise KernelError(f"create {name} on {lower.name}", errno.EBUSY)
        room = lower.attributes["mtu"] - _overhead_of(kind, wish) if lower is not None else 65535
        if wish.get("mtu", 0) > room:
            raise KernelError(f"create {name}: mtu {wish['mtu']}", errno.EINVAL)
        for other in self.all.values():
            twin = (other.attributes.get("vni"), other.attributes.get("port"))
            if kind == "vxlan" and twin == (wish["vni"], wish.get("port", 4789)):
                raise KernelError(f"create {name}: vni {wish['vni']}", errno.EEXIST)

    def set(self, name: str, wish: Attributes) -> None:
        device = self.found(name)
        unknown = wish.keys() - link_table(device.kind).rows.keys()
        if unknown:
            raise KernelError(f"set {unknown} of {name}", errno.EINVAL)
        if device.kind == "vxlan" and "mtu" in wish and not wish.keys() <= set(ORDER):
            raise KernelError(f"set mtu of {name} together with its own settings", errno.EOPNOTSUPP)
        for key in sorted((key for key in wish if key not in ORDER), key=lambda key: key != "stp"):
            self._set_of_kind(device, key, wish[key])
        for key in (key for key in ORDER if key in wish):
            self._set(device, key, wish[key])

    def _set_of_kind(self, device: Device, key: str, value: Any) -> None:
        what = f"set {key} of {device.name} to {value}"
        before = device.attributes[key]
        other_family = key in ENDPOINTS and (before is None or value is None or (":" in before) != (":" in value))
        if key in IMMUTABLE and value != before:
            raise KernelError(what, errno.EOPNOTSUPP)
        if other_family and before != value and ":" in f"{before}{value}":
            raise KernelError(what, errno.EINVAL)
        if key == "dev" and value:
            self.found(value)
        if key == "forward_delay" and device.attributes["stp"] and value < 2:
            raise KernelError(what, errno.ERANGE)
        device.attributes[key] = value
        if key == "stp" and value:
            device.attributes["forward_delay"] = max(device.attributes["forward_delay"] or 15, 2)

    def _set(self, device: Device, key: str, value: Any) -> None:
        if key == "mtu":
            device.pinned.add("mtu")
            self._mtu(device, value)
        elif key == "master":
            self._enslave(device, value)
        elif key == "up" and value != device.attributes["up"]:
            device.attributes["up"] = value
            (self._events.up if value else self._events.down)(device.name)
        else:
            device.attributes[key] = value
        if key == "mac":
            device.pinned.add("mac")
            self._follow_ports(device.attributes["master"])

    def _mtu(self, device: Device, value: int) -> None:
        """A macvlan has at most what its lower device has, and is dragged down with it, never up."""
        lower = self.all.get(device.attributes.get("link") or device.attributes.get("dev") or "")
        if lower is not None and value > lower.attributes["mtu"] - _overhead(device):
            raise KernelError(f"set mtu of {device.name} to {value}", errno.EINVAL)
        device.attributes["mtu"] = value
        self._events.mtu(device.name, value)
        for upper in self.all.values():
            if upper.attributes.get("link") == device.name and upper.attributes["mtu"] > value:
                self._mtu(upper, value)
        self._follow_ports(device.attributes["master"])

    def _enslave(self, device: Device, name: str | None) -> None:
        former = device.attributes["master"]
        if name == former:
            return
        if name is not None:
            self._refuse_port(device, self.found(name))
        device.attributes["master"] = name
        self._follow_ports(former)
        self._follow_ports(name)

    def _refuse_port(self, device: Device, master: Device) -> None:
        what = f"set master of {device.name} to {master.name}"
        if master.kind != "bridge":
            raise KernelError(what, errno.EOPNOTSUPP)
        if device.kind == "bridge" or device.name == "lo":
            raise KernelError(what, errno.ELOOP)
        if any(upper.kind == "macvlan" and upper.attributes["link"] == device.name for upper in self.all.values()):
            raise KernelError(what, errno.EBUSY)

    def _follow_ports(self, name: str | None) -> None:
        """A bridge takes its lowest port's MAC and its smallest port's MTU; without ports it has no MAC."""
        bridge = self.all.get(name or "")
        if bridge is None:
            return
        ports = [item.attributes for item in self.all.values() if item.attributes["master"] == name]
        if "mac" not in bridge.pinned:
            bridge.attributes["mac"] = min((port["mac"] for port in ports if port["mac"]), default=None)
        smallest = min((port["mtu"] for port in ports), default=1500)
        if "mtu" not in bridge.pinned and smallest != bridge.attributes["mtu"]:
            self._mtu(bridge, smallest)

    def delete(self, name: str) -> None:
        """The link, and whatever stands on it; its ports are only let go."""
        device = self.found(name)
        if not device.kind:
            raise KernelError(f"delete {name}", errno.EOPNOTSUPP)
        del self.all[name]
        self.altnames = {alt: link for alt, link in self.altnames.items() if link != name}
        self._events.gone(name)
        for other in list(self.all.values()):
            if name in (other.attributes.get(key) for key in ("link", "dev", "peer")) and other.name in self.all:
                self.delete(other.name)
            elif other.attributes["master"] == name:
                other.attributes["master"] = None
        self._follow_ports(device.attributes["master"])


def _overhead_of(kind: str, wish: Attributes) -> int:
    if kind != "vxlan":
        return 0
    return 70 if ":" in f"{wish.get('remote')}{wish.get('local')}" else 50


def _overhead(device: Device) -> int:
    return _overhead_of(device.kind, device.attributes)
