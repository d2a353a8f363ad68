"""A node's network as iproute2 tells it, to compare before and after without asking netapply."""

from __future__ import annotations

import json
from typing import Any, Final

from netapply.lab import Host

QUESTIONS: Final = {
    "links": (("-details", "link", "show"),),
    "addresses": (("address", "show"),),
    "routes": (("-4", "route", "show", "table", "all"), ("-6", "route", "show", "table", "all")),
    "rules": (("-4", "rule", "show"), ("-6", "rule", "show")),
}

State = dict[str, list[str]]


def state_of(node: Host) -> State:
    """Every link, address, route and rule of the node, each as one line of JSON."""
    return {
        what: [line for question in asked for line in _answers(node, question)] for what, asked in QUESTIONS.items()
    }


def _answers(node: Host, question: tuple[str, ...]) -> list[str]:
    printed = node.run(["ip", "-json", *question]).stdout
    found = [item for item in json.loads(printed or "[]") if item]
    if question[0] == "address":
        found = [{"link": link["ifname"], **address} for link in found for address in link["addr_info"]]
    return sorted(json.dumps(item, sort_keys=True) for item in found)


def difference(before: State, after: State) -> str:
    """What is in one state only; empty if they are equal."""
    lines: list[Any] = []
    for what, items in before.items():
        lines += [f"lost {what}: {item}" for item in items if item not in after[what]]
        lines += [f"extra {what}: {item}" for item in after[what] if item not in items]
    return "; ".join(lines)
