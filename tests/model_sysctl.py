"""The model's kernel parameters: what a write to one of them does to the others (net/ipv4/devinet.c,
net/ipv6/addrconf.c; each rule seen on Linux 6.18)."""

from __future__ import annotations

import errno
from collections.abc import Iterator

from netapply.errors import KernelError

IPV4 = {"forwarding": "0", "proxy_arp": "0", "promote_secondaries": "0", "accept_redirects": "1"}
IPV6 = {"forwarding": "0", "disable_ipv6": "0", "keep_addr_on_down": "0", "accept_ra": "1"}
SPREADING = {("ipv4", "forwarding"), ("ipv6", "forwarding"), ("ipv6", "disable_ipv6")}
"""What a write to `all` copies to every interface and to `default`."""


def _tree(protocol: str) -> dict[str, str]:
    return IPV4 if protocol == "ipv4" else IPV6


class Parameters:
    """Values by path below /proc/sys; a link's own exist as long as the link does."""

    def __init__(self) -> None:
        self.values = {"net/ipv4/tcp_syncookies": "1"}
        self._chosen: set[str] = set()
        """Paths that somebody wrote to: `default` no longer speaks for them."""
        for place in ("all", "default"):
            for protocol in ("ipv4", "ipv6"):
                self._fill(protocol, place, _tree(protocol))

    def _fill(self, protocol: str, place: str, values: dict[str, str]) -> None:
        self.values |= {f"net/{protocol}/conf/{place}/{name}": value for name, value in values.items()}

    def _default(self, protocol: str) -> dict[str, str]:
        return {name: self.values[f"net/{protocol}/conf/default/{name}"] for name in _tree(protocol)}

    def add(self, link: str, protocol: str) -> None:
        """A link's tree begins with the values of `default`, and as much its own as those are (inetdev_init)."""
        if f"net/{protocol}/conf/{link}/forwarding" not in self.values:
            self._fill(protocol, link, self._default(protocol))
            begin = f"net/{protocol}/conf/default/"
            written = [path.removeprefix(begin) for path in self._chosen if path.startswith(begin)]
            self._chosen |= {f"net/{protocol}/conf/{link}/{name}" for name in written}

    def remove(self, link: str, protocol: str) -> None:
        paths = [f"net/{protocol}/conf/{link}/{name}" for name in _tree(protocol)]
        for path in paths:
            self.values.pop(path, None)
        self._chosen.difference_update(paths)

    def choose_all(self, link: str) -> None:
        """An IPv4 address given by hand makes all of the link's IPv4 parameters its own."""
        self._chosen |= {f"net/ipv4/conf/{link}/{name}" for name in IPV4}

    def read(self, path: str) -> str | None:
        return self.values.get(_real(path))

    def of(self, protocol: str, link: str, name: str) -> str:
        """One parameter of a link; empty where the link has no such tree."""
        return self.values.get(f"net/{protocol}/conf/{link}/{name}", "")

    def unusual(self, link: str) -> Iterator[tuple[str, str]]:
        """What is not as a link that is made now would have it."""
        for protocol in ("ipv4", "ipv6"):
            for name, usual in self._default(protocol).items():
                path = f"net/{protocol}/conf/{link}/{name}"
                if self.values.get(path, usual) != usual:
                    yield path, self.values[path]

    def write(self, path: str, value: str) -> None:
        path = _real(path)
        if path not in self.values:
            raise KernelError(f"set {path}", errno.ENOENT)
        changed = self.values[path] != value
        self.values[path] = value
        self._chosen.add(path)
        if path.startswith(("net/ipv4/conf/", "net/ipv6/conf/")):
            _, protocol, _, place, name = path.split("/")
            self._spread(protocol, place, name, value, changed=changed)

    def _spread(self, protocol: str, place: str, name: str, value: str, *, changed: bool) -> None:
        if place == "all" and (protocol, name) in SPREADING and (changed or protocol == "ipv6"):
            self._copy(protocol, name, value, but=("all",))
            if protocol == "ipv4":
                self.values["net/ipv4/conf/all/accept_redirects"] = str(int(value == "0"))
        elif place == "default" and protocol == "ipv4" and name != "forwarding":
            self._copy(protocol, name, value, but=("all", "default"), unchosen=True)

    def _copy(self, protocol: str, name: str, value: str, *, but: tuple[str, ...], unchosen: bool = False) -> None:
        for path in self.values:
            _, _, rest = path.partition(f"net/{protocol}/conf/")
            place, _, last = rest.partition("/")
            if last == name and place not in but and not (unchosen and path in self._chosen):
                self.values[path] = value


def _real(path: str) -> str:
    return "net/ipv4/conf/all/forwarding" if path == "net/ipv4/ip_forward" else path
