"""Patch port: one end of a cable between two Open vSwitch bridges (ovs-vswitchd.conf.db(5), Interface, patch)."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from netapply.kinds.deviceless import Deviceless
from netapply.model.attribute import Change, Nla
from netapply.model.values import LinkName


class OvsPatch(Deviceless):
    """One of two ends, each a port of its bridge and naming the other; no device in the kernel."""

    kind: ClassVar[str] = "ovs-patch"

    patch_peer: Annotated[
        LinkName, Nla("Interface.options:peer", change=Change.FLAP, form="text"),
        Field(description="the other end, an ovs-patch too"),
    ]  # fmt: skip
