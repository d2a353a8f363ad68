"""Address translation and conntrack zones, as the file writes them and as iptables-save prints them.

    {masquerade: 10.10.10.0/24, out: eno1}
    {snat: 10.10.10.0/24, out: eno1, to: 198.51.100.5}
    {dnat: 198.51.100.5, proto: tcp, port: 8080, in: eno1, to: "10.10.10.5:80"}
    {ct_zone: 1, in: fwbr+}

Which of the four words an entry has tells what it is. `to` always says what an address becomes;
where a packet must be going in order to be translated is `dst` or `not_dst`.

The rule in words is its identity: in the key, in a plan, and in the rule's comment in the kernel. The
attribute `rule` is what the program that holds it prints (`iptables_rule`, `nft_rule`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from netapply.model.nat_values import (
    ANY,
    EVERYTHING,
    Family,
    Hosts,
    Interface,
    PortList,
    PortRange,
    Prefix,
    Translated,
    shown,
    split_target,
)
from netapply.model.netfilter import Backend
from netapply.model.packet_rule import PacketRule, Target
from netapply.model.resource import Resource
from netapply.model.values import family_of

Protocol = Annotated[Literal["tcp", "udp"] | None, Field(description="protocol, which ports need")]
FamilyField = Annotated[Family | None, Field(description="where no address tells; inet if not given")]


class Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, defer_build=True)

    def rules(self) -> list[PacketRule]:
        """The rules that the entry stands for."""
        raise NotImplementedError

    def resources(self, backend: Backend = "iptables") -> list[Resource]:
        """The same as resources. ValueError where nftables cannot say one."""
        return [rule.resource(backend) for rule in self.rules()]


def joined(words: Iterable[str]) -> str:
    return " ".join(word for word in words if word)


def limited(prefix: str | None) -> str | None:
    """None for a prefix that leaves nothing out."""
    return None if prefix is None or prefix in EVERYTHING else prefix


def family_told(family: Family | None, addresses: Iterable[str | None]) -> str:
    """The one family of a rule; raises ValueError where there are two."""
    told = {family_of(text) for text in addresses if text and text != ANY} | ({family} if family else set())
    if len(told) > 1:
        raise ValueError("a rule is for IPv4 or for IPv6, and this one mixes them")
    return told.pop() if told else "inet"


class _SourceNat(Entry):
    """What masquerade and snat share: POSTROUTING, and which packets are meant."""

    oif: Annotated[Interface, Field(alias="out", description="outgoing device; eth+ means every eth…")]
    dst: Annotated[Prefix | None, Field(description="only packets to this prefix")] = None
    not_dst: Annotated[Prefix | None, Field(description="only packets not to this prefix")] = None
    proto: Protocol = None
    to_ports: Annotated[PortRange | None, Field(description="source ports to choose from")] = None
    family: FamilyField = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        family_told(self.family, self._addresses())
        if self.dst and self.not_dst:
            raise ValueError("dst and not_dst do not go together; iptables knows one destination")
        if self.not_dst in EVERYTHING:
            raise ValueError("not_dst: any would match no packet at all")
        if self.to_ports and not self.proto:
            raise ValueError("to_ports needs proto: tcp or proto: udp")
        return self

    def _addresses(self) -> tuple[str | None, ...]:
        return self.dst, self.not_dst

    def _translation(self, source: str, words: list[str], target: Target) -> list[PacketRule]:
        going = [f"dst {shown(self.dst)}" if limited(self.dst) and self.dst else ""]
        going += [f"not dst {shown(self.not_dst)}" if self.not_dst else "", self.proto or ""]
        inet = family_told(self.family, self._addresses())
        said = [target.name, shown(source), f"out {self.oif}", *going, *words]
        return [
            PacketRule(
                "nat", inet, "srcnat", joined(said), target, limited(source), limited(self.dst),
                limited(self.not_dst), oif=self.oif, proto=self.proto,
            )
        ]  # fmt: skip


class Masquerade(_SourceNat):
    """Packets from a prefix leave with the address of the device through which they leave."""

    masquerade: Annotated[Prefix, Field(description="source prefix, or any")]

    def _addresses(self) -> tuple[str | None, ...]:
        return (self.masquerade, *super()._addresses())

    def rules(self) -> list[PacketRule]:
        words = [f"to ports {self.to_ports}" if self.to_ports else ""]
        return self._translation(self.masquerade, words, Target("masquerade", "", self.to_ports or ""))


class Snat(_SourceNat):
    """Packets from a prefix leave with a fixed address, or one of a range."""

    snat: Annotated[Prefix, Field(description="source prefix, or any")]
    to: Annotated[Hosts, Field(description="address that they leave with, or a range like 192.0.2.5-192.0.2.9")]

    def _addresses(self) -> tuple[str | None, ...]:
        return (self.snat, *super()._addresses(), *self.to.split("-"))

    def rules(self) -> list[PacketRule]:
        words = [f"to {self.to}", f"ports {self.to_ports}" if self.to_ports else ""]
        return self._translation(self.snat, words, Target("snat", self.to, self.to_ports or ""))


class Dnat(Entry):
    """Packets to an address go to another one: a port forward where ports are named."""

    dnat: Annotated[Prefix, Field(description="original destination, or any")]
    to: Annotated[Translated, Field(description='destination instead, like "10.10.10.5:80" or "[2001:db8::5]:80"')]
    iif: Annotated[Interface | None, Field(alias="in", description="incoming device; eth+ means every eth…")] = None
    proto: Protocol = None
    port: Annotated[PortList, Field(description="original port, a range like 8000-8010, or a list of both")] = ()
    family: FamilyField = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        address, port = split_target(self.to)
        family_told(self.family, (self.dnat, address))
        if self.port and not self.proto:
            raise ValueError("port needs proto: tcp or proto: udp")
        if port and not self.port:
            raise ValueError(f"the target has port {port}, so say which port it is for: port and proto")
        if "-" in port and (len(self.port) != 1 or _span(self.port[0]) != _span(port)):
            raise ValueError(f"the target's range {port} needs one range of the same length as port")
        if self.dnat in EVERYTHING and not (self.iif and self.port):
            raise ValueError("dnat: any needs in and port, or it takes traffic that only passes through this host")
        return self

    def rules(self) -> list[PacketRule]:
        address, port = split_target(self.to)
        words = [
            "dnat", shown(self.dnat), self.proto or "", f"port {','.join(self.port)}" if self.port else "",
            f"in {self.iif}" if self.iif else "", f"to {self.to}",
        ]  # fmt: skip
        return [
            PacketRule(
                "nat", family_told(self.family, (self.dnat, address)), "dstnat", joined(words),
                Target("dnat", address, port), destination=limited(self.dnat), iif=self.iif, proto=self.proto,
                ports=self.port,
            )
        ]  # fmt: skip


def _span(port: str) -> int:
    low, _, high = port.partition("-")
    return int(high or low) - int(low)


class CtZone(Entry):
    """Packets that come in through a device are tracked in a zone of their own (raw PREROUTING)."""

    ct_zone: Annotated[int, Field(ge=1, le=65535, description="conntrack zone")]
    iif: Annotated[Interface, Field(alias="in", description="incoming device; fwbr+ means every fwbr…")]
    family: Annotated[Literal["inet", "inet6", "both"], Field(description="which packets; IPv4 if not given")] = "inet"

    def rules(self) -> list[PacketRule]:
        families = ("inet", "inet6") if self.family == "both" else (self.family,)
        words, target = f"ct zone {self.ct_zone} in {self.iif}", Target("zone", str(self.ct_zone))
        return [PacketRule("nat", inet, "raw", words, target, iif=self.iif) for inet in families]


AnyEntry = Masquerade | Snat | Dnat | CtZone
ENTRIES: Final[Mapping[str, type[AnyEntry]]] = {
    "masquerade": Masquerade, "snat": Snat, "dnat": Dnat, "ct_zone": CtZone,
}  # fmt: skip
"""Class by the word that tells an entry's sort."""


def entry(value: Any) -> AnyEntry:
    """Pick the class by the entry's word, so that its errors are about that class alone."""
    if isinstance(value, AnyEntry):
        return value
    if not isinstance(value, Mapping):
        raise ValueError("a NAT entry is a mapping, such as {masquerade: 10.10.10.0/24, out: eno1}")
    words = [word for word in ENTRIES if word in value]
    if len(words) != 1:
        found = f"; this one has {' and '.join(words)}" if words else ""
        raise ValueError(f"a NAT entry has exactly one of masquerade, snat, dnat and ct_zone{found}")
    return ENTRIES[words[0]].model_validate(value)


def _entry(value: Any, _: ValidatorFunctionWrapHandler) -> AnyEntry:
    return entry(value)


NatEntry = Annotated[AnyEntry, WrapValidator(_entry)]
"""One item of the section `nat`. Errors carry the place of the wrong key, without a tag for the class."""
