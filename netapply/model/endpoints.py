"""Endpoints of a tunnel that the kernel would refuse or take for another's."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Self

from pydantic import model_validator

from netapply.model.attribute import Value
from netapply.model.tunnel import Tunnel


class OneTunnel(Tunnel):
    """A tunnel that is told from others by its endpoints and keys."""

    @classmethod
    def messages(cls, settings: dict[str, Value], after: dict[str, Value]) -> Iterator[dict[str, Value]]:
        """For Ethernet frames, no remote is one that is not said: zeros are refused (ipgre_tap_validate)."""
        for part in super().messages(settings, after):
            yield {name: value for name, value in part.items() if value or name != "remote" or not cls.ethernet}

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
