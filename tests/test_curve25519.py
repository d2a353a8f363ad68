"""Public keys, against a vector of RFC 7748 (6.1), and against OpenSSL's."""

from __future__ import annotations

import pytest

from netapply.model.curve25519 import public_key, public_text

RFC = (
    "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
    "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
)
OPENSSL = (
    "580dcbde3c1704ffdd4e86cfb22094e05eb7ef53c9da1f3874ef791ddcfc6977",
    "55d17381c11752640a87c743438119e2df13214aa69072462b72451ebc5bc25a",
)


@pytest.mark.parametrize(("private", "public"), [RFC, OPENSSL])
def test_public_keys(private: str, public: str) -> None:
    assert public_key(bytes.fromhex(private)).hex() == public


@pytest.mark.parametrize("raw", [bytes(range(32)), bytes([255] * 32)])
def test_a_private_key_counts_as_every_implementation_clamps_it(raw: bytes) -> None:
    clamped = bytes((raw[0] & 248, *raw[1:31], raw[31] & 127 | 64))
    assert public_key(raw) == public_key(clamped)


def test_a_public_key_is_written_as_wireguard_writes_it() -> None:
    assert public_text(bytes(range(32))) == "j0DFrbaPJWJK5bIU6nZ6bslNgp09e14a0bpvPiE4KF8="
