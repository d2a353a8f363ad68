"""The model's policy rules (net/core/fib_rules.c) and NAT rules (iptables-restore(8))."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from typing import Any

from netapply.errors import KernelError
from netapply.kernel.iptables_input import Line, NatChange, compose
from netapply.kernel.iptables_text import Saved, parse
from netapply.model.resource import Key, Resource
from netapply.model.routing import OUTCOMES, SELECTORS, rule_key

Attributes = dict[str, Any]
FIELDS = (*SELECTORS, "table", "action", *OUTCOMES, "protocol")
OPEN_WHEN_ADDED = ("src", "dst", "tos")
"""Selectors that match every rule where a rule to be added leaves them out: seen as EEXIST."""


class Rules:
    """Rules in the order in which they are asked."""

    def __init__(self) -> None:
        self.all: list[tuple[str, int, Attributes]] = []
        for inet in ("inet", "inet6"):
            tables = {0: 255, 32766: 254} | ({32767: 253} if inet == "inet" else {})
            for priority, table in tables.items():
                self._insert(inet, priority, {"table": table, "protocol": 2})

    def _insert(self, inet: str, priority: int, wish: Attributes) -> None:
        full = {**dict.fromkeys(FIELDS), "action": "lookup", "protocol": 110, **wish}
        self.all.append((inet, priority, full))
        self.all.sort(key=lambda rule: rule[1])

    def create(self, key: Key, wish: Attributes) -> None:
        said = {name: value for name, value in wish.items() if value is not None}
        said = {"action": "lookup", "protocol": 110, **said}
        for _, rule in self._of(key):
            strict = [name for name in FIELDS if name not in OPEN_WHEN_ADDED]
            twin = all(rule[name] == said.get(name) for name in strict)
            if twin and all(rule[name] == said[name] for name in OPEN_WHEN_ADDED if name in said):
                raise KernelError(f"create rule {' '.join(key)}", errno.EEXIST)
        self._insert(key[1], int(key[2]), said)

    def delete(self, key: Key, wish: Attributes) -> None:
        """The first rule that agrees in all that is said."""
        said = {name: value for name, value in wish.items() if value is not None}
        for place, rule in self._of(key):
            if all(rule[name] == value for name, value in said.items()):
                del self.all[place]
                return
        raise KernelError(f"delete rule {' '.join(key)}", errno.ENOENT)

    def _of(self, key: Key) -> Iterator[tuple[int, Attributes]]:
        for place, (inet, priority, rule) in enumerate(self.all):
            if (inet, str(priority)) == key[1:3]:
                yield place, rule

    def resources(self) -> Iterator[Resource]:
        for inet, priority, rule in self.all:
            yield Resource(rule_key(inet, priority, rule), "rule", dict(rule))


class Nat:
    """Chains as iptables-save prints them, one list of rules for each (family, table, chain)."""

    def __init__(self) -> None:
        self.chains: dict[tuple[str, str, str], list[str]] = {
            (inet, table, chain): []
            for inet in ("inet", "inet6")
            for table, chain in (
                ("nat", "PREROUTING"),
                ("nat", "POSTROUTING"),
                ("raw", "PREROUTING"),
                ("filter", "FORWARD"),
                ("filter", "INPUT"),
                ("filter", "OUTPUT"),
            )
        }

    def saved(self, inet: str) -> Saved:
        lines: list[str] = []
        for table in ("nat", "raw", "filter"):
            lines.append(f"*{table}")
            lines += [f":{chain} - [0:0]" for (family, owner, chain) in self.chains if (family, owner) == (inet, table)]
            for (family, owner, chain), rules in self.chains.items():
                if (family, owner) == (inet, table):
                    lines += [f"-A {chain} {rule}" for rule in rules]
            lines.append("COMMIT")
        return parse("\n".join(lines), inet, "nft")

    def restore(self, changes: Iterable[NatChange]) -> None:
        """One run of iptables-restore a family; what it commits, it commits table by table."""
        wanted = list(changes)
        for inet in ("inet", "inet6"):
            mine = [change for change in wanted if change.key[1] == inet]
            if mine:
                self._run(inet, compose(mine, self.saved(inet)))

    def _run(self, inet: str, lines: list[Line]) -> None:
        table = ""
        open_chains: dict[tuple[str, str, str], list[str]] = {}
        for line in lines:
            if line.text.startswith("*"):
                table = line.text[1:]
                open_chains = {key: list(rules) for key, rules in self.chains.items()}
            elif line.text == "COMMIT":
                self.chains = open_chains
            else:
                self._command(open_chains, inet, table, line.text)

    def _command(self, chains: dict[tuple[str, str, str], list[str]], inet: str, table: str, text: str) -> None:
        option, chain, rest = f"{text} ".split(" ", 2)
        rest, key = rest.strip(), (inet, table, chain)
        if (option == "-N") != (key not in chains):
            raise KernelError(f"restore {text}", errno.EEXIST if option == "-N" else errno.ENOENT)
        rules = chains.setdefault(key, [])
        beside = [rule for other, listed in chains.items() if other[:2] == key[:2] for rule in listed]
        if option == "-X" and not rules and not any(f"-j {chain}" in rule for rule in beside):
            del chains[key]
        elif option == "-N":
            pass
        elif option == "-A":
            rules.append(rest)
        elif option == "-D" and rest in rules:
            rules.remove(rest)
        elif option == "-I" and int(rest.partition(" ")[0]) <= len(rules) + 1:
            place, _, rule = rest.partition(" ")
            rules.insert(int(place) - 1, rule)
        else:
            raise KernelError(f"restore {text}", errno.EINVAL)

    def resources(self) -> Iterator[Resource]:
        for inet in ("inet", "inet6"):
            yield from self.saved(inet).resources
