"""The language of iptables-save and iptables-restore: rules in text, and netapply's mark on them.

A rule is netapply's if its comment begins with the mark; the rest of the comment is the rule in words, the
last part of its key. The nft and the legacy variant print the same text for every rule that netapply writes
(seen with 1.8.9, tested for each form), so a rule is compared as its words in their order.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from netapply.kernel.iptables_presence import MARK as MARK
from netapply.kernel.iptables_presence import TABLES
from netapply.model.netfilter import OWN_CHAIN
from netapply.model.resource import Key, Resource

_TOKEN: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
_ESCAPED: Final = re.compile(r"\\(.)")
_PLAIN: Final = re.compile(r"[^\s\"'\\]+")
_UNREADABLE: Final = re.compile(r"# Table `(\w+)' is incompatible")
_COMMENT: Final = ("-m", "comment")


@dataclass(slots=True)
class Saved:
    """What iptables-save says: netapply's rules, the length of every chain, tables that it cannot print."""

    resources: list[Resource] = field(default_factory=list)
    lengths: Counter[tuple[str, str]] = field(default_factory=Counter)
    own: set[str] = field(default_factory=set)
    """Netapply's own chains that there are, whoever made them."""
    jumps: Counter[str] = field(default_factory=Counter)
    """How many rules lead to each of them."""
    unreadable: set[str] = field(default_factory=set)


def tokens(text: str) -> list[str]:
    """Words, quoted as iptables does it: with double quotes, a backslash before what they would end."""
    return [
        _ESCAPED.sub(r"\1", quoted) if bare is None else bare
        for quoted, bare in (match.group(1, 2) for match in _TOKEN.finditer(text))
    ]


def quoted(token: str) -> str:
    """A word as iptables-restore reads it back."""
    if _PLAIN.fullmatch(token):
        return token
    escaped = re.sub(r'(["\\])', r"\\\1", token)
    return f'"{escaped}"'


def split_comment(words: list[str]) -> tuple[str, str] | None:
    """The rule without netapply's comment, and what the comment says behind the mark; None if foreign.

    A comment that does not stand in its place, last before the target, leaves `-m comment` where it stood:
    iptables deletes a rule only if its matches come in the same order.
    """
    for at in range(2, len(words) - 1):
        if words[at] != "--comment" or not words[at + 1].startswith(MARK):
            continue
        after = words[at + 2 :]
        displaced = bool(after) and after[0] not in ("-j", "-g")
        rest = [*words[: at - 2], *(_COMMENT if displaced else ()), *after]
        return " ".join(map(quoted, rest)), words[at + 1].removeprefix(MARK)
    return None


def with_comment(rule: str, said: str) -> str:
    """The rule with netapply's comment in its place: the inverse of `split_comment`."""
    words = tokens(rule)
    comment = ["--comment", MARK + said]
    for at in range(len(words) - 1):
        if tuple(words[at : at + 2]) == _COMMENT and words[at + 2 : at + 3] != ["--comment"]:
            return " ".join(map(quoted, [*words[: at + 2], *comment, *words[at + 2 :]]))
    jump = next((at for at, word in enumerate(words) if word in ("-j", "-g")), len(words))
    return " ".join(map(quoted, [*words[:jump], *_COMMENT, *comment, *words[jump:]]))


def parse(text: str, inet: str, variant: str) -> Saved:
    """Read the output of iptables-save for the tables that netapply writes to.

    `position` counts from 1 among all rules of the chain.
    """
    saved, table = Saved(), ""
    for line in text.splitlines():
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith("-A ") and table in TABLES:
            _count(saved, table, line, inet, variant)
        elif line.startswith(f":{OWN_CHAIN}") and table == "filter":
            saved.own.add(line[1:].split()[0])
        elif line.startswith("#") and (match := _UNREADABLE.match(line)):
            saved.unreadable.add(match[1])
    return saved


def _count(saved: Saved, table: str, line: str, inet: str, variant: str) -> None:
    chain, _, rest = line[3:].partition(" ")
    saved.lengths[table, chain] += 1
    target = jump_target(rest) if OWN_CHAIN in rest else ""
    if target:
        saved.jumps[target] += 1
    found = split_comment(tokens(rest)) if MARK in rest else None
    if found is not None:
        family = "filter" if table == "filter" else "nat"
        key: Key = (family, inet, table, chain, found[1])
        facts = {"position": saved.lengths[table, chain], "variant": variant}
        saved.resources.append(Resource(key, family, {"rule": found[0]}, facts))


def jump_target(rule: str) -> str:
    """The chain of netapply's own that a rule leads to; empty for any other rule."""
    words = tokens(rule)
    return next(
        (target for option, target in pairwise(words) if option in ("-j", "-g") and target.startswith(OWN_CHAIN)), ""
    )
