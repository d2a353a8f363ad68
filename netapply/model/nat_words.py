"""A rule in words, back to the entry that a file would hold: the way from the kernel to `show`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from netapply.model.resource import Key

PROTOCOLS: Final = ("tcp", "udp")


def entry_of(key: Key) -> dict[str, Any]:
    """The file's entry for a NAT rule, from the words in its key (see `netapply.model.nat`)."""
    inet, text = key[1], key[4]
    words = iter(text.split())
    verb = next(words)
    if verb == "ct":
        verb = f"ct_{next(words)}"
    entry: dict[str, Any] = {verb: next(words), **dict(_pairs(words, verb))}
    if inet == "inet6" and ":" not in text:
        entry["family"] = inet
    return entry


def _pairs(words: Iterator[str], verb: str) -> Iterator[tuple[str, Any]]:
    for word in words:
        if word in PROTOCOLS:
            yield "proto", word
            continue
        value = next(words)
        if word == "not":
            yield "not_dst", next(words)
        elif word == "ports" or value == "ports":
            yield "to_ports", next(words) if value == "ports" else value
        elif word == "port" and verb == "dnat":
            yield "port", value.split(",")
        else:
            yield word, value
