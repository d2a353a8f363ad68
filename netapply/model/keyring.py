"""Secrets of this process, each by a name that everybody may read.

A private key is never an attribute of a resource: what is compared, printed, logged and journalled is its public
key, and of a symmetric key its digest. Whoever reads a secret (a key file, the kernel) puts it here, and only the
code that packs the message for the kernel takes it out. What an undo after a crash would need is kept by
`execute.vault`, in a file of its own.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from netapply.model.curve25519 import public_text

_SECRETS: Final[dict[str, bytes]] = {}


def remember_private(secret: bytes) -> str:
    """Keep a Curve25519 private key; its name is the public key."""
    name = public_text(secret)
    _SECRETS[name] = secret
    return name


def remember_as(name: str, secret: bytes) -> str:
    """Keep a secret whose name is known."""
    _SECRETS[name] = secret
    return name


def remember_symmetric(secret: bytes) -> str:
    """Keep a random symmetric key; its name is a digest, of which nobody comes back to 256 random bits."""
    return remember_as(f"sha256:{sha256(secret).hexdigest()[:32]}", secret)


def secret_of(name: str) -> bytes | None:
    """The secret of that name, where this process knows it."""
    return _SECRETS.get(name)
