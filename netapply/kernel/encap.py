"""Lightweight tunnels on the wire (include/uapi/linux/{lwtunnel,mpls_iptunnel,seg6_iptunnel,seg6_local}.h).

What netapply has no words for is kept as it came (`raw TYPE HEX`), so that an undo can give it back.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable
from typing import Final

from netapply.kernel.wire import message as m
from netapply.kernel.wire.definitions import IP_TUNNEL, MPLS_TUNNEL, SEG6, SEG6LOCAL
from netapply.kernel.wire.scalar import pack_ip, unpack_ip
from netapply.model.encap import ACTIONS, MODES, text_for, words_of

TYPES: Final = {"mpls": 1, "ip": 2, "ip6": 4, "seg6": 5, "seg6local": 7}
"""LWTUNNEL_ENCAP_*."""
WORDS: Final = {number: word for word, number in TYPES.items()}
RAW: Final = "raw"
FLAGS: Final = {"csum": 0x1, "key": 0x4, "seq": 0x8}
"""TUNNEL_CSUM, TUNNEL_KEY, TUNNEL_SEQ (include/uapi/linux/if_tunnel.h)."""
MODE_WORDS: Final = {number: word for word, number in MODES.items()}
ACTION_WORDS: Final = {number: word for word, number in ACTIONS.items()}
Form = tuple[Callable[[str], bytes], Callable[[bytes], str]]


def _number(layout: str) -> Form:
    shape = struct.Struct(layout)
    return lambda text: shape.pack(int(text)), lambda data: str(shape.unpack_from(data)[0])


def _labels(text: str) -> bytes:
    """A label stack (RFC 3032): 20 bits each, the last one marked as the bottom."""
    labels = [int(label) << 12 for label in text.split("/")]
    labels[-1] |= 1 << 8
    return b"".join(label.to_bytes(4, "big") for label in labels)


def _read_labels(data: bytes) -> str:
    return "/".join(str(int.from_bytes(data[at : at + 4], "big") >> 12) for at in range(0, len(data), 4))


IP, U8, U32, BE64 = (pack_ip, unpack_ip), _number("=B"), _number("=I"), _number(">Q")
ACTION: Final[Form] = (
    lambda word: struct.pack("=I", ACTIONS[word]),
    lambda data: ACTION_WORDS[struct.unpack_from("=I", data)[0]],
)
_TUNNEL: Final = {name.removeprefix("LWTUNNEL_IP_").lower(): number for name, (number, _) in IP_TUNNEL.items()}
_LOCAL: Final = {name.removeprefix("SEG6_LOCAL_").lower(): number for name, (number, _) in SEG6LOCAL.items()}
_ENDS: Final = {word: (_TUNNEL[word], form) for word, form in (("id", BE64), ("src", IP), ("dst", IP))}
FIELDS: Final[dict[str, dict[str, tuple[int, Form]]]] = {
    "mpls": {
        "labels": (MPLS_TUNNEL["MPLS_IPTUNNEL_DST"][0], (_labels, _read_labels)),
        "ttl": (MPLS_TUNNEL["MPLS_IPTUNNEL_TTL"][0], U8),
    },
    "ip": {**_ENDS, "ttl": (_TUNNEL["ttl"], U8), "tos": (_TUNNEL["tos"], U8)},
    "ip6": {**_ENDS, "hoplimit": (_TUNNEL["ttl"], U8), "tc": (_TUNNEL["tos"], U8)},
    "seg6local": {
        "action": (_LOCAL["action"], ACTION), "table": (_LOCAL["table"], U32), "vrftable": (_LOCAL["vrftable"], U32),
        "nh4": (_LOCAL["nh4"], IP), "nh6": (_LOCAL["nh6"], IP),
    },
}  # fmt: skip
"""Number and form of each word; the IPv6 tunnel counts its hop limit and class as IPv4's TTL and TOS."""


def pack_encap(text: str) -> tuple[int, bytes]:
    """Type and payload of RTA_ENCAP_TYPE and RTA_ENCAP (or NHA_…)."""
    if text.startswith(RAW):
        _, kind, data = text.split()
        return int(kind), bytes.fromhex(data)
    kind, said = words_of(text)
    if kind == "seg6":
        return TYPES[kind], m.attribute(SEG6["SEG6_IPTUNNEL_SRH"][0], _segments(said["mode"], said["segs"]))
    fields = FIELDS[kind]
    body = b"".join(
        m.attribute(fields[word][0], fields[word][1][0](value)) for word, value in said.items() if word in fields
    )
    flags = sum(FLAGS[word] for word in said.keys() & FLAGS.keys())
    return TYPES[kind], body + (m.attribute(_TUNNEL["flags"], struct.pack(">H", flags)) if flags else b"")


def read_encap(kind: int, data: bytes) -> str:
    """The tunnel in words."""
    word = WORDS.get(kind, "")
    seen = dict(m.attributes(data, 0, len(data)))
    try:
        if word == "seg6":
            return _read_segments(seen[SEG6["SEG6_IPTUNNEL_SRH"][0]])
        fields = FIELDS[word]
        if seen.keys() - {number for number, _ in fields.values()} - {_TUNNEL["flags"]}:
            return f"{RAW} {kind} {data.hex()}"
        said = {name: form[1](seen[number]) for name, (number, form) in fields.items() if number in seen}
    except KeyError:
        return f"{RAW} {kind} {data.hex()}"
    if word in ("ip", "ip6") and _TUNNEL["flags"] in seen:
        flags = struct.unpack_from(">H", seen[_TUNNEL["flags"]])[0]
        said |= {name: "" for name, bit in FLAGS.items() if flags & bit}
    return text_for(word, said)


def _segments(mode: str, text: str) -> bytes:
    """A segment routing header (RFC 8754), its last segment first, behind the mode."""
    segments = [pack_ip(segment) for segment in text.split(",")]
    last = len(segments) - 1
    header = bytes([0, 2 * len(segments), 4, last, last, 0, 0, 0])
    return MODES[mode].to_bytes(4, sys.byteorder) + header + b"".join(reversed(segments))


def _read_segments(data: bytes) -> str:
    mode = MODE_WORDS[int.from_bytes(data[:4], sys.byteorder)]
    segments = [unpack_ip(data[at : at + 16]) for at in range(12, len(data) - 15, 16)]
    return text_for("seg6", {"mode": mode, "segs": ",".join(reversed(segments))})
