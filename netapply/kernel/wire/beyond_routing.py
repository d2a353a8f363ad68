"""Numbers of routing messages that pyroute2 does not know, from the kernel's UAPI headers."""

from __future__ import annotations

from typing import Final

ROUTING: Final[dict[str, dict[str, tuple[int, str]]]] = {
    # include/uapi/linux/nexthop.h
    "nexthop": {
        "NHA_ID": (1, "uint32"), "NHA_GROUP": (2, "hex"), "NHA_GROUP_TYPE": (3, "uint16"), "NHA_BLACKHOLE": (4, "flag"),
        "NHA_OIF": (5, "uint32"), "NHA_GATEWAY": (6, "ipaddr"), "NHA_ENCAP_TYPE": (7, "uint16"),
        "NHA_ENCAP": (8, "hex"), "NHA_FDB": (11, "flag"), "NHA_RES_GROUP": (12, "hex"),
    },
    "resilient_group": {
        "NHA_RES_GROUP_BUCKETS": (1, "uint16"), "NHA_RES_GROUP_IDLE_TIMER": (2, "uint32"),
        "NHA_RES_GROUP_UNBALANCED_TIMER": (3, "uint32"),
    },
    # include/uapi/linux/rtnetlink.h
    "route": {"RTA_NH_ID": (30, "uint32")},
    "metrics": {"RTAX_FASTOPEN_NO_COOKIE": (17, "uint32")},
    # include/uapi/linux/mpls_iptunnel.h, lwtunnel.h, seg6_iptunnel.h, seg6_local.h
    "mpls_tunnel": {"MPLS_IPTUNNEL_DST": (1, "hex"), "MPLS_IPTUNNEL_TTL": (2, "uint8")},
    "ip_tunnel": {
        "LWTUNNEL_IP_ID": (1, "hex"), "LWTUNNEL_IP_DST": (2, "ipaddr"), "LWTUNNEL_IP_SRC": (3, "ipaddr"),
        "LWTUNNEL_IP_TTL": (4, "uint8"), "LWTUNNEL_IP_TOS": (5, "uint8"), "LWTUNNEL_IP_FLAGS": (6, "be16"),
    },
    "seg6": {"SEG6_IPTUNNEL_SRH": (1, "hex")},
    "seg6local": {
        "SEG6_LOCAL_ACTION": (1, "uint32"), "SEG6_LOCAL_TABLE": (3, "uint32"), "SEG6_LOCAL_NH4": (4, "ip4addr"),
        "SEG6_LOCAL_NH6": (5, "ip6addr"), "SEG6_LOCAL_VRFTABLE": (9, "uint32"),
    },
}  # fmt: skip
