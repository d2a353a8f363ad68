"""Lightweight tunnels of routes and nexthops (ip-route(8), `encap`; include/uapi/linux/lwtunnel.h).

Written in the words of ip-route(8), and compared as that text: each word in one order, and none that says
what the kernel does anyway.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final

from pydantic import BeforeValidator

from netapply.model.values import ip_address, text_of

Check = Callable[[str], str]
NOTHING: Final = ("0", "0.0.0.0", "::")
SILENT: Final = ("id", "src", "ttl", "tos", "hoplimit", "tc")
"""Words that say no more than silence with one of the values in NOTHING."""
MODES: Final = {"encap": 1, "l2encap": 2}
"""How a segment list is put on (include/uapi/linux/seg6_iptunnel.h)."""
ACTIONS: Final = {
    "End": 1, "End.X": 2, "End.T": 3, "End.DX6": 5, "End.DX4": 6, "End.DT6": 7, "End.DT4": 8, "End.DT46": 16,
}  # fmt: skip
"""What is done at the end of a segment (include/uapi/linux/seg6_local.h)."""
_NEEDS: Final = {
    "End.X": "nh6", "End.T": "table", "End.DX6": "nh6", "End.DX4": "nh4", "End.DT4": "vrftable", "End.DT46": "vrftable",
}  # fmt: skip


def _number(high: int) -> Check:
    def check(text: str) -> str:
        if not (text.isascii() and text.isdecimal() and int(text) <= high):
            raise ValueError(f"{text!r} is no number from 0 to {high}")
        return str(int(text))

    return check


def _address(version: int) -> Check:
    def check(text: str) -> str:
        address = ip_address(text)
        if (":" in address) != (version == 6):
            raise ValueError(f"{text!r} is no IPv{version} address")
        return address

    return check


def _one_of(words: dict[str, int]) -> Check:
    def check(text: str) -> str:
        if text not in words:
            raise ValueError(f"{text!r} is none of {', '.join(words)}")
        return text

    return check


def _labels(text: str) -> str:
    return "/".join(_number(2**20 - 1)(label) for label in text.split("/"))


def _segments(text: str) -> str:
    return ",".join(_address(6)(segment) for segment in text.split(","))


_IP_FLAGS: Final[dict[str, Check | None]] = {"csum": None, "key": None, "seq": None}
WORDS: Final[dict[str, dict[str, Check | None]]] = {
    "mpls": {"labels": _labels, "ttl": _number(255)},
    "ip": {
        "id": _number(2**64 - 1), "src": _address(4), "dst": _address(4), "ttl": _number(255), "tos": _number(255),
        **_IP_FLAGS,
    },
    "ip6": {
        "id": _number(2**64 - 1), "src": _address(6), "dst": _address(6), "hoplimit": _number(255),
        "tc": _number(255), **_IP_FLAGS,
    },
    "seg6": {"mode": _one_of(MODES), "segs": _segments},
    "seg6local": {
        "action": _one_of(ACTIONS), "table": _number(2**32 - 1), "vrftable": _number(2**32 - 1),
        "nh4": _address(4), "nh6": _address(6),
    },
}  # fmt: skip
"""The words of each tunnel in their order, and what follows them; a word without a check stands alone."""
UNSAID: Final = {"mpls": "labels"}
"""The word that ip-route(8) leaves out in front of the value."""
_REQUIRED: Final = {
    "mpls": ("labels",), "ip": ("dst",), "ip6": ("dst",), "seg6": ("mode", "segs"), "seg6local": ("action",),
}  # fmt: skip


def words_of(text: str) -> tuple[str, dict[str, str]]:
    """The tunnel's type, and its words with what follows them (nothing behind a word that stands alone)."""
    kind, *words = text.split()
    known = WORDS[kind]
    if kind in UNSAID:
        words.insert(0, UNSAID[kind])
    said: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        if word not in known:
            raise ValueError(f"{word!r} is no word of encap {kind}; known are {', '.join(known)}")
        check = known[word]
        said[word] = "" if check is None else _followed(word, next(rest, None), check)
    return kind, said


def _followed(word: str, value: str | None, check: Check) -> str:
    if value is None:
        raise ValueError(f"there is nothing behind {word!r}")
    return check(value)


def text_for(kind: str, said: dict[str, str]) -> str:
    """The one text for these words."""
    words = [kind]
    for word in WORDS[kind]:
        if word in said and not (word in SILENT and said[word] in NOTHING):
            words += [word] if word != UNSAID.get(kind) else []
            words += [said[word]] if said[word] else []
    return " ".join(words)


def encap_text(value: object) -> str:
    """A tunnel in words, in canonical form: `mpls 100/200`, `ip id 7 dst 192.0.2.9`."""
    text = text_of(value).strip()
    kind = text.partition(" ")[0]
    if kind not in WORDS:
        raise ValueError(f"{text!r} is no encap; it begins with {', '.join(WORDS)}")
    kind, said = words_of(text)
    missing = [word for word in _REQUIRED[kind] if not said.get(word)]
    missing += [word for word in [_NEEDS.get(said.get("action", ""), "")] if word and word not in said]
    if said.get("action") == "End.DT6" and not {"table", "vrftable"} & said.keys():
        missing.append("table")
    if missing:
        raise ValueError(f"encap {kind} needs {' and '.join(missing)}")
    return text_for(kind, said)


Encap = Annotated[str, BeforeValidator(encap_text)]
