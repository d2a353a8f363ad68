"""Filter rules, as the file writes them.

    {accept: forward, state: [established, related]}
    {drop: forward, in: eno1, to: 10.10.10.0/24}
    {reject: input, proto: tcp, port: 23}
    {isolate: 10.10.10.0/24}
    {policy: {forward: drop}}

Which of the five words an entry has tells what it is. Rules are tried in turn, a policy last of all. Where
no address tells the family, a rule is for IPv4 and IPv6: a door that is closed for one only is open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, Field, ValidatorFunctionWrapHandler, WrapValidator, model_validator

from netapply.model.filter_values import ICMP, Hook, IcmpType, NetworkOrLink, Rejection, States
from netapply.model.nat import Entry, family_told, joined, limited
from netapply.model.nat_values import ANY, Interface, PortList, Prefix, shown
from netapply.model.packet_rule import LONGEST, PacketRule, Target

FilterProtocol = Literal["tcp", "udp", "sctp", "icmp", "esp"]
FamilyChoice = Annotated[
    Literal["inet", "inet6", "both"] | None, Field(description="where no address tells; both if not given")
]
BOTH: Final = ("inet", "inet6")


def families(choice: Literal["inet", "inet6", "both"] | None, addresses: Iterable[str | None]) -> tuple[str, ...]:
    """The families of an entry. ValueError where its addresses are of two, or not of the one it names."""
    given = [address for address in addresses if address not in (None, ANY)]
    if not given:
        return BOTH if choice in (None, "both") else (choice,)
    if choice == "both":
        raise ValueError("a rule with an address is for the family of that address; leave family out")
    return (family_told(choice, given),)


class Selecting(Entry):
    """What accept, drop and reject share: which packets are meant."""

    iif: Annotated[Interface | None, Field(alias="in", description="incoming device; eth+ means every eth…")] = None
    oif: Annotated[Interface | None, Field(alias="out", description="outgoing device; eth+ means every eth…")] = None
    source: Annotated[Prefix | None, Field(alias="from", description="source prefix, or any")] = None
    destination: Annotated[Prefix | None, Field(alias="to", description="destination prefix, or any")] = None
    proto: Annotated[
        FilterProtocol | None, Field(description="protocol, which ports need; icmp is ICMPv6 for IPv6")
    ] = None
    from_port: Annotated[PortList, Field(description="source port, a range like 8000-8010, or a list of both")] = ()
    port: Annotated[PortList, Field(description="destination port, a range, or a list of both")] = ()
    icmp: Annotated[IcmpType | None, Field(description="type of ICMP")] = None
    state: Annotated[
        States, Field(description="of the connection, one or a list: established, related, new, invalid, untracked")
    ] = ()
    family: FamilyChoice = None

    def hook(self) -> str:
        raise NotImplementedError

    def target(self) -> Target:
        raise NotImplementedError

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.hook() == "input" and self.oif:
            raise ValueError("a packet to this host has no outgoing device; remove out")
        if self.hook() == "output" and self.iif:
            raise ValueError("a packet from this host has no incoming device; remove in")
        if (self.port or self.from_port) and self.proto not in ("tcp", "udp", "sctp"):
            raise ValueError("ports need proto: tcp, udp or sctp")
        if self.icmp and self.proto not in (None, "icmp"):
            raise ValueError(f"a type of ICMP and proto: {self.proto} do not go together")
        if self.target().to == "tcp-reset" and self.proto != "tcp":
            raise ValueError("with: tcp-reset needs proto: tcp")
        self._require_fitting()
        return self

    def _require_fitting(self) -> None:
        inets = families(self.family, (self.source, self.destination))
        strange = [inet for inet in inets if self.icmp and self.icmp not in ICMP[inet]]
        if strange:
            name, other = ("IPv6", "inet") if strange == ["inet6"] else ("IPv4", "inet6")
            raise ValueError(f"{name} has no ICMP type {self.icmp}; write family: {other}")
        size = len(self.words().encode())
        if size > LONGEST:
            raise ValueError(f"the rule takes {size} bytes in words, and a comment holds {LONGEST}; write several")

    def words(self) -> str:
        """The rule's identity: a verb and a hook, then what is named and its value."""
        named = {
            "in": self.iif, "out": self.oif, "from": limited(self.source), "to": limited(self.destination),
            "proto": None if self.icmp else self.proto, "from_port": ",".join(self.from_port),
            "port": ",".join(self.port), "icmp": self.icmp, "state": ",".join(self.state),
        }  # fmt: skip
        prefixes = ("from", "to")
        said = (f"{name} {shown(value) if name in prefixes else value}" for name, value in named.items() if value)
        target = self.target()
        return joined([target.name, self.hook(), *said, f"with {target.to}" if target.to else ""])

    def rules(self) -> list[PacketRule]:
        return [self._rule(inet) for inet in families(self.family, (self.source, self.destination))]

    def _rule(self, inet: str) -> PacketRule:
        return PacketRule(
            "filter", inet, self.hook(), self.words(), self.target(), limited(self.source), limited(self.destination),
            iif=self.iif, oif=self.oif, proto="icmp" if self.icmp else self.proto, source_ports=self.from_port,
            ports=self.port, icmp=ICMP[inet][self.icmp] if self.icmp else None, states=self.state,
        )  # fmt: skip


class Accept(Selecting):
    """Packets that pass."""

    accept: Annotated[Hook, Field(description="packets that pass through, come in, or go out")]

    def hook(self) -> str:
        return self.accept

    def target(self) -> Target:
        return Target("accept")


class Drop(Selecting):
    """Packets that vanish without an answer."""

    drop: Annotated[Hook, Field(description="packets that pass through, come in, or go out")]

    def hook(self) -> str:
        return self.drop

    def target(self) -> Target:
        return Target("drop")


class Reject(Selecting):
    """Packets that are answered with an error."""

    reject: Annotated[Hook, Field(description="packets that pass through, come in, or go out")]
    answer: Annotated[Rejection, Field(alias="with", description="the error; port-unreachable if not given")] = (
        "port-unreachable"
    )

    def hook(self) -> str:
        return self.reject

    def target(self) -> Target:
        return Target("reject", self.answer)


class Policy(Entry):
    """What happens to packets that no rule decided on."""

    policy: Annotated[
        dict[Hook, Literal["drop", "reject"]],
        Field(min_length=1, description="by forward, input and output: drop or reject what no rule has decided on"),
    ]
    family: Annotated[Literal["inet", "inet6", "both"], Field(description="which packets; both if not given")] = "both"

    def rules(self) -> list[PacketRule]:
        inets = BOTH if self.family == "both" else (self.family,)
        return [
            PacketRule("filter", inet, hook, f"policy {hook} {verdict}", _final(verdict))
            for hook, verdict in self.policy.items() for inet in inets
        ]  # fmt: skip


def _final(verdict: Literal["drop", "reject"]) -> Target:
    return Target(verdict, "port-unreachable" if verdict == "reject" else "")


class Isolate(Entry):
    """A private network that nobody reaches from elsewhere: only answers come in."""

    isolate: Annotated[NetworkOrLink, Field(description="its prefix, or the link that leads to it")]
    oif: Annotated[
        Interface | None, Field(alias="out", description="the only device by which its own packets may leave")
    ] = None
    family: FamilyChoice = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        families(self.family, [self.isolate] if self.is_network else [])
        if self.isolate == self.oif:
            raise ValueError("out is the way out of the network, not the network's own link")
        return self

    @property
    def is_network(self) -> bool:
        return "/" in self.isolate

    def rules(self) -> list[PacketRule]:
        """Hosts of the network may pass through this host to each other, as bridged frames do where the kernel
        shows them to the firewall (net.bridge.bridge-nf-call-iptables)."""
        return [rule for entry in self._entries() for rule in entry.rules()]

    def _entries(self) -> Iterator[Selecting]:
        here: dict[str, Any] = {"family": self.family}
        to, away = ({"to": self.isolate}, {"from": self.isolate})
        if not self.is_network:
            to, away = ({"out": self.isolate}, {"in": self.isolate})
        answers = {"state": ("established", "related")}
        yield _made(Accept, here | to | answers)
        if self.oif:
            yield _made(Accept, here | away | answers)
        yield _made(Accept, here | away | to)
        yield _made(Drop, here | to)
        if self.oif:
            yield _made(Accept, here | away | {"out": self.oif})
            yield _made(Drop, here | away)


def _made(model: type[Accept] | type[Drop], said: dict[str, Any]) -> Selecting:
    return model.model_validate({model.__name__.lower(): "forward", **said})


AnyFilter = Accept | Drop | Reject | Isolate | Policy
FILTERS: Final[Mapping[str, type[AnyFilter]]] = {
    "accept": Accept, "drop": Drop, "reject": Reject, "isolate": Isolate, "policy": Policy,
}  # fmt: skip
"""Class by the word that tells an entry's sort."""


def filter_entry(value: Any) -> AnyFilter:
    """Pick the class by the entry's word, so that its errors are about that class alone."""
    if isinstance(value, BaseModel) and isinstance(value, AnyFilter):
        return value
    if not isinstance(value, Mapping):
        raise ValueError("a filter entry is a mapping, such as {drop: forward, in: eno1}")
    words = [word for word in FILTERS if word in value]
    if len(words) != 1:
        found = f"; this one has {' and '.join(words)}" if words else ""
        raise ValueError(f"a filter entry has exactly one of accept, drop, reject, isolate and policy{found}")
    return FILTERS[words[0]].model_validate(value)


def _entry(value: Any, _: ValidatorFunctionWrapHandler) -> AnyFilter:
    return filter_entry(value)


FilterEntry = Annotated[AnyFilter, WrapValidator(_entry)]
"""One item of the section `filter`. Errors carry the place of the wrong key, without a tag for the class."""
