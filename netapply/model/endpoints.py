"""Endpoints of a tunnel that the kernel would refuse or take for another's."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Self

from pydantic import model_validator

from netapply.model.tunnel import Tunnel


class OneTunnel(Tunnel):
    """A tunnel that is told from others by its endpoints and keys."""

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        local, remote = getattr(self, "local", None), getattr(self, "remote", None)
        external = getattr(self, "external", None)
        if external and (local or remote):
            raise ValueError(f"an external {self.kind} has no endpoints of its own: leave out local and remote")
        if not external and not (local or remote or getattr(self, "ikey", None)):
            raise ValueError(
                f"a {self.kind} needs a remote or a local: with neither it would be the kernel's own fallback device"
            )
        if local and ip_address(local).is_multicast:
            raise ValueError(f"{local} is a multicast group; local is an address of this host")
        return self
