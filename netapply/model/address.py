"""An address of a link (rtnetlink(7), ip-address(8); include/uapi/linux/if_addr.h)."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict

from netapply.model.addressing import FOREVER, PROTO_KERNEL, SCOPES, address_key, address_resource, is_static
from netapply.model.attribute import Change, Nla, Unit, Value

RECREATE = Change.RECREATE


def _lifetime_words(value: Value) -> str:
    if value is None:
        return "forever"
    words = ("forever" if seconds == FOREVER else f"{seconds} s" for seconds in value)
    return "preferred {}, valid {}".format(*words)


LIFETIMES = Unit("seconds", text=_lifetime_words)


class Address(BaseModel):
    """What the kernel holds of an address beyond its identity; `address_wish` is how a file says it.

    A change of most of these is a delete and an add: RTM_NEWADDR with NLM_F_REPLACE changes lifetimes,
    protocol, metric (to a number) and, in IPv6, flags; to everything else it says yes and does nothing.
    `secondary` is not ours to set (the order of addition decides), yet it is compared when an
    earlier state is restored, because the primary is the source address of the whole subnet.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    peer: Annotated[str | None, Nla("IFA_ADDRESS", change=RECREATE, default=None)] = None
    broadcast: Annotated[str | None, Nla("IFA_BROADCAST", change=RECREATE, default=None)] = None
    label: Annotated[str | None, Nla("IFA_LABEL", change=RECREATE, default=None)] = None
    metric: Annotated[int | None, Nla("IFA_RT_PRIORITY", change=RECREATE, default=None)] = None
    scope: Annotated[str | None, Nla("IFA_SCOPE", change=RECREATE, default="global")] = None
    flags: Annotated[tuple[str, ...], Nla("IFA_FLAGS", change=RECREATE, default=())] = ()
    lifetimes: Annotated[tuple[int, int] | None, Nla("IFA_CACHEINFO", unit=LIFETIMES, default=None)] = None
    """What is left of a lease, preferred and valid, in seconds: see `addressing.same_lifetimes`."""
    protocol: Annotated[int, Nla("IFA_PROTO", change=RECREATE)] = 0
    secondary: Annotated[bool, Nla("IFA_F_SECONDARY", change=RECREATE)] = False


__all__ = ["PROTO_KERNEL", "SCOPES", "Address", "address_key", "address_resource", "is_static"]
