"""WireGuard: keys that nobody sees, peers that are changed one by one, and everything undone exactly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from integration.applying import Node, failing_at, one_node
from integration.test_faults import killed_at
from integration.wireguard_site import clamped, configuration, device, dump, key_file, private_key, public_key, written
from netapply.errors import InputError, RolledBackError
from netapply.lab import Lab
from netapply.model import keyring
from netapply.render.plan_text import plan_text
from netapply.render.state_yaml import render

pytestmark = pytest.mark.kernel("wireguard")
PEER, OTHER, THIRD = public_key("peer"), public_key("other"), public_key("third")


def wish(key: Path, *peers: dict[str, Any], **more: Any) -> str:
    link = {"kind": "wireguard", "private_key_file": str(key), "listen_port": 51820, "peers": list(peers), **more}
    return json.dumps({"version": 1, "links": {"wg0": link}})


def forget() -> None:
    """What another process would not know."""
    keyring._SECRETS.clear()


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    with one_node(tmp_path) as (_, node, _outside):
        yield node


def test_the_kernel_has_what_the_file_says(node: Node, tmp_path: Path) -> None:
    key = key_file(tmp_path, private_key("node"))
    shared = key_file(tmp_path, private_key("shared"), "psk")
    many = [f"10.{number // 256}.{number % 256}.0/24" for number in range(2500)]
    first = {"public_key": PEER, "endpoint": "192.0.2.1:7000", "allowed_ips": many, "persistent_keepalive": "25s"}
    second = {"public_key": OTHER, "endpoint": "[2001:db8::1]:7001", "preshared_key_file": str(shared)}
    node.settle(wish(key, first, {**second, "allowed_ips": ["::/0", "192.0.2.0/24"]}, fwmark=51))
    assert device(node.machine) == {
        "private_key": written(clamped(private_key("node"))), "public_key": public_key("node"),
        "listen_port": "51820", "fwmark": "0x33",
    }  # fmt: skip
    peers = dump(node.machine)
    assert set(peers[PEER]["allowed_ips"].split(",")) == set(many)
    assert (peers[PEER]["endpoint"], peers[PEER]["keepalive"], peers[PEER]["preshared_key"]) == (
        "192.0.2.1:7000", "25", "(none)",
    )  # fmt: skip
    assert peers[OTHER]["endpoint"] == "[2001:db8::1]:7001"
    assert peers[OTHER]["preshared_key"] == written(private_key("shared"))
    assert set(peers[OTHER]["allowed_ips"].split(",")) == {"::/0", "192.0.2.0/24"}


def test_what_the_file_no_longer_names_goes_back(node: Node, tmp_path: Path) -> None:
    key = key_file(tmp_path, private_key("node"))
    shared = str(key_file(tmp_path, private_key("shared"), "psk"))
    more = {"endpoint": "192.0.2.1:7000", "persistent_keepalive": 25, "allowed_ips": ["192.0.2.0/24"]}
    node.settle(wish(key, {"public_key": PEER, **more, "preshared_key_file": shared}, {"public_key": OTHER}, fwmark=5))
    node.machine.run(["wg", "set", "wg0", "peer", THIRD, "allowed-ips", "10.0.0.0/8"])
    node.settle(wish(key, {"public_key": PEER, "allowed_ips": []}))
    peers = dump(node.machine)
    assert peers.keys() == {PEER, THIRD}, "a peer that somebody added by hand is not netapply's"
    assert peers[PEER] == {**peers[PEER], "keepalive": "off", "preshared_key": "(none)", "allowed_ips": "(none)"}
    assert peers[PEER]["endpoint"] == "(none)", "the kernel forgets an endpoint only with the peer"
    assert device(node.machine)["fwmark"] == "off"
    node.settle("version: 1")
    assert "wg0" not in node.machine.interfaces()


def test_no_key_is_ever_shown_or_kept(tmp_path: Path) -> None:
    """Not in the plan, its JSON, the log, the journal, or the record; the former one only in the vault."""
    secrets = {name: private_key(name) for name in ("first", "second", "shared", "shared again")}
    with one_node(tmp_path) as (_, node, _outside):
        key, shared = tmp_path / "wg0.key", tmp_path / "psk"
        peer = {"public_key": PEER, "preshared_key_file": str(shared), "allowed_ips": ["10.0.0.0/8"]}
        said = ""
        for private, common in (("first", "shared"), ("second", "shared again")):
            key_file(tmp_path, secrets[private])
            key_file(tmp_path, secrets[common], "psk")
            plan = node.plan(wish(key, peer))
            said += plan_text(plan) + json.dumps(plan.to_json()) + repr(plan.pure) + "\n".join(plan.notes)
            (tmp_path / "wish.json").write_text(wish(key, peer))
            said += command(node, "plan", "--json") + command(node, "-v", "apply", "--yes", "--json")
            assert device(node.machine)["public_key"] == public_key(private)
            said += command(node, "show") + "".join(text for name, text in kept(node) if not name.endswith(".keys"))
        assert public_key("second") in said and "sha256:" in said, "the names of the keys are there"
        for name, secret in secrets.items():
            assert not found(secret, said), f"the key {name} is readable somewhere"
        vaults = list(node.directory.rglob("*.keys"))
        assert [path.name for path in vaults] == ["last.keys"]
        assert vaults[0].stat().st_mode & 0o777 == 0o600
        held = json.loads(vaults[0].read_text())
        assert set(held.values()) == {written(clamped(secrets["first"])), written(secrets["shared"])}, (
            "only former keys"
        )
        (tmp_path / "wish.json").write_text("version: 1")
        key.unlink()
        forget()
        node.host.rollback().apply()
        assert device(node.machine)["public_key"] == public_key("first")
        assert dump(node.machine)[PEER]["preshared_key"] == written(secrets["shared"])


def command(node: Node, *words: str) -> str:
    """The command line, in a process of its own: what it prints, and what it logs."""
    where = ["--netns", node.netns, "--state-dir", str(node.directory / "lib")]
    wish_file = [] if words[0] == "show" else [str(node.directory.parent / "wish.json")]
    line = [sys.executable, "-m", "netapply", *words, *where, *wish_file]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120, env=os.environ, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def kept(node: Node) -> Iterator[tuple[str, str]]:
    for path in node.directory.rglob("*"):
        if path.is_file():
            yield path.name, path.read_text(errors="replace")


def found(secret: bytes, text: str) -> bool:
    ways = {
        way
        for key in (secret, clamped(secret))
        for way in (written(key), written(key).rstrip("="), key.hex(), repr(key))
    }
    return any(way in text for way in ways)


BEFORE = ({"public_key": PEER, "endpoint": "192.0.2.1:7000", "allowed_ips": ["10.0.0.0/8"]}, {"public_key": OTHER})
AFTER = ({"public_key": OTHER, "allowed_ips": ["10.0.0.0/8", "::/0"]}, {"public_key": THIRD, "persistent_keepalive": 5})


def two_states(directory: Path) -> tuple[str, str]:
    """Another key, another port, one peer fewer, one changed, one more; a network moves to another peer."""
    before, after = key_file(directory, private_key("a"), "a"), key_file(directory, private_key("b"), "b")
    shared = str(key_file(directory, private_key("shared"), "psk"))
    first = wish(before, {**BEFORE[0], "preshared_key_file": shared}, BEFORE[1], mtu=1400)
    return first, wish(after, *AFTER, listen_port=51999, fwmark=9)


def test_a_fault_at_any_step_restores_the_former_keys(node: Node, tmp_path: Path) -> None:
    first, second = two_states(tmp_path)
    node.settle(first)
    before = configuration(node)
    for number in range(len(node.plan(second).operations)):
        with failing_at(number) as fault, pytest.raises(RolledBackError):
            node.apply(second)
        assert fault.fired
        assert configuration(node) == before
    node.settle(second)
    node.host.rollback().apply()
    assert configuration(node) == before


def test_a_killed_apply_is_recovered_by_a_process_that_never_saw_the_keys(node: Node, tmp_path: Path) -> None:
    first, second = two_states(tmp_path)
    node.settle(first)
    before = configuration(node)
    for number in range(len(node.plan(second).pure.batches())):
        killed_at(node, second, number)
        forget()
        result = node.host.recover()
        assert result is not None and result.recovered
        assert configuration(node) == before, f"killed in group {number}"
    assert not list(node.directory.rglob("journal.keys"))


def test_a_deleted_link_comes_back_with_its_key(node: Node, tmp_path: Path) -> None:
    first, _ = two_states(tmp_path)
    node.settle(first)
    before = configuration(node)
    node.settle("version: 1")
    forget()
    node.host.rollback().apply()
    assert configuration(node) == before


def test_the_observed_state_is_a_file_that_changes_nothing(node: Node, tmp_path: Path) -> None:
    first, _ = two_states(tmp_path)
    node.settle(first)
    node.machine.run(["wg", "set", "wg0", "peer", THIRD, "allowed-ips", "172.16.0.0/12"])
    shown = render(node.host.show())
    assert {PEER, THIRD} <= set(shown.replace(",", " ").split()) and "key_file" not in shown and "sha256:" in shown
    assert not node.plan(shown)
    with pytest.raises(RolledBackError, match="nobody has its key"):
        node.apply(shown.replace(public_key("a"), public_key("never seen")))


def test_a_changed_peer_leaves_the_other_alone(tmp_path: Path) -> None:
    """A ping every ten milliseconds through the tunnel of one peer, while the other peer is changed in every way."""
    with Lab() as lab:
        near, far = Node(lab.host("near"), tmp_path), Node(lab.host("far"), tmp_path)
        lab.cable(near.machine, "eth0", far.machine, "eth0")
        for node, number in ((near, 1), (far, 2)):
            node.machine.add_address(f"192.0.2.{number}/24", "eth0")
        key = key_file(tmp_path, private_key("near"), "near.key")
        distant = key_file(tmp_path, private_key("far"), "far.key")
        steady = {"public_key": public_key("far"), "endpoint": "192.0.2.2:51820", "allowed_ips": ["10.9.0.2/32"]}
        far.settle(wish(distant, {"public_key": public_key("near"), "allowed_ips": ["10.9.0.1/32"]},
                        addresses=["10.9.0.2/24"]))  # fmt: skip
        near.settle(wish(key, steady, {"public_key": OTHER}, addresses=["10.9.0.1/24"]))
        near.machine.run(["ping", "-c", "1", "-w", "20", "10.9.0.2"])
        before = dump(near.machine)[public_key("far")]
        changes = (
            {"endpoint": "192.0.2.77:9", "allowed_ips": ["10.7.0.0/16"], "persistent_keepalive": 9},
            {"allowed_ips": ["10.8.0.0/16"], "preshared_key_file": str(key_file(tmp_path, private_key("s"), "psk"))},
        )
        with streaming(near, "10.9.0.2") as stream:
            for change in changes:
                plan = near.plan(wish(key, steady, {"public_key": OTHER, **change}, addresses=["10.9.0.1/24"]))
                assert {item.key[0] for item in plan.changes} == {"wireguard_peer"}
                plan.apply()
        assert stream.lost == 0 and stream.sent > 0
        after = dump(near.machine)[public_key("far")]
        assert (after["endpoint"], after["handshake"]) == (before["endpoint"], before["handshake"])
        assert int(after["rx"]) > int(before["rx"]) and int(after["tx"]) > int(before["tx"]), "counters went on"
        assert dump(near.machine)[OTHER]["preshared_key"] == written(private_key("s"))


class Stream:
    """What a running ping counted."""

    sent = lost = 0


@contextmanager
def streaming(node: Node, target: str) -> Iterator[Stream]:
    line = ["ip", "netns", "exec", node.netns, "ping", "-i", "0.01", "-W", "2", target]
    stream = Stream()
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(0.5)
        yield stream
        time.sleep(0.5)
        process.send_signal(2)
        report, _ = process.communicate(timeout=30)
    counts = next(line for line in report.splitlines() if "transmitted" in line).split()
    stream.sent = int(counts[0])
    # the last one may have been on its way when the ping was ended
    stream.lost = max(0, stream.sent - int(counts[3]) - 1)


@pytest.mark.parametrize(
    ("content", "reason"),
    [("", "holds no key"), ("not a key", "holds no key"), (written(bytes(32)), "holds no key"), (None, "No such file")],
)
def test_a_bad_key_file_is_refused_before_anything_is_touched(
    node: Node, tmp_path: Path, content: str | None, reason: str
) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=reason) as refusal:
        node.plan(wish(path))
    assert "wg genkey" in str(refusal.value)
    assert "wg0" not in node.machine.interfaces()
