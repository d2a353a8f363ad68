"""Keys for tests, and what wireguard-tools say: the second witness of everything about WireGuard."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from integration.applying import Node
from netapply.lab import Host as LabHost
from netapply.model.curve25519 import public_text


def private_key(name: str) -> bytes:
    """The private key of a node: always the same, so that a plan can name its public key."""
    return hashlib.sha256(name.encode()).digest()


def public_key(name: str) -> str:
    return public_text(private_key(name))


def clamped(secret: bytes) -> bytes:
    """The private key as the kernel holds it (RFC 7748, 5)."""
    return bytes((secret[0] & 248, *secret[1:31], secret[31] & 127 | 64))


def written(secret: bytes) -> str:
    return base64.b64encode(secret).decode()


def key_file(directory: Path, secret: bytes, name: str = "wg0.key") -> Path:
    """The secret in a file, as `wg genkey` leaves one."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    path.write_text(written(secret) + "\n")
    path.chmod(0o600)
    return path


def with_keys(plan: Path, directory: Path) -> Path:
    """The plan; one that names key files with those of its node, which is the one that the other half names."""
    text = plan.read_text()
    if "/etc/wireguard/" not in text:
        return plan
    key_file(directory, private_key("node2" if plan.stem.endswith("-b") else "node1"))
    copy = directory / plan.name
    copy.write_text(text.replace("/etc/wireguard/", f"{directory}/"))
    return copy


def dump(machine: LabHost, link: str = "wg0") -> dict[str, dict[str, Any]]:
    """The peers by their public keys, as `wg show LINK dump` tells."""
    names = ("preshared_key", "endpoint", "allowed_ips", "handshake", "rx", "tx", "keepalive")
    lines = machine.run(["wg", "show", link, "dump"]).stdout.splitlines()[1:]
    rows = (line.split("\t") for line in lines)
    return {row[0]: dict(zip(names, row[1:], strict=True)) for row in rows}


def device(machine: LabHost, link: str = "wg0") -> dict[str, str]:
    """Private key, public key, port and mark, as `wg` tells."""
    line = machine.run(["wg", "show", link, "dump"]).stdout.splitlines()[0]
    return dict(zip(("private_key", "public_key", "listen_port", "fwmark"), line.split("\t"), strict=True))


def configuration(node: Node, link: str = "wg0") -> list[str]:
    """All that can be configured, secrets included, in a fixed order."""
    return sorted(node.machine.run(["wg", "showconf", link]).stdout.splitlines())
