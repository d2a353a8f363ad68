"""Address translation and conntrack zones, as the file writes them and as iptables-save prints them.

    {masquerade: 10.10.10.0/24, out: eno1}
    {snat: 10.10.10.0/24, out: eno1, to: 198.51.100.5}
    {dnat: 198.51.100.5, proto: tcp, port: 8080, in: eno1, to: "10.10.10.5:80"}
    {ct_zone: 1, in: fwbr+}

Which of the four words an entry has tells what it is. `to` always says what an address becomes;
where a packet must be going in order to be translated is `dst` or `not_dst`.

The rule in words is its identity: in the key, in a plan, and in the rule's comment in the kernel. The
attribute `rule` is what iptables-save(8) prints, nft and legacy alike, without chain and comment.
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
    Target,
    bracketed,
    shown,
    split_target,
)
from netapply.model.resource import Resource
from netapply.model.values import family_of

Protocol = Annotated[Literal["tcp", "udp"] | None, Field(description="protocol, which ports need")]
FamilyField = Annotated[Family | None, Field(description="where no address tells; inet if not given")]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, defer_build=True)


def _resource(inet: str, table: str, chain: str, words: Iterable[str], rule: Iterable[str]) -> Resource:
    text = " ".join(word for word in words if word)
    attributes = {"rule": " ".join(part for part in rule if part)}
    return Resource(("nat", inet, table, chain, text), "nat", attributes)


def _match(option: str, prefix: str | None) -> str:
    return "" if prefix is None or prefix in EVERYTHING else f"{option} {prefix}"


def _family(family: Family | None, addresses: Iterable[str | None]) -> str:
    """The one family of a rule; raises ValueError where there are two."""
    told = {family_of(text) for text in addresses if text and text != ANY} | ({family} if family else set())
    if len(told) > 1:
        raise ValueError("a rule is for IPv4 or for IPv6, and this one mixes them")
    return told.pop() if told else "inet"


class _SourceNat(_Entry):
    """What masquerade and snat share: POSTROUTING, and which packets are meant."""

    oif: Annotated[Interface, Field(alias="out", description="outgoing device; eth+ means every eth…")]
    dst: Annotated[Prefix | None, Field(description="only packets to this prefix")] = None
    not_dst: Annotated[Prefix | None, Field(description="only packets not to this prefix")] = None
    proto: Protocol = None
    to_ports: Annotated[PortRange | None, Field(description="source ports to choose from")] = None
    family: FamilyField = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _family(self.family, self._addresses())
        if self.dst and self.not_dst:
            raise ValueError("dst and not_dst do not go together; iptables knows one destination")
        if self.not_dst in EVERYTHING:
            raise ValueError("not_dst: any would match no packet at all")
        if self.to_ports and not self.proto:
            raise ValueError("to_ports needs proto: tcp or proto: udp")
        return self

    def _addresses(self) -> tuple[str | None, ...]:
        return self.dst, self.not_dst

    def _translation(self, verb: str, source: str, words: list[str], jump: str) -> list[Resource]:
        going = [f"dst {shown(self.dst)}" if _match("-d", self.dst) and self.dst else ""]
        going += [f"not dst {shown(self.not_dst)}" if self.not_dst else "", self.proto or ""]
        matches = [_match("-s", source), _match("-d", self.dst), _match("! -d", self.not_dst)]
        matches += [f"-o {self.oif}", f"-p {self.proto}" if self.proto else ""]
        inet = _family(self.family, self._addresses())
        said = [verb, shown(source), f"out {self.oif}", *going, *words]
        return [_resource(inet, "nat", "POSTROUTING", said, [*matches, jump])]


class Masquerade(_SourceNat):
    """Packets from a prefix leave with the address of the device through which they leave."""

    masquerade: Annotated[Prefix, Field(description="source prefix, or any")]

    def _addresses(self) -> tuple[str | None, ...]:
        return (self.masquerade, *super()._addresses())

    def resources(self) -> list[Resource]:
        words = [f"to ports {self.to_ports}" if self.to_ports else ""]
        jump = "-j MASQUERADE" + (f" --to-ports {self.to_ports}" if self.to_ports else "")
        return self._translation("masquerade", self.masquerade, words, jump)


class Snat(_SourceNat):
    """Packets from a prefix leave with a fixed address, or one of a range."""

    snat: Annotated[Prefix, Field(description="source prefix, or any")]
    to: Annotated[Hosts, Field(description="address that they leave with, or a range like 192.0.2.5-192.0.2.9")]

    def _addresses(self) -> tuple[str | None, ...]:
        return (self.snat, *super()._addresses(), *self.to.split("-"))

    def resources(self) -> list[Resource]:
        words = [f"to {self.to}", f"ports {self.to_ports}" if self.to_ports else ""]
        jump = f"-j SNAT --to-source {_with_port(self.to, self.to_ports)}"
        return self._translation("snat", self.snat, words, jump)


class Dnat(_Entry):
    """Packets to an address go to another one: a port forward where ports are named."""

    dnat: Annotated[Prefix, Field(description="original destination, or any")]
    to: Annotated[Target, Field(description='destination instead, like "10.10.10.5:80" or "[2001:db8::5]:80"')]
    iif: Annotated[Interface | None, Field(alias="in", description="incoming device; eth+ means every eth…")] = None
    proto: Protocol = None
    port: Annotated[PortList, Field(description="original port, a range like 8000-8010, or a list of both")] = ()
    family: FamilyField = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        address, port = split_target(self.to)
        _family(self.family, (self.dnat, address))
        if self.port and not self.proto:
            raise ValueError("port needs proto: tcp or proto: udp")
        if port and not self.port:
            raise ValueError(f"the target has port {port}, so say which port it is for: port and proto")
        if "-" in port and (len(self.port) != 1 or _span(self.port[0]) != _span(port)):
            raise ValueError(f"the target's range {port} needs one range of the same length as port")
        if self.dnat in EVERYTHING and not (self.iif and self.port):
            raise ValueError("dnat: any needs in and port, or it takes traffic that only passes through this host")
        return self

    def resources(self) -> list[Resource]:
        address, port = split_target(self.to)
        words = [
            "dnat", shown(self.dnat), self.proto or "", f"port {','.join(self.port)}" if self.port else "",
            f"in {self.iif}" if self.iif else "", f"to {self.to}",
        ]  # fmt: skip
        rule = [
            _match("-d", self.dnat), f"-i {self.iif}" if self.iif else "",
            f"-p {self.proto}" if self.proto else "", self._ports(),
            f"-j DNAT --to-destination {_with_port(address, self._shifted(port))}",
        ]  # fmt: skip
        return [_resource(_family(self.family, (self.dnat, address)), "nat", "PREROUTING", words, rule)]

    def _ports(self) -> str:
        listed = ",".join(self.port).replace("-", ":")
        if not listed:
            return ""
        return f"-m {self.proto} --dport {listed}" if len(self.port) == 1 else f"-m multiport --dports {listed}"

    def _shifted(self, port: str) -> str:
        """A range onto another keeps each port's place in it; without a base the kernel picks any."""
        return f"{port}/{self.port[0].split('-')[0]}" if "-" in port and port != self.port[0] else port


def _span(port: str) -> int:
    low, _, high = port.partition("-")
    return int(high or low) - int(low)


def _with_port(address: str, port: str | None) -> str:
    return f"{bracketed(address)}:{port}" if port else address


class CtZone(_Entry):
    """Packets that come in through a device are tracked in a zone of their own (raw PREROUTING)."""

    ct_zone: Annotated[int, Field(ge=1, le=65535, description="conntrack zone")]
    iif: Annotated[Interface, Field(alias="in", description="incoming device; fwbr+ means every fwbr…")]
    family: Annotated[Literal["inet", "inet6", "both"], Field(description="which packets; IPv4 if not given")] = "inet"

    def resources(self) -> list[Resource]:
        families = ("inet", "inet6") if self.family == "both" else (self.family,)
        words, rule = (
            [f"ct zone {self.ct_zone} in {self.iif}"],
            [f"-i {self.iif} -j CT --zone {self.ct_zone}"],
        )
        return [_resource(inet, "raw", "PREROUTING", words, rule) for inet in families]


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
