"""Global kernel parameters that overwrite others, and what they make of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netapply.model.owned import Owned
from netapply.model.resource import Desired, Key
from netapply.model.sysctl import COUPLED, SPREADING, touched_by


def moved_by(path: str, value: str, links: Iterable[str]) -> Iterator[tuple[Key, str]]:
    """What a write to a parameter makes of others: keys, and the values that they get."""
    for other in touched_by(path, links):
        yield ("sysctl", other), _made_of(other, value)


def without_wish(path: str, found: str, desired: Desired, owned: Owned) -> str:
    """What a parameter is to be when no file names it: what its mover makes of it, if a file names that one or
    that one goes back itself; else what was found before netapply first wrote it."""
    for mover in _movers_of(path):
        wish = desired.get(("sysctl", mover))
        if wish is not None:
            return _made_of(path, str(wish.attributes["value"]))
        if ("sysctl", mover) in owned.set_here:
            return _made_of(path, str(owned.set_here["sysctl", mover]["value"]))
    return found


def _movers_of(path: str) -> Iterator[str]:
    for mover, template in SPREADING.items():
        begin, end = template.split("{}")
        link = path.removeprefix(begin).removesuffix(end)
        if path == template.format(link) and "/" not in link and link != "all":
            yield mover
    yield from (mover for mover, others in COUPLED.items() if path in others)


def _made_of(path: str, value: str) -> str:
    """Forwarding hosts accept no redirects (net/ipv4/devinet.c, inet_forward_change)."""
    return str(int(value == "0")) if path.endswith("/accept_redirects") else value
