"""A rule of policy routing (ip-rule(8), include/uapi/linux/fib_rules.h)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from netapply.model.attribute import PLAIN, SWITCH, Change, Nla
from netapply.model.resource import Resource
from netapply.model.route import Table
from netapply.model.route_metrics import realm_text
from netapply.model.routing import ACTION, OUTCOMES, SELECTORS, rule_key
from netapply.model.rule_values import IpProtocol, PortRange, UidRange
from netapply.model.values import LinkName, Network, family_of

RECREATE = Change.RECREATE
Realm = Annotated[str, BeforeValidator(realm_text)]
_EVERYTHING: Final = ("default", "0.0.0.0/0", "::/0")


class Rule(BaseModel):
    """One rule. The priority is required: without one the kernel counts down from the last rule, and
    adding the same rule again makes another one (kernel: net/core/fib_rules.c, fib_nl_newrule)."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, defer_build=True)

    priority: Annotated[int, Field(ge=1, lt=2**32, description="order; lower is asked first")]
    family: Annotated[Literal["inet", "inet6"] | None, Field(description="where no address tells")] = None

    src: Annotated[
        Network | None, Field(alias="from", description="source prefix"),
        Nla("FRA_SRC", change=RECREATE),
    ] = None  # fmt: skip
    dst: Annotated[
        Network | None, Field(alias="to", description="destination prefix"),
        Nla("FRA_DST", change=RECREATE),
    ] = None  # fmt: skip
    iif: Annotated[LinkName | None, Nla("FRA_IIFNAME", change=RECREATE), Field(description="incoming device")] = None
    oif: Annotated[LinkName | None, Nla("FRA_OIFNAME", change=RECREATE), Field(description="outgoing device")] = None
    fwmark: Annotated[
        int | None, Nla("FRA_FWMARK", change=RECREATE), Field(ge=0, lt=2**32, description="firewall mark")
    ] = None
    fwmask: Annotated[
        int | None, Nla("FRA_FWMASK", change=RECREATE),
        Field(ge=0, lt=2**32, description="bits of the mark compared"),
    ] = None  # fmt: skip
    tos: Annotated[
        int | None, Nla("FRA_TOS", change=RECREATE),
        Field(ge=0, le=252, description="type of service, a multiple of 4; in IPv4 at most 28"),
    ] = None  # fmt: skip
    ipproto: Annotated[
        IpProtocol | None, Nla("FRA_IP_PROTO", change=RECREATE),
        Field(ge=1, le=255, description="protocol, by number or name"),
    ] = None  # fmt: skip
    sport: Annotated[
        PortRange | None, Nla("FRA_SPORT_RANGE", change=RECREATE), Field(description="source port, or a range")
    ] = None
    dport: Annotated[
        PortRange | None, Nla("FRA_DPORT_RANGE", change=RECREATE), Field(description="destination port, or a range")
    ] = None
    uidrange: Annotated[
        UidRange | None, Nla("FRA_UID_RANGE", change=RECREATE), Field(description="users of the sending processes")
    ] = None
    tun_id: Annotated[
        int | None, Nla("FRA_TUN_ID", change=RECREATE),
        Field(ge=1, lt=2**64, description="number of the tunnel that it came through"),
    ] = None  # fmt: skip
    l3mdev: Annotated[
        bool | None, Nla("FRA_L3MDEV", change=RECREATE, unit=SWITCH),
        Field(description="look up the table of the VRF that the packet is in; instead of table"),
    ] = None  # fmt: skip
    invert: Annotated[
        bool | None, Field(alias="not", description="match what the selector does not"),
        Nla("FIB_RULE_INVERT", change=RECREATE, unit=SWITCH),
    ] = None  # fmt: skip

    table: Annotated[
        Table | None, Nla("FRA_TABLE", change=RECREATE, unit=PLAIN), Field(description="table to look up")
    ] = None
    action: Annotated[
        Literal["lookup", "goto", "blackhole", "unreachable", "prohibit", "nop"],
        Nla("FR_ACTION", change=RECREATE, unit=ACTION), Field(description="what happens"),
    ] = "lookup"  # fmt: skip
    goto: Annotated[
        int | None, Nla("FRA_GOTO", change=RECREATE),
        Field(ge=1, lt=2**32, description="priority of the rule to go on with, a later one"),
    ] = None  # fmt: skip
    suppress_prefixlength: Annotated[
        int | None, Nla("FRA_SUPPRESS_PREFIXLEN", change=RECREATE),
        Field(ge=0, le=128, description="ignore routes with a prefix this short"),
    ] = None  # fmt: skip
    suppress_ifgroup: Annotated[
        int | None, Nla("FRA_SUPPRESS_IFGROUP", change=RECREATE),
        Field(ge=0, lt=2**31, description="ignore routes over devices of this group"),
    ] = None  # fmt: skip
    realms: Annotated[
        Realm | None, Nla("FRA_FLOW", change=RECREATE), Field(description="routing realm, TO or FROM/TO (IPv4)")
    ] = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for reason in self._refusals():
            raise ValueError(reason)
        families = {family_of(text) for text in (self.src, self.dst) if text and text != "default"}
        if len(families | ({self.family} if self.family else set())) > 1:
            raise ValueError("it mixes IPv4 and IPv6")
        highest = 252 if self.inet == "inet6" else 28  # the kernel refuses others: net/ipv4/fib_rules.c
        if self.tos is not None and (self.tos % 4 or self.tos > highest):
            raise ValueError(f"no rule can match a tos of {self.tos}; use a multiple of 4 up to {highest}")
        return self

    @model_validator(mode="before")
    @classmethod
    def _fuller(cls, data: Any) -> Any:
        """`goto: N` and `dsfield: N` as ip-rule(8) writes them."""
        if not isinstance(data, Mapping):
            return data
        data = dict(data)
        if data.get("goto") is not None:
            data.setdefault("action", "goto")
        if "dsfield" in data and "tos" not in data:
            data["tos"] = data.pop("dsfield")
        return data

    def _refusals(self) -> Iterator[str]:
        """What contradicts itself (net/core/fib_rules.c, fib_nl2rule)."""
        looked_up = (self.table is not None) + bool(self.l3mdev)
        if (self.action == "lookup") != bool(looked_up):
            yield "a rule has either a table to look up or another action; give one of them"
        if looked_up > 1:
            yield "l3mdev says which table to look up; leave table out"
        if (self.action == "goto") != (self.goto is not None):
            yield "goto needs the priority of a later rule; write goto: PRIORITY"
        if self.goto is not None and self.goto <= self.priority:
            yield f"goto {self.goto} would go back; only a later rule can be gone to"
        yield from self._refusals_of_selectors()

    def _refusals_of_selectors(self) -> Iterator[str]:
        if self.realms and self.inet == "inet6":
            yield "an IPv6 rule has no realms; leave realms out"
        suppressed = [name for name in ("suppress_prefixlength", "suppress_ifgroup") if getattr(self, name) is not None]
        if self.action != "lookup" and suppressed:
            yield f"a {self.action} rule finds no route to suppress; leave {suppressed[0]} out"

    @property
    def inet(self) -> str:
        addresses = (text for text in (self.src, self.dst) if text and text != "default")
        return self.family or next((family_of(text) for text in addresses), "inet")

    def resource(self) -> Resource:
        fields = ("table", "action", *OUTCOMES, *SELECTORS)
        values = ((name, getattr(self, name)) for name in fields)
        named = {name: value for name, value in values if not _unreported(name, value)}
        if self.fwmark is not None and self.fwmask is None:
            named["fwmask"] = 2**32 - 1
        return Resource(rule_key(self.inet, self.priority, named), "rule", named)


def _unreported(name: str, value: object) -> bool:
    """Whether the kernel's dump leaves the value out, because it matches everything."""
    if name in ("fwmark", "tos") and value == 0:
        return True
    return value is None or value is False or value in _EVERYTHING


__all__ = ["ACTION", "SELECTORS", "Rule", "rule_key"]
