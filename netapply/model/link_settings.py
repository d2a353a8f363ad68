"""IPv4 and IPv6 settings of a link that have a word of their own (the kernel's Documentation/networking/ip-sysctl).

Each stands for the kernel parameter that it means, so however it is written there is one resource.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator

from netapply.model.sysctl import link_sysctl_path
from netapply.model.values import text_of

PRIVACY: Final = {"off": "0", "prefer-public": "1", "prefer-temporary": "2"}
"""`use_tempaddr` (RFC 8981)."""
SETTINGS: Final = {
    "accept_ra": ("ipv6.accept_ra",), "autoconf": ("ipv6.autoconf",), "disable_ipv6": ("ipv6.disable_ipv6",),
    "forwarding": ("ipv4.forwarding", "ipv6.forwarding"), "proxy_arp": ("ipv4.proxy_arp",),
    "proxy_ndp": ("ipv6.proxy_ndp",), "privacy": ("ipv6.use_tempaddr",),
}  # fmt: skip
"""The parameters that each word means."""
_ACCEPT_RA: Final = {"false": 0, "off": 0, "no": 0, "true": 1, "on": 1, "yes": 1, "always": 2, "0": 0, "1": 1, "2": 2}


def accept_ra_number(value: object) -> int:
    """`false`, `true`, or `always`: also by a router, which the kernel calls 2."""
    text = text_of(value).lower()
    if text not in _ACCEPT_RA:
        raise ValueError(f"{text!r} is none of false, true and always (0, 1 and 2)")
    return _ACCEPT_RA[text]


AcceptRa = Annotated[
    int, BeforeValidator(accept_ra_number, json_schema_input_type=bool | Literal["always"] | Literal[0, 1, 2])
]


def settings_of(link: BaseModel, name: str) -> Iterator[tuple[str, str, str]]:
    """What a file says of the link called so: the word, the parameter's path and its value."""
    for word in (word for word in SETTINGS if word in link.model_fields_set):
        value = getattr(link, word)
        if value is not None:
            for parameter in SETTINGS[word]:
                yield word, link_sysctl_path(parameter, name), PRIVACY.get(value) or str(int(value))
