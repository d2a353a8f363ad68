"""The section `filter`: rules in turn, policies last, nothing that could never come to pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from netapply.model.filter import Isolate
from netapply.model.netfilter import Backend, jumps
from netapply.model.packet_rule import PacketRule, Target
from netapply.model.resource import Desired, Origin
from netapply.sources.collisions import add_once
from netapply.sources.declared import Part, earlier
from netapply.sources.wording import refusal

_SOLICITATION: Final = 135
"""Of a neighbour, in ICMPv6 (RFC 4861)."""


class Written(NamedTuple):
    """A rule, where it is written, and whether it only follows from what is written there."""

    rule: PacketRule
    origin: Origin
    implied: bool

    @property
    def chain(self) -> tuple[str, str]:
        return self.rule.inet, self.rule.place


EVERYTHING: Final = PacketRule("", "", "", "", Target("accept")).selectors()
"""The selectors of a rule that names none."""


def add_filter(desired: Desired, parts: Sequence[Part], backend: Backend) -> None:
    """Add the rules of all files, and the jumps to netapply's own chains where the backend needs them.

    InputError for a rule that is there twice, or that no packet could reach.
    """
    written = sorted(_written(parts), key=lambda item: item.rule.words.startswith("policy "))
    for item in _distinct(written):
        resource = item.rule.resource(backend)
        resource.origin = item.origin
        add_once(desired, resource, "this filter entry", "remove one")
    desired.notes += _warnings(written)
    if backend == "iptables":
        for resource in jumps(list(desired.family("filter"))):
            resource.origin = next(
                other.origin for other in desired.family("filter")
                if other.key[1] == resource.key[1] and other.key[3] == resource.key[4].split()[1]
            )  # fmt: skip
            desired.add(resource)


def _written(parts: Sequence[Part]) -> Iterator[Written]:
    for part in parts:
        for entry, node in zip(part.sections.filter, part.items("filter"), strict=True):
            for rule in entry.rules():
                yield Written(rule, node.origin, isinstance(entry, Isolate))


def _distinct(written: Iterable[Written]) -> Iterator[Written]:
    """Without what `isolate` would only say again."""
    seen: dict[tuple[tuple[str, str], tuple[object, ...]], Written] = {}
    for item in written:
        known = seen.get((item.chain, item.rule.selectors())) or seen.get((item.chain, EVERYTHING))
        if known is not None and known.rule.words == item.rule.words:
            if not item.implied:
                yield item
            continue
        if known is not None:
            raise _unreachable(item, known)
        seen[item.chain, item.rule.selectors()] = item
        yield item


def _unreachable(item: Written, known: Written) -> Exception:
    where = earlier(known.origin, item.origin)
    message = f"cannot use this filter entry: {where} ({known.rule.words}) decides on its packets before it"
    return refusal(f"{message}; remove one of the two, or move this one up", item.origin)


def _warnings(written: Sequence[Written]) -> Iterator[str]:
    """What a policy cuts off although nobody means it to, once for each line of the file."""
    told: set[tuple[Origin, str]] = set()
    for item in (item for item in written if item.rule.words.startswith("policy ")):
        accepted = [other.rule for other in written if other.chain == item.chain and other.rule.target.name == "accept"]
        for missing in _missing(item.rule, accepted):
            if (item.origin, missing) not in told:
                told.add((item.origin, missing))
                yield f"{item.origin}: {item.rule.words}: {missing}"


def _missing(policy: PacketRule, accepted: list[PacketRule]) -> Iterator[str]:
    hook = policy.place
    if not any("established" in rule.states for rule in accepted):
        yield f"it cuts connections that exist; before it, put {{accept: {hook}, state: [established, related]}}"
    if hook != "forward" and not any("lo" in (rule.iif, rule.oif) for rule in accepted):
        yield f"it cuts the loopback; before it, put {{accept: {hook}, {'in' if hook == 'input' else 'out'}: lo}}"
    neighbours = any(rule.proto == "icmp" and rule.icmp in (None, _SOLICITATION) for rule in accepted)
    if hook != "forward" and policy.inet == "inet6" and not neighbours:
        yield f"without ICMP there are no IPv6 neighbours; before it, put {{accept: {hook}, proto: icmp}}"
