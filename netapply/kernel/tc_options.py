"""The options of each qdisc on the wire (include/uapi/linux/pkt_sched.h); which ones, its table says (model.qdisc)."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, Final

from netapply.kernel.wire import message as m
from netapply.kernel.wire.scalar import SCALARS
from netapply.model.attribute import UNSET, Change, Value
from netapply.model.qdisc import qdisc_table
from netapply.model.tc_values import size_of, ticks_of

NUMBERS: Final[dict[str, tuple[int, str]]] = {
    "TCA_FQ_PLIMIT": (1, "uint32"), "TCA_FQ_FLOW_PLIMIT": (2, "uint32"), "TCA_FQ_QUANTUM": (3, "uint32"),
    "TCA_FQ_INITIAL_QUANTUM": (4, "uint32"), "TCA_FQ_RATE_ENABLE": (5, "uint32"),
    "TCA_FQ_CODEL_TARGET": (1, "uint32"), "TCA_FQ_CODEL_LIMIT": (2, "uint32"), "TCA_FQ_CODEL_INTERVAL": (3, "uint32"),
    "TCA_FQ_CODEL_ECN": (4, "uint32"), "TCA_FQ_CODEL_FLOWS": (5, "uint32"), "TCA_FQ_CODEL_QUANTUM": (6, "uint32"),
    "TCA_FQ_CODEL_MEMORY_LIMIT": (9, "uint32"),
    "TCA_CAKE_BASE_RATE64": (2, "uint64"), "TCA_CAKE_DIFFSERV_MODE": (3, "uint32"), "TCA_CAKE_FLOW_MODE": (5, "uint32"),
    "TCA_CAKE_OVERHEAD": (6, "int32"), "TCA_CAKE_RTT": (7, "uint32"), "TCA_CAKE_NAT": (11, "uint32"),
    "TCA_CAKE_WASH": (13, "uint32"), "TCA_CAKE_INGRESS": (15, "uint32"), "TCA_CAKE_ACK_FILTER": (16, "uint32"),
    "TCA_CAKE_SPLIT_GSO": (17, "uint32"),
}  # fmt: skip
NEVER = 2**32 - 1
UNTOUCHED: Final[dict[str, dict[int, tuple[int, ...]]]] = {
    # flow rate, buckets, refill delay, orphan mask, low rate threshold, CE threshold, timer slack, horizon, its drop
    "fq": {7: (NEVER,), 8: (10,), 9: (40_000,), 10: (1023,), 11: (68_750,), 12: (NEVER,), 13: (10_000,),
           14: (10_000_000,), 15: (1,)},
    "fq_codel": {7: (NEVER,), 8: (64,)},  # CE threshold (not there where it is off), drop batch
    # ATM, autorate, memory, minimum size, firewall mark
    "cake": {4: (0,), 9: (0,), 10: (0,), 14: (0,), 18: (0,)},
}  # fmt: skip
"""What netapply has no words for, by number, and what it is where nobody has set it."""
RATESPEC: Final = struct.Struct("=BBHhHI")
"""cell_log, linklayer, overhead, cell_align, mpu, bytes/s."""
LINKLAYER_ETHERNET: Final = 1
"""With it the kernel computes times itself, and wants no table of them."""
TCA_TBF_PARMS, TCA_TBF_RATE64 = 1, 4
TBF: Final = struct.Struct("=12s12sIII")
"""rate, peak rate, limit, burst in ticks, MTU of the peak rate."""
HTB: Final = struct.Struct("=12s12sIIIII")
"""rate, ceil, burst and cburst in ticks, quantum, level, prio."""
TCA_HTB_PARMS, TCA_HTB_INIT, TCA_HTB_RATE64, TCA_HTB_CEIL64 = 1, 2, 6, 7
HTB_INIT: Final = struct.Struct("=IIIII")
"""version, r2q, default class, debug, packets sent directly."""
HTB_VERSION, HTB_R2Q = 3, 10
NETEM: Final = struct.Struct("=IIIIII")
"""delay, limit, loss, gap, duplicate, jitter; times in ticks, where the 64-bit ones do not say better."""
TCA_NETEM_CORRUPT, TCA_NETEM_RATE, TCA_NETEM_RATE64, TCA_NETEM_LATENCY64, TCA_NETEM_JITTER64 = 4, 6, 8, 10, 11
NETEM_RATE: Final = struct.Struct("=IiIi")
Wish = Mapping[str, Value]


def spec_of(rate: int | None) -> bytes:
    """A struct tc_ratespec; `rate` in bit/s."""
    return RATESPEC.pack(0, LINKLAYER_ETHERNET if rate else 0, 0, 0, 0, min((rate or 0) // 8, 2**32 - 1))


def rate64(number: int, rate: int | None) -> bytes:
    """The rate where 32 bits do not hold it (34 Gbit/s and more)."""
    return m.attribute(number, struct.pack("=Q", (rate or 0) // 8)) if (rate or 0) // 8 >= 2**32 else b""


def rate_of(spec: bytes, wide: bytes | None) -> int:
    """The rate in bit/s."""
    return 8 * int(struct.unpack("=Q", wide)[0] if wide else RATESPEC.unpack(spec)[5])


def encode_options(kind: str, wish: Wish, *, change: bool) -> bytes:
    """The payload of TCA_OPTIONS: what is not wished for is as the kernel makes it; on a change, without what it
    refuses to change (the number of an fq_codel's queues)."""
    special = {"tbf": _encode_tbf, "netem": _encode_netem, "htb": _encode_htb}.get(kind)
    if special is not None:
        return special(wish)
    body = b""
    for row in qdisc_table(kind):
        value = wish.get(row.attribute, row.nla.default)
        fixed = row.change is Change.RECREATE and (change or row.attribute not in wish)
        if value is not UNSET and not fixed:
            number, form = NUMBERS[row.nla.name]
            body += m.attribute(number, SCALARS[form][0](0 if value is None else row.nla.unit.to_wire(value)))
    return body


def _encode_tbf(wish: Wish) -> bytes:
    rate = wish["rate"]
    found = wish.get("ticks")  # another program rounds otherwise
    ticks = found if found is not None and size_of(found, rate) == wish["burst"] else ticks_of(wish["burst"], rate)
    parameters = TBF.pack(spec_of(rate), spec_of(None), wish["limit"], ticks, 0)
    return m.attribute(TCA_TBF_PARMS, parameters) + rate64(TCA_TBF_RATE64, rate)


def _encode_htb(wish: Wish) -> bytes:
    default = qdisc_table("htb").rows["default"].nla.unit.to_wire(wish.get("default"))
    return m.attribute(TCA_HTB_INIT, HTB_INIT.pack(HTB_VERSION, HTB_R2Q, default, 0, 0))


def _encode_netem(wish: Wish) -> bytes:
    said = {row.attribute: wish.get(row.attribute, row.nla.default) for row in qdisc_table("netem")}
    parts = {
        name: qdisc_table("netem").rows[name].nla.unit.to_wire(said[name]) for name in ("loss", "duplicate", "corrupt")
    }
    rate = said["rate"]
    body = NETEM.pack(0, said["limit"], parts["loss"], 0, parts["duplicate"], 0)
    body += m.attribute(TCA_NETEM_LATENCY64, struct.pack("=q", said["delay"] * 1000))
    body += m.attribute(TCA_NETEM_JITTER64, struct.pack("=q", said["jitter"] * 1000))
    body += m.attribute(TCA_NETEM_CORRUPT, struct.pack("=II", parts["corrupt"], 0))
    body += rate64(TCA_NETEM_RATE64, rate)
    return body + m.attribute(TCA_NETEM_RATE, NETEM_RATE.pack(min((rate or 0) // 8, 2**32 - 1), 0, 0, 0))


def decode_options(kind: str, data: bytes) -> tuple[dict[str, Value], bool]:
    """The options, and whether these are all that the qdisc has (nothing that netapply does not know)."""
    special = {"tbf": _decode_tbf, "netem": _decode_netem, "htb": _decode_htb}.get(kind)
    if special is not None:
        return special(data)
    seen = dict(m.attributes(data, 0, len(data)))
    usual = UNTOUCHED.get(kind, {})
    whole = all(int.from_bytes(seen[number], "little") in values for number, values in usual.items() if number in seen)
    said: dict[str, Value] = {}
    for row in qdisc_table(kind):
        number, form = NUMBERS[row.nla.name]
        said[row.attribute] = (
            row.nla.unit.from_wire(SCALARS[form][1](seen[number])) if number in seen else row.nla.default
        )
    return said, whole


def _decode_tbf(data: bytes) -> tuple[dict[str, Value], bool]:
    seen = dict(m.attributes(data, 0, len(data)))
    spec, peak, limit, ticks, _ = TBF.unpack(seen[TCA_TBF_PARMS])
    rate = rate_of(spec, seen.get(TCA_TBF_RATE64))
    said: dict[str, Value] = {"rate": rate, "burst": size_of(ticks, rate), "limit": limit, "ticks": ticks}
    return said, not rate_of(peak, None) and _plain(spec)


def _plain(spec: bytes) -> bool:
    """Whether packets are counted as they are: without overhead, of a line that is Ethernet."""
    _, linklayer, overhead, _, mpu, _ = RATESPEC.unpack(spec)
    return not overhead and not mpu and linklayer & 0xF <= LINKLAYER_ETHERNET


def _decode_htb(data: bytes) -> tuple[dict[str, Value], bool]:
    seen = dict(m.attributes(data, 0, len(data)))
    _, r2q, default, *_ = HTB_INIT.unpack(seen[TCA_HTB_INIT])
    said = {"default": qdisc_table("htb").rows["default"].nla.unit.from_wire(default), "classes": ()}
    return said, r2q == HTB_R2Q


def _decode_netem(data: bytes) -> tuple[dict[str, Value], bool]:
    _, limit, loss, gap, duplicate, _ = NETEM.unpack_from(data)
    seen = dict(m.attributes(data, NETEM.size, len(data)))
    corrupt, correlation = struct.unpack("=II", seen.get(TCA_NETEM_CORRUPT, bytes(8)))
    speed, *overheads = NETEM_RATE.unpack(seen.get(TCA_NETEM_RATE, bytes(16)))
    wide = seen.get(TCA_NETEM_RATE64)
    raw: dict[str, Any] = {"loss": loss, "duplicate": duplicate, "corrupt": corrupt}
    rows = qdisc_table("netem").rows
    said: dict[str, Value] = {name: rows[name].nla.unit.from_wire(value) for name, value in raw.items()}
    said["rate"] = 8 * (struct.unpack("=Q", wide)[0] if wide else speed) or None
    said["limit"] = limit
    for name, number in (("delay", TCA_NETEM_LATENCY64), ("jitter", TCA_NETEM_JITTER64)):
        said[name] = struct.unpack("=q", seen.get(number, bytes(8)))[0] // 1000
    unknown = any(any(seen.get(number, b"")) for number in (1, 3, 5, 7)) or gap or correlation or any(overheads)
    return said, not unknown
