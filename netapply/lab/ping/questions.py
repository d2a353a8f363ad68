"""The questions that can be asked: each finds its way, asks once under a deadline, and reads the answer.

Keywords of every routed question: `timeout` in seconds, for all of it, the next hop's MAC included;
`attempts`, how often the request is sent meanwhile; and those of `Leaving`.
Errors of all: LabError if the question is wrong: no such interface, no such address, an own address.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from typing import TypeVar, Unpack

from netapply.errors import LabError
from netapply.lab.host import Host
from netapply.lab.ping import neighbour, path
from netapply.lab.ping.echo import Echo, outcome
from netapply.lab.ping.outcome import Outcome, Refusal, State
from netapply.lab.ping.path import Leaving, Path
from netapply.lab.ping.syn import Syn, silent_port
from netapply.lab.ping.talk import Talk
from netapply.lab.tags import Vlan, stack

T = TypeVar("T")


def arp(
    host: Host,
    interface: str,
    address: str,
    *,
    source: str | None = None,
    vlan: Vlan | None = None,
    timeout: float = 1.0,
    attempts: int = 3,
) -> Outcome:
    """Ask on a link who has an IPv4 address (RFC 826).

    The question comes from `source`, else from the interface's address, else from 0.0.0.0 (RFC 5227),
    which is also what a tagged question does.
    """
    _check_version(4, address, "ndp")
    return _ask_neighbour(host, interface, address, source, vlan, "0.0.0.0", timeout, attempts)


def ndp(
    host: Host,
    interface: str,
    address: str,
    *,
    source: str | None = None,
    vlan: Vlan | None = None,
    timeout: float = 1.0,
    attempts: int = 3,
) -> Outcome:
    """Ask on a link who has an IPv6 address (RFC 4861); the source is chosen as for `arp`, at last "::"."""
    _check_version(6, address, "arp")
    return _ask_neighbour(host, interface, address, source, vlan, "::", timeout, attempts)


def icmp(
    host: Host,
    destination: str,
    *,
    size: int = 56,
    dont_fragment: bool = False,
    ttl: int = 64,
    timeout: float = 1.0,
    attempts: int = 3,
    **leaving: Unpack[Leaving],
) -> Outcome:
    """Send an echo request with `size` bytes of payload (28 more on the wire's IP layer) and await its reply.

    A packet larger than the own interface's MTU is sent in fragments, or refused with `dont_fragment`.
    """
    _check_version(4, destination, "icmpv6")
    return _echo(host, destination, timeout, attempts, leaving, size, dont_fragment, ttl)


def icmpv6(
    host: Host,
    destination: str,
    *,
    size: int = 56,
    hop_limit: int = 64,
    timeout: float = 1.0,
    attempts: int = 3,
    **leaving: Unpack[Leaving],
) -> Outcome:
    """The same over IPv6 (48 bytes of headers). Never fragmented, as IPv6 routers do not either.

    A link-local destination needs `interface`.
    """
    _check_version(6, destination, "icmp")
    return _echo(host, destination, timeout, attempts, leaving, size, True, hop_limit)


def tcp(
    host: Host,
    destination: str,
    port: int,
    *,
    timeout: float = 1.0,
    attempts: int = 3,
    **leaving: Unpack[Leaving],
) -> State | None:
    """Send a SYN: "open", "refused" (a RST or port unreachable), "unreachable", or None for silence.

    An open connection is reset at once, so that the other side keeps nothing half open.
    """

    def handshake(talk: Talk, mac: str) -> State | None:
        with silent_port(host, talk.path) as source_port:
            syn = Syn(talk.path, port, source_port)
            found = talk.ask([talk.frame(mac, syn.request())], syn.answer)
            if found is not None and found[0] is State.OPEN:
                talk.tell(talk.frame(mac, syn.reset()))
        return None if found is None else found[0]

    state = _converse(host, destination, timeout, attempts, leaving, handshake)
    return State.UNREACHABLE if isinstance(state, Refusal) else state


def _echo(
    host: Host,
    destination: str,
    timeout: float,
    attempts: int,
    leaving: Leaving,
    size: int,
    dont_fragment: bool,
    ttl: int,
) -> Outcome:
    def exchange(talk: Talk, mac: str) -> Outcome:
        echo = Echo(talk.path, size=size, dont_fragment=dont_fragment, ttl=ttl)
        too_long = echo.too_long(talk.mtu)
        if too_long is not None:
            return too_long
        frames = [talk.frame(mac, packet) for packet in echo.packets(talk.mtu)]
        return outcome(talk.ask(frames, echo.answer))

    return _converse(host, destination, timeout, attempts, leaving, exchange)


def _converse(
    host: Host,
    destination: str,
    timeout: float,
    attempts: int,
    leaving: Leaving,
    exchange: Callable[[Talk, str], T | None],
) -> T | Refusal | None:
    """Find the way and the next hop's MAC, then talk. An interface that takes no frames is a refusal."""
    way = path.find(host, destination, leaving)
    if isinstance(way, Refusal):
        return way
    with Talk(host, way, timeout=timeout, attempts=attempts) as talk:
        try:
            neighbouring = neighbour.resolve(talk, way.next_hop)
            return None if neighbouring is None else exchange(talk, neighbouring.mac)
        except OSError as error:
            return Refusal(f"{way.interface}: {error.strerror}")


def _ask_neighbour(
    host: Host,
    interface: str,
    address: str,
    source: str | None,
    vlan: Vlan | None,
    unspecified: str,
    timeout: float,
    attempts: int,
) -> Outcome:
    if source is None and vlan is None:
        source = path.source_for(host, interface, address)
    way = Path(interface, source or unspecified, address, address, stack(vlan))
    with Talk(host, way, timeout=timeout, attempts=attempts) as talk:
        try:
            return neighbour.resolve(talk, address)
        except OSError as error:
            return Refusal(f"{interface}: {error.strerror}")


def _check_version(version: int, address: str, right: str) -> None:
    try:
        found = ip_address(address).version
    except ValueError:
        raise LabError(f"cannot ping {address!r}: not an IPv4 or IPv6 address") from None
    if found != version:
        raise LabError(f"cannot ping {address} over IPv{version}: it is an IPv{found} address; use ping.{right}")
