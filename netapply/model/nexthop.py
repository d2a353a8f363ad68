"""A nexthop object: a way out, or a group of ways, that routes name by its number (ip-nexthop(8)).

Many routes over one object move together when it changes (include/uapi/linux/nexthop.h, net/ipv4/nexthop.c).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from netapply.model.attribute import CENTISECONDS, LINK, PLAIN, SWITCH, Change, Nla
from netapply.model.encap import Encap
from netapply.model.nexthop_words import GROUP_TYPES, member_text, nexthop_key
from netapply.model.resource import Resource
from netapply.model.values import IpAddress, LinkName, Seconds, family_of

RECREATE = Change.RECREATE
NexthopId = Annotated[int, Field(ge=1, lt=2**32)]
_RESILIENT = ("buckets", "idle_timer", "unbalanced_timer")
_LONGEST_TIMER = 2**32 // 1000
"""Seconds; the kernel counts its ticks, up to a thousand each second, in 32 bits."""


class Member(BaseModel):
    """One way of a group: `7`, or `{id: 7, weight: 3}`."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    id: Annotated[NexthopId, Field(description="nexthop object")]
    weight: Annotated[int, Field(ge=1, le=256, description="share of the traffic")] = 1

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, data: Any) -> Any:
        return data if isinstance(data, Mapping | Member) or data is None else {"id": data}


class NexthopObject(BaseModel):
    """One object. What it does, and the family of what has no gateway, may be replaced while routes use it."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    id: Annotated[NexthopId, Field(description="its number, by which routes name it")]
    family: Annotated[
        Literal["inet", "inet6"] | None, Nla("nh_family"), Field(description="needed where no gateway tells")
    ] = None
    via: Annotated[IpAddress | None, Nla("NHA_GATEWAY", default=None), Field(description="gateway")] = None
    dev: Annotated[LinkName | None, Nla("NHA_OIF", unit=LINK, default=None), Field(description="device")] = None
    onlink: Annotated[
        bool | None, Nla("RTNH_F_ONLINK", unit=SWITCH, default=None),
        Field(description="take the gateway as reachable on the device"),
    ] = None  # fmt: skip
    encap: Annotated[
        Encap | None, Nla("NHA_ENCAP", default=None), Field(description="tunnel, in the words of ip-route(8)")
    ] = None
    blackhole: Annotated[
        bool | None, Nla("NHA_BLACKHOLE", unit=SWITCH, default=None), Field(description="drop what comes")
    ] = None
    fdb: Annotated[
        bool | None, Nla("NHA_FDB", change=RECREATE, unit=SWITCH, default=None),
        Field(description="for forwarding entries of a VXLAN, not for routes"),
    ] = None  # fmt: skip
    group: Annotated[
        tuple[Member, ...], Nla("NHA_GROUP", default=(), at_birth=((),), for_good=((),)),
        Field(description="several objects, each `ID` or `{id: ID, weight: N}`"),
    ] = ()  # fmt: skip
    type: Annotated[
        Literal["hash-threshold", "resilient"] | None,
        Nla("NHA_GROUP_TYPE", change=RECREATE, unit=GROUP_TYPES),
        Field(description="how a group spreads flows; resilient keeps most where they are when a member goes"),
    ] = None  # fmt: skip
    buckets: Annotated[
        int | None, Nla("NHA_RES_GROUP_BUCKETS", change=RECREATE, unit=PLAIN, default=128),
        Field(ge=1, lt=2**16, description="hash buckets of a resilient group"),
    ] = None  # fmt: skip
    idle_timer: Annotated[
        Seconds | None, Nla("NHA_RES_GROUP_IDLE_TIMER", unit=CENTISECONDS, default=120),
        Field(ge=0, le=_LONGEST_TIMER, description="silence after which a bucket may move"),
    ] = None  # fmt: skip
    unbalanced_timer: Annotated[
        Seconds | None, Nla("NHA_RES_GROUP_UNBALANCED_TIMER", unit=CENTISECONDS, default=0),
        Field(ge=0, le=_LONGEST_TIMER, description="longest time out of balance; 0 waits for silence"),
    ] = None  # fmt: skip
    protocol: Annotated[
        Literal["static", "boot", "netapply"] | None, Nla("nh_protocol", default="netapply"),
        Field(description="who made it"),
    ] = None  # fmt: skip

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for reason in (*(self._refusals_of_group() if self.group else self._refusals_of_way()), *self._mixes()):
            raise ValueError(reason)
        return self

    def _refusals_of_group(self) -> Iterator[str]:
        """See net/ipv4/nexthop.c, nh_check_attr_group."""
        way = [name for name in ("family", "via", "dev", "onlink", "encap", "blackhole") if getattr(self, name)]
        if way:
            yield f"a group has no {way[0]} of its own; its members have"
        ids = [member.id for member in self.group]
        twice = next((number for number in ids if ids.count(number) > 1), None)
        if twice is not None:
            yield f"{twice} is twice in the group; give it a weight instead"
        if self.id in ids:
            yield "it is a member of itself"
        if self.fdb and self.type == "resilient":
            yield "an fdb group cannot be resilient; leave type out"
        resilient = [name for name in _RESILIENT if getattr(self, name) is not None]
        if resilient and self.type != "resilient":
            yield f"only a resilient group has {resilient[0]}; add type: resilient"

    def _refusals_of_way(self) -> Iterator[str]:
        """See net/ipv4/nexthop.c, rtm_to_nh_config."""
        extra = [name for name in ("type", *_RESILIENT) if getattr(self, name) is not None]
        if extra:
            yield f"only a group has {extra[0]}; add group, or leave it out"
        if self.blackhole and (self.via or self.dev or self.encap or self.fdb or self.onlink):
            yield "a blackhole leads nowhere; leave via, dev, onlink, encap and fdb out"
        elif self.fdb:
            yield from self._refusals_of_fdb()
        elif not self.blackhole and not self.dev:
            yield "it leads nowhere: give its device (dev), blackhole: true, or a group"
        if self.onlink and not self.via:
            yield "onlink speaks of a gateway; add via"
        if not self.via and not self.family:
            yield "nothing tells whether it is for IPv4 or IPv6; add family: inet or inet6"

    def _refusals_of_fdb(self) -> Iterator[str]:
        if self.dev or self.encap or self.onlink:
            yield "an fdb nexthop is an address only; leave dev, onlink and encap out"
        if not self.via:
            yield "an fdb nexthop is the address of a tunnel's other end; add via"

    def _mixes(self) -> Iterator[str]:
        if self.via and self.family and family_of(self.via) != self.family:
            yield "it mixes IPv4 and IPv6; leave family out"

    @property
    def inet(self) -> str | None:
        """The family, None for a group."""
        return self.family or (family_of(self.via) if self.via else None)

    def resource(self) -> Resource:
        """The wish: where it leads entirely, of the rest what the file names."""
        always = {name: getattr(self, name) or None for name in ("via", "dev", "onlink", "blackhole", "fdb", "encap")}
        named = [*(_RESILIENT if self.type == "resilient" else ()), "protocol"]
        attributes = {
            "family": self.inet, **always,
            "group": tuple(sorted((member_text(item.id, item.weight) for item in self.group), key=_by_number)),
            "type": (self.type or "hash-threshold") if self.group else None,
            **({} if self.type == "resilient" else dict.fromkeys(_RESILIENT)),
            **{name: getattr(self, name) for name in named if getattr(self, name) is not None},
        }  # fmt: skip
        return Resource(nexthop_key(self.id), "nexthop", attributes)


def _by_number(member: str) -> int:
    return int(member.partition(",")[0])
