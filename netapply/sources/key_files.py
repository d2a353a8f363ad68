"""Key files: read once the desired state is complete, and at once replaced by what may be known of them."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Final

from netapply.model.keyring import remember_private, remember_symmetric
from netapply.model.resource import Desired, Origin, Resource
from netapply.model.wireguard import FROM_FILE, key_bytes
from netapply.sources.wording import named, refusal

_KEYS: Final = {
    ("wireguard", "public_key"): ("private key", "wg genkey", remember_private),
    ("wireguard_peer", "preshared_key"): ("preshared key", "wg genpsk", remember_symmetric),
}
"""What holds a key, how it is called, what makes one, and how it is named afterwards."""
LONGEST: Final = 4096
"""Bytes of a key file that are read: a key has 44."""


def read_keys(desired: Desired) -> None:
    """Put the name of each key where its file was. InputError for the first file that holds none."""
    for (family, attribute), (word, maker, remember) in _KEYS.items():
        for resource in desired.family(family):
            value = resource.attributes.get(attribute)
            if isinstance(value, str) and value.startswith(FROM_FILE):
                path = Path(value.removeprefix(FROM_FILE))
                field = f"{attribute}_file"
                origin = resource.origins.get(field) or resource.where(attribute) or Origin(desired.source, 1)
                what = f"cannot use the {word} of {named(resource.key[1])}: {path}"
                resource.attributes[attribute] = remember(_key_in(path, what, maker, origin))
                _note_if_open(desired, path, origin)
    _refuse_oneself(desired)


def _key_in(path: Path, what: str, maker: str, origin: Origin) -> bytes:
    try:
        with path.open("rb") as file:
            text = file.read(LONGEST)
    except OSError as error:
        raise refusal(f"{what}: {error.strerror}; make one with `{maker}`", origin) from None
    raw = key_bytes(text.decode("ascii", errors="replace").strip())
    if raw is None or not any(raw):
        raise refusal(f"{what} holds no key: 44 characters of base64; make one with `{maker}`", origin)
    return raw


def _note_if_open(desired: Desired, path: Path, origin: Origin) -> None:
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        desired.notes.append(f"{origin}: {path} is not for root alone: chmod 600 {path}")


def _refuse_oneself(desired: Desired) -> None:
    """The kernel passes over a peer with the link's own key (drivers/net/wireguard/netlink.c, set_peer)."""
    own = {device.key[1]: device.attributes.get("public_key") for device in desired.family("wireguard")}
    for peer in desired.family("wireguard_peer"):
        if own.get(peer.key[1]) == peer.key[2]:
            raise refusal(
                f"cannot make {peer.key[2]} a peer of {named(peer.key[1])}: that is its own key; name the peer's",
                _place(peer, desired),
            )


def _place(resource: Resource, desired: Desired) -> Origin:
    return resource.origin or Origin(desired.source, 1)
