"""The public key of a private one: X25519 with the base point (RFC 7748).

This is needed once for each key file, to compare what a file wishes with what the kernel has without any of the
two secrets being looked at; 1 ms in plain Python. It is not meant to resist a measuring of time: who can
measure root's `netapply` can read the key file.
"""

from __future__ import annotations

import base64
from typing import Final

PRIME: Final = 2**255 - 19
A24: Final = 121665
BASE: Final = 9
SIZE: Final = 32


def public_key(private: bytes) -> bytes:
    """The public key, 32 bytes. The private one is clamped as every implementation does (RFC 7748, 5)."""
    scalar = bytearray(private)
    scalar[0] &= 248
    scalar[31] = scalar[31] & 127 | 64
    return _ladder(int.from_bytes(scalar, "little"), BASE).to_bytes(SIZE, "little")


def public_text(private: bytes) -> str:
    """The public key as WireGuard writes it."""
    return base64.b64encode(public_key(private)).decode()


def _ladder(scalar: int, u: int) -> int:
    """Montgomery's ladder over the u coordinate (RFC 7748, 5)."""
    x2, z2, x3, z3, swapped = 1, 0, u, 1, 0
    for position in reversed(range(255)):
        bit = scalar >> position & 1
        if bit != swapped:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swapped = bit
        x2, z2, x3, z3 = _step(x2, z2, x3, z3, u)
    if swapped:
        x2, z2 = x3, z3
    return x2 * pow(z2, PRIME - 2, PRIME) % PRIME


def _step(x2: int, z2: int, x3: int, z3: int, u: int) -> tuple[int, int, int, int]:
    a, b = x2 + z2, x2 - z2
    aa, bb = a * a % PRIME, b * b % PRIME
    e = aa - bb
    da, cb = (x3 - z3) * a % PRIME, (x3 + z3) * b % PRIME
    x3, z3 = pow(da + cb, 2, PRIME), u * pow(da - cb, 2, PRIME) % PRIME
    return aa * bb % PRIME, e * (aa + A24 * e) % PRIME, x3, z3
