"""An address of a link (rtnetlink(7), ip-address(8); include/uapi/linux/if_addr.h)."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict

from netapply.model.addressing import PROTO_KERNEL, SCOPES, address_key, address_resource, is_static
from netapply.model.attribute import Change, Nla

RECREATE = Change.RECREATE


class Address(BaseModel):
    """What the kernel holds of an address beyond its identity.

    A change of any of these is a delete and an add: RTM_NEWADDR with NLM_F_REPLACE changes lifetimes,
    protocol, metric (to a number) and, in IPv6, flags; to everything else it says yes and does nothing.
    `secondary` is not ours to set (the order of addition decides), yet it is compared when an
    earlier state is restored, because the primary is the source address of the whole subnet.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    peer: Annotated[str | None, Nla("IFA_ADDRESS", change=RECREATE)] = None
    broadcast: Annotated[str | None, Nla("IFA_BROADCAST", change=RECREATE)] = None
    label: Annotated[str | None, Nla("IFA_LABEL", change=RECREATE)] = None
    metric: Annotated[int | None, Nla("IFA_RT_PRIORITY", change=RECREATE)] = None
    scope: Annotated[str | None, Nla("IFA_SCOPE", change=RECREATE)] = None
    flags: Annotated[tuple[str, ...], Nla("IFA_FLAGS", change=RECREATE)] = ()
    lifetimes: Annotated[tuple[int, int] | None, Nla("IFA_CACHEINFO", change=RECREATE)] = None
    """What is left of a lease, preferred and valid, in seconds: it runs, so only its being there counts."""
    protocol: Annotated[int, Nla("IFA_PROTO", change=RECREATE)] = 0
    secondary: Annotated[bool, Nla("IFA_F_SECONDARY", change=RECREATE)] = False


__all__ = ["PROTO_KERNEL", "SCOPES", "Address", "address_key", "address_resource", "is_static"]
