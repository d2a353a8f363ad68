"""Filter rules in words, back to the entries that a file would hold: the way from the kernel to `show`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from netapply.model.netfilter import is_jump, place_of
from netapply.model.resource import Key

_LISTS = ("from_port", "port", "state")


def entries_of(keys: Iterable[Key]) -> list[dict[str, Any]]:
    """The section `filter`: what is the same for both families in the same order is written once."""
    chains: dict[str, dict[str, list[str]]] = {}
    for key in keys:
        if not is_jump(key):
            chains.setdefault(place_of(key), {"inet": [], "inet6": []})[key[1]].append(key[4])
    found = [item for chain in chains.values() for item in _merged(chain["inet"], chain["inet6"])]
    found.sort(key=lambda item: item[0].startswith("policy "))
    return [entry_of(words, family) for words, family in found]


def _merged(four: list[str], six: list[str]) -> Iterator[tuple[str, str]]:
    """Both lists as one, in which each keeps its order."""
    done = 0
    for words in four:
        if words not in six[done:]:
            yield words, "inet"
            continue
        at = six.index(words, done)
        yield from ((other, "inet6") for other in six[done:at])
        yield words, "both"
        done = at + 1
    yield from ((other, "inet6") for other in six[done:])


def entry_of(words: str, family: str) -> dict[str, Any]:
    """One entry; `family` is inet, inet6 or both."""
    verb, hook, *rest = words.split()
    if verb == "policy":
        return {"policy": {hook: rest[0]}, **_family(words, family)}
    said: dict[str, Any] = {verb: hook}
    for name, value in zip(rest[::2], rest[1::2], strict=True):
        if (name, value) != ("with", "port-unreachable"):
            said[name] = value.split(",") if name in _LISTS and "," in value else value
    return {**said, **_family(words, family)}


def _family(words: str, family: str) -> dict[str, str]:
    """Said where no address tells it, and it is not both."""
    told = {" from ", " to "} & {f" {word} " for word in words.split()}
    return {} if told or family == "both" else {"family": family}
