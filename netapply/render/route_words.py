"""Routes and rules in the words of ip-route(8) and ip-rule(8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from netapply.model.attribute import Value
from netapply.model.resource import Key
from netapply.model.routing import ANY, METRIC_IPV6, OUTCOMES, TABLES, Nexthop

_TABLE_NAMES: Final = {str(number): name for name, number in TABLES.items()}
_UNSAID_METRIC: Final = {"inet": "0", "inet6": str(METRIC_IPV6)}
_UNSAID: Final = {"type": "unicast", "protocol": "netapply", "scope": "global"}
"""Values that a reader takes for granted."""


def whole(key: Key, attributes: Mapping[str, Value]) -> str:
    """A whole route: `route default via 192.0.2.1 dev eno1 metric 100 table 100`."""
    words = [_destination(key, attributes)]
    hops = _hops(attributes.get("nexthops"))
    words += [str(hops[0])] if len(hops) == 1 else []
    words += _metric_and_table(key)
    words += [f"{name} {value}" for name, value in attributes.items() if _worth_saying(name, value, hops)]
    return " ".join(words)


def identity(key: Key, attributes: Mapping[str, Value]) -> str:
    """What tells a route from others, for a change that prints the rest as steps."""
    return " ".join([_destination(key, attributes), *_metric_and_table(key)])


def ways(attributes: Mapping[str, Value]) -> list[tuple[str, str]]:
    """A line for each nexthop of a route that has several."""
    hops = _hops(attributes.get("nexthops"))
    return [("nexthop", str(hop)) for hop in hops] if len(hops) > 1 else []


def ways_in_line(value: Value) -> str:
    return ", ".join(str(hop) for hop in _hops(value))


def _hops(value: Value) -> list[Nexthop]:
    """A nexthop that was in a journal is a plain list."""
    return [Nexthop(*hop) for hop in value or ()]


def _destination(key: Key, attributes: Mapping[str, Value]) -> str:
    inet, to = key[1], key[3]
    kind = attributes.get("type") or "unicast"
    hops = _hops(attributes.get("nexthops"))
    if to == ANY[inet] and (inet == "inet" or any(hop.via for hop in hops)):
        to = "default"  # else the family would be left unsaid
    return f"route {to}" if kind == "unicast" else f"route {kind} {to}"


def _metric_and_table(key: Key) -> list[str]:
    inet, table, metric, tos = key[1], key[2], key[4], key[5]
    words = [f"metric {metric}"] if metric != _UNSAID_METRIC[inet] else []
    words += [f"tos {tos}"] if tos != "0" else []
    words += [f"table {_TABLE_NAMES.get(table, table)}"] if table != str(TABLES["main"]) else []
    return words


def _worth_saying(name: str, value: Value, hops: list[Nexthop]) -> bool:
    if value is None or name in ("nexthops", "type") or value == _UNSAID.get(name):
        return False
    return name != "scope" or value != "link" or any(hop.via for hop in hops)


def rule(key: Key, attributes: Mapping[str, Value]) -> str:
    """A whole rule: `rule 100 from 10.0.0.0/8 lookup 100`."""
    words = ["rule", key[2]]
    words += ["not"] if attributes.get("invert") else []
    words += _selector(attributes) or ["from all"]
    words += _outcome(attributes)
    addressed = any(attributes.get(name) for name in ("src", "dst"))
    return " ".join([*words, "(IPv6)"] if key[1] == "inet6" and not addressed else words)


def _selector(attributes: Mapping[str, Value]) -> list[str]:
    words = [f"{word} {attributes[name]}" for name, word in _SELECTOR_WORDS.items() if attributes.get(name)]
    mark, mask = attributes.get("fwmark"), attributes.get("fwmask")
    if mark is not None:
        words.append(f"fwmark {mark:#x}" + (f"/{mask:#x}" if mask not in (None, 2**32 - 1) else ""))
    return words


_SELECTOR_WORDS: Final = {
    "src": "from", "dst": "to", "iif": "iif", "oif": "oif", "tos": "tos", "ipproto": "ipproto", "sport": "sport",
    "dport": "dport", "uidrange": "uidrange", "tun_id": "tun_id",
}  # fmt: skip


def _outcome(attributes: Mapping[str, Value]) -> list[str]:
    action = attributes.get("action") or "lookup"
    table = str(attributes.get("table") or "")
    looked_up = "l3mdev" if attributes.get("l3mdev") else _TABLE_NAMES.get(table, table)
    words = [f"lookup {looked_up}"] if action == "lookup" else [action] if action != "goto" else []
    return words + [f"{name} {attributes[name]}" for name in OUTCOMES if attributes.get(name) is not None]
