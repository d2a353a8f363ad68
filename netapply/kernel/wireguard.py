"""WireGuard's own settings and its peers over generic netlink (include/uapi/linux/wireguard.h).

Read only where there is a link of the kind. A peer is changed by a message that names it and what changes, so
that the others keep their sessions, endpoints and counters.
"""

from __future__ import annotations

import base64
import errno
import socket
import struct
from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from typing import Any, Final

from netapply.errors import KernelError
from netapply.kernel.generic import Generic
from netapply.kernel.wire import message as m
from netapply.kernel.wire.scalar import pack_ip, unpack_ip
from netapply.model.attribute import Value
from netapply.model.keyring import remember_as, remember_symmetric, secret_of
from netapply.model.resource import Resource
from netapply.model.wireguard import KEY_SIZE, sorted_networks
from netapply.plan.plan import Operation, Verb
from netapply.plan.words import describe

WG_CMD_GET_DEVICE, WG_CMD_SET_DEVICE = 0, 1
WGDEVICE_A_IFNAME, WGDEVICE_A_PRIVATE_KEY, WGDEVICE_A_PUBLIC_KEY = 2, 3, 4
WGDEVICE_A_LISTEN_PORT, WGDEVICE_A_FWMARK, WGDEVICE_A_PEERS = 6, 7, 8
WGPEER_A_PUBLIC_KEY, WGPEER_A_PRESHARED_KEY, WGPEER_A_FLAGS, WGPEER_A_ENDPOINT = 1, 2, 3, 4
WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, WGPEER_A_ALLOWEDIPS = 5, 9
WGPEER_F_REMOVE_ME, WGPEER_F_REPLACE_ALLOWEDIPS, WGPEER_F_UPDATE_ONLY = 1, 2, 4
WGALLOWEDIP_A_FAMILY, WGALLOWEDIP_A_IPADDR, WGALLOWEDIP_A_CIDR_MASK = 1, 2, 3
SOCKADDR_IN, SOCKADDR_IN6 = struct.Struct("=H2s4s8x"), struct.Struct("=H2sI16sI")
NO_KEY: Final = bytes(KEY_SIZE)
MOST_NETWORKS: Final = 1000
"""Networks in one message: an attribute holds 64 KiB."""


def read_wireguard(links: Iterable[str]) -> list[Resource]:
    """Settings and peers of these links, their secrets in the keyring."""
    found = []
    with Generic("wireguard") as generic:
        for name in links:
            answers = generic.ask(WG_CMD_GET_DEVICE, m.attribute(WGDEVICE_A_IFNAME, name.encode() + b"\0"))
            found += list(_resources(name, answers))
    return found


def _resources(name: str, answers: list[bytes]) -> Iterator[Resource]:
    """A device with many peers comes in several messages, and a peer with many networks in several parts."""
    peers: dict[str, Resource] = {}
    for number, answer in enumerate(answers):
        seen = dict(m.attributes(answer, 0, len(answer)))
        if number == 0:
            yield Resource(("wireguard", name), "wireguard", _settings(seen))
        data = seen.get(WGDEVICE_A_PEERS, b"")
        for _, inside in m.attributes(data, 0, len(data)):
            _add_peer(name, dict(m.attributes(inside, 0, len(inside))), peers)
    for peer in peers.values():
        peer.attributes["allowed_ips"] = sorted_networks(peer.attributes["allowed_ips"])
        yield peer


def _settings(seen: dict[int, bytes]) -> dict[str, Value]:
    public = None
    if WGDEVICE_A_PRIVATE_KEY in seen:
        public = remember_as(_text(seen[WGDEVICE_A_PUBLIC_KEY]), bytes(seen[WGDEVICE_A_PRIVATE_KEY]))
    return {
        "public_key": public,
        "listen_port": struct.unpack("=H", seen[WGDEVICE_A_LISTEN_PORT])[0],
        "fwmark": struct.unpack("=I", seen[WGDEVICE_A_FWMARK])[0],
    }


def _add_peer(link: str, seen: dict[int, bytes], peers: dict[str, Resource]) -> None:
    key = _text(seen[WGPEER_A_PUBLIC_KEY])
    if key not in peers:
        shared = bytes(seen.get(WGPEER_A_PRESHARED_KEY, NO_KEY))
        keepalive = seen.get(WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, b"\0\0")
        attributes: dict[str, Value] = {
            "preshared_key": remember_symmetric(shared) if any(shared) else None,
            "endpoint": _endpoint(seen[WGPEER_A_ENDPOINT]) if WGPEER_A_ENDPOINT in seen else None,
            "allowed_ips": (),
            "persistent_keepalive": struct.unpack("=H", keepalive)[0],
        }
        peers[key] = Resource(("wireguard_peer", link, key), "wireguard_peer", attributes)
    data = seen.get(WGPEER_A_ALLOWEDIPS, b"")
    networks = tuple(_network(inside) for _, inside in m.attributes(data, 0, len(data)))
    peers[key].attributes["allowed_ips"] += networks


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode()


def _network(data: bytes) -> str:
    seen = dict(m.attributes(data, 0, len(data)))
    return f"{unpack_ip(seen[WGALLOWEDIP_A_IPADDR])}/{seen[WGALLOWEDIP_A_CIDR_MASK][0]}"


def _endpoint(data: bytes) -> str:
    """A sockaddr; a link-local address has the index of its link behind it."""
    port = int.from_bytes(data[2:4], "big")
    if struct.unpack_from("=H", data)[0] == socket.AF_INET:
        return f"{unpack_ip(data[4:8])}:{port}"
    scope = struct.unpack_from("=I", data, 24)[0]
    return f"[{unpack_ip(data[8:24])}{f'%{scope}' if scope else ''}]:{port}"


def _sockaddr(endpoint: str) -> bytes:
    address, _, port = endpoint.rpartition(":")
    number = int(port).to_bytes(2, "big")
    if not address.startswith("["):
        return SOCKADDR_IN.pack(socket.AF_INET, number, pack_ip(address))
    plain, _, scope = address[1:-1].partition("%")
    return SOCKADDR_IN6.pack(socket.AF_INET6, number, 0, pack_ip(plain), int(scope or 0))


def carry_out(group: list[Operation]) -> tuple[Operation, int, str] | None:
    """Send the operations of one group; the first refused one with the kernel's reason."""
    with Generic("wireguard") as generic:
        messages, owners = [], []
        for operation in group:
            for attributes in _messages(operation):
                messages.append(generic.message(WG_CMD_SET_DEVICE, attributes))
                owners.append(operation)
        refusals = generic.transact(messages)
    return (owners[refusals[0].number], refusals[0].code, refusals[0].ack) if refusals else None


def _messages(operation: Operation) -> Iterator[bytes]:
    """The attributes of each message that the operation needs."""
    link = m.attribute(WGDEVICE_A_IFNAME, operation.key[1].encode() + b"\0")
    if operation.key[0] == "wireguard":
        yield link + b"".join(_device(operation))
        return
    for peer in _peer(operation):
        yield link + m.nested(WGDEVICE_A_PEERS, m.nested(0, peer))


def _device(operation: Operation) -> Iterator[bytes]:
    for name, value in operation.attributes.items():
        if name == "public_key":
            yield m.attribute(WGDEVICE_A_PRIVATE_KEY, _secret(operation, value))
        elif name == "listen_port":
            yield m.attribute(WGDEVICE_A_LISTEN_PORT, struct.pack("=H", value or 0))
        elif name == "fwmark":
            yield m.attribute(WGDEVICE_A_FWMARK, struct.pack("=I", value or 0))


def _secret(operation: Operation, name: str | None) -> bytes:
    """The key behind its name; KernelError where this process has never seen it."""
    if name is None:
        return NO_KEY
    secret = secret_of(name)
    if secret is None:
        raise KernelError(f"{describe(operation)}: nobody has its key, {name}; name its file", errno.ENOKEY)
    return secret


def _peer(operation: Operation) -> Iterator[bytes]:
    """One message, and more where there are more networks than fit in one."""
    known = m.attribute(WGPEER_A_PUBLIC_KEY, base64.b64decode(operation.key[2]))
    attributes = operation.attributes
    if operation.verb is Verb.DELETE:
        yield known + _flags(WGPEER_F_REMOVE_ME)
        return
    networks: tuple[str, ...] | None = attributes.get("allowed_ips")
    flags = WGPEER_F_UPDATE_ONLY if operation.verb is Verb.SET else 0
    first = _flags(flags | (WGPEER_F_REPLACE_ALLOWEDIPS if networks is not None else 0))
    listed = networks or ()
    pieces = [listed[start : start + MOST_NETWORKS] for start in range(0, len(listed), MOST_NETWORKS)]
    yield known + first + b"".join(_peer_settings(operation)) + _allowed(pieces[0] if pieces else ())
    for piece in pieces[1:]:
        yield known + _flags(WGPEER_F_UPDATE_ONLY) + _allowed(piece)


def _flags(flags: int) -> bytes:
    return m.attribute(WGPEER_A_FLAGS, struct.pack("=I", flags))


def _peer_settings(operation: Operation) -> Iterator[bytes]:
    attributes: dict[str, Any] = operation.attributes
    if "preshared_key" in attributes:
        yield m.attribute(WGPEER_A_PRESHARED_KEY, _secret(operation, attributes["preshared_key"]))
    if attributes.get("endpoint"):
        yield m.attribute(WGPEER_A_ENDPOINT, _sockaddr(attributes["endpoint"]))
    if "persistent_keepalive" in attributes:
        seconds = struct.pack("=H", attributes["persistent_keepalive"] or 0)
        yield m.attribute(WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, seconds)


def _allowed(networks: Iterable[str]) -> bytes:
    packed = b"".join(m.nested(0, _packed(ip_network(text))) for text in networks)
    return m.nested(WGPEER_A_ALLOWEDIPS, packed) if packed else b""


def _packed(network: Any) -> bytes:
    family = socket.AF_INET6 if network.version == 6 else socket.AF_INET
    return (
        m.attribute(WGALLOWEDIP_A_FAMILY, struct.pack("=H", family))
        + m.attribute(WGALLOWEDIP_A_IPADDR, network.network_address.packed)
        + m.attribute(WGALLOWEDIP_A_CIDR_MASK, bytes((network.prefixlen,)))
    )
