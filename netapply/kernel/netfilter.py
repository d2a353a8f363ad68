"""Rules of NAT and filter in whichever program holds them: iptables, or netapply's own table of nftables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netapply.kernel import iptables, nft
from netapply.kernel.iptables_input import NatChange
from netapply.model.netfilter import is_nftables
from netapply.model.resource import Resource

__all__ = ["NatChange", "missing", "read", "restore"]


def read() -> list[Resource]:
    """All rules of netapply's. Errors: as `iptables.read` and `nft.read`."""
    return [*iptables.read(), *nft.read()]


def missing(resources: Iterable[Resource]) -> str | None:
    """Why these rules cannot be created here; None if nothing is missing."""
    wanted = list(resources)
    return nft.missing(item for item in wanted if is_nftables(item.key)) or iptables.missing(
        item for item in wanted if not is_nftables(item.key)
    )


def restore(changes: Sequence[NatChange]) -> None:
    """Carry out all changes: one transaction in nftables, one commit a table and family in iptables."""
    nft.restore([change for change in changes if is_nftables(change.key)])
    iptables.restore([change for change in changes if not is_nftables(change.key)])
