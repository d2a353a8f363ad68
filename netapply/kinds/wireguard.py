"""WireGuard: an encrypted tunnel whose peers are known by their public keys (drivers/net/wireguard)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final, Self

from pydantic import Field, model_validator

from netapply.model.attribute import Value
from netapply.model.resource import Resource
from netapply.model.tunnel import Layer3
from netapply.model.wireguard import FROM_FILE, KeyFile, Peer, PublicKey

SEND_REDIRECTS: Final = "net/ipv4/conf/all/send_redirects"


class Wireguard(Layer3):
    """WireGuard interface; peers that the file does not name stay."""

    kind: ClassVar[str] = "wireguard"

    private_key_file: KeyFile | None = Field(default=None, description="file with the key, as `wg genkey` makes it")
    public_key: PublicKey | None = Field(
        default=None, description="of the private key that the kernel has, as `show` prints it: that one stays"
    )
    listen_port: int | None = Field(
        default=None, ge=1, le=65535, description="UDP port; the kernel chooses one where none is given"
    )
    fwmark: int | None = Field(default=None, ge=0, lt=2**32, description="firewall mark of the outer packets; 0: none")
    peers: tuple[Peer, ...] = Field(default=(), description="the other ends")

    @model_validator(mode="after")
    def _one_way_for_each_network(self) -> Self:
        """A network is behind one peer: the kernel would take it from the first and give it to the last."""
        if self.public_key is not None and self.private_key_file is not None:
            raise ValueError("public_key names the key that is there, private_key_file another; leave one out")
        owners: dict[str, str] = {}
        for peer in self.peers:
            for network in peer.allowed_ips:
                if owners.setdefault(network, peer.public_key) != peer.public_key:
                    raise ValueError(f"{network} is among the allowed_ips of two peers; it can be behind one only")
        return self

    def settings(self, name: str) -> Iterator[tuple[Resource, dict[str, str]]]:
        """The device's own; and what its coming up does to the whole namespace (drivers/net/wireguard/device.c,
        wg_open): said here, it is in the plan, and goes back with the link."""
        if self.up:
            yield Resource(("sysctl", SEND_REDIRECTS), "sysctl", {"value": "0"}), {"value": "kind"}
        file = self.private_key_file
        key = self.public_key if file is None else FROM_FILE + file
        said: dict[str, Value] = {"public_key": key, "listen_port": self.listen_port, "fwmark": self.fwmark}
        attributes = {word: value for word, value in said.items() if value is not None}
        if attributes:
            fields = {} if file is None else {"public_key": "private_key_file"}
            yield Resource(("wireguard", name), "wireguard", attributes), fields
