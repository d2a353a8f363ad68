"""A device that is there already: a NIC, a guest's tap, the loopback."""

from __future__ import annotations

from typing import ClassVar

from netapply.model.link import Link


class Physical(Link):
    """An existing device, configured and never created or deleted (a link without `kind`)."""

    created: ClassVar[bool] = False
