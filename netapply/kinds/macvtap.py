"""macvtap: a macvlan whose packets a program reads from a file, /dev/tapN (drivers/net/macvtap.c)."""

from __future__ import annotations

from typing import ClassVar

from netapply.kinds.macvlan import Macvlan


class Macvtap(Macvlan):
    """A macvlan for a guest; N is its ifindex."""

    kind: ClassVar[str] = "macvtap"
