"""GRE's header: checksum, key and sequence number, for each direction (RFC 2784, RFC 2890)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Self

from pydantic import Field, model_validator

from netapply.model.attribute import SWITCH, Nla
from netapply.model.link import Link

GRE_CSUM, GRE_KEY, GRE_SEQ = 0x8000, 0x2000, 0x1000
"""include/uapi/linux/if_tunnel.h, as a number in network byte order."""
BOTH: Final = {"key": ("ikey", "okey"), "csum": ("icsum", "ocsum"), "seq": ("iseq", "oseq")}

Key = Annotated[int, Field(ge=0, lt=2**32)]


def for_both(data: Any, words: Mapping[str, tuple[str, ...]] = BOTH) -> Any:
    """One word for both directions, where the file does not say more of one of them."""
    if not isinstance(data, Mapping):
        return data
    named = {way: data[word] for word, ways in words.items() if data.get(word) is not None for way in ways}
    return {**named, **data}


def refuse_fragments(ignore_df: bool | None, pmtudisc: bool | None) -> None:
    """ValueError for a tunnel that shall neither fragment nor respect that it must not (ipgre_netlink_parms)."""
    if ignore_df and pmtudisc is not False:
        raise ValueError("ignore_df needs pmtudisc: false")


class GreHeader(Link):
    """Rows of the GRE header. `key`, `csum` and `seq` are short for both directions."""

    key: Key | None = Field(default=None, description="ikey and okey")
    ikey: Annotated[
        Key | None, Nla("IFLA_GRE_IKEY", default=None, guard=("IFLA_GRE_IFLAGS", GRE_KEY)),
        Field(description="only packets with this key are received"),
    ] = None  # fmt: skip
    okey: Annotated[
        Key | None, Nla("IFLA_GRE_OKEY", default=None, guard=("IFLA_GRE_OFLAGS", GRE_KEY)),
        Field(description="packets are sent with this key"),
    ] = None  # fmt: skip
    csum: bool | None = Field(default=None, description="icsum and ocsum")
    icsum: Annotated[
        bool | None, Nla("IFLA_GRE_IFLAGS", unit=SWITCH, default=False, mask=GRE_CSUM),
        Field(description="received packets must have a checksum"),
    ] = None  # fmt: skip
    ocsum: Annotated[
        bool | None, Nla("IFLA_GRE_OFLAGS", unit=SWITCH, default=False, mask=GRE_CSUM),
        Field(description="packets are sent with a checksum"),
    ] = None  # fmt: skip
    seq: bool | None = Field(default=None, description="iseq and oseq")
    iseq: Annotated[
        bool | None, Nla("IFLA_GRE_IFLAGS", unit=SWITCH, default=False, mask=GRE_SEQ),
        Field(description="received packets must be in sequence"),
    ] = None  # fmt: skip
    oseq: Annotated[
        bool | None, Nla("IFLA_GRE_OFLAGS", unit=SWITCH, default=False, mask=GRE_SEQ),
        Field(description="packets are sent with a sequence number"),
    ] = None  # fmt: skip

    @model_validator(mode="before")
    @classmethod
    def _both_ways(cls, data: Any) -> Any:
        return for_both(data)

    @model_validator(mode="after")
    def _agreeing(self) -> Self:
        for word, ways in BOTH.items():
            one = getattr(self, word)
            if one is not None and any(getattr(self, way) != one for way in ways):
                raise ValueError(f"{word} is for both directions; leave it out, or {' and '.join(ways)}")
        return self
