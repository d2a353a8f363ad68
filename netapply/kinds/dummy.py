"""dummy: a link that carries nothing and is always up; a place for addresses (drivers/net/dummy.c)."""

from __future__ import annotations

from typing import ClassVar

from netapply.model.carrier import Carrier
from netapply.model.queues import Queued


class Dummy(Queued):
    """A link without a wire."""

    kind: ClassVar[str] = "dummy"

    carrier: Carrier = None
