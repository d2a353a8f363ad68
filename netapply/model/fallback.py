"""The tunnel devices that are there by themselves.

A module makes them when it is loaded, in every namespace, and nothing can change their endpoints or delete them
(net/core/sysctl_net_core.c, fb_tunnels_only_for_init_net). They are nobody's wish.
"""

from __future__ import annotations

from typing import Final

FALLBACKS: Final = {
    "gre0": "gre", "gretap0": "gretap", "erspan0": "erspan", "tunl0": "ipip", "sit0": "sit", "ip6tnl0": "ip6tnl",
    "ip_vti0": "vti", "ip6_vti0": "vti6", "ip6gre0": "ip6gre",
}  # fmt: skip
"""Kind by name."""
