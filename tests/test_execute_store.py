"""What netapply remembers of a namespace, and when it no longer counts."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from netapply.errors import StateError
from netapply.execute.image import BeforeImage
from netapply.execute.journal import Record
from netapply.execute.store import Store
from netapply.model.owned import Owned

OWNED = Owned({("link", "br0"), ("address", "br0", "10.0.0.1/24")}, {("link", "eno1"): {"mtu": 9000, "alias": None}})


def store(path: Path, boot: str = "this", namespace: int = 1, name: str = "host") -> Store:
    return Store(path, name, boot, namespace)


def test_nothing_is_owned_where_nothing_was_written(tmp_path: Path) -> None:
    assert store(tmp_path).read_owned() == Owned()


def test_what_is_owned_is_remembered(tmp_path: Path) -> None:
    store(tmp_path).prepare()
    store(tmp_path).write_owned(OWNED)
    assert store(tmp_path).read_owned() == OWNED
    assert store(tmp_path, name="netns-lab").read_owned() == Owned()


@pytest.mark.parametrize(("boot", "namespace"), [("another", 1), ("this", 2)])
def test_a_record_of_another_boot_or_namespace_is_void(tmp_path: Path, boot: str, namespace: int) -> None:
    store(tmp_path).prepare()
    store(tmp_path).write_owned(OWNED)
    later = store(tmp_path, boot, namespace)
    assert later.read_owned() == Owned()
    record = Record("this", 1, "a.yaml", BeforeImage(), OWNED)
    assert not later.is_current(record)
    assert store(tmp_path).is_current(record)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"boot": "this"}', '{"boot": "this", "namespace": 1, "made": 7}'])
def test_a_damaged_record_says_what_to_do(tmp_path: Path, text: str) -> None:
    store(tmp_path).prepare()
    (tmp_path / "host" / "owned").write_text(text)
    with pytest.raises(StateError) as caught:
        store(tmp_path).read_owned()
    assert str(caught.value).startswith(f"cannot understand {tmp_path}/host/owned: ")
    assert str(caught.value).endswith("; move it away, and netapply will own only what the kernel marks")


def test_a_directory_that_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may write anywhere, so the read-only file system is played."""

    def readonly(*arguments: object, **named: object) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    memory = store(tmp_path)
    memory.prepare()
    monkeypatch.setattr(os, "open", readonly)
    with pytest.raises(StateError, match=r"^cannot write .*/owned: Read-only file system; nothing was begun$"):
        memory.write_owned(OWNED)
    monkeypatch.setattr(os, "mkdir", readonly)
    with pytest.raises(
        StateError, match=r"^cannot make the state directory .*: Read-only file system; see --state-dir$"
    ):
        store(tmp_path / "elsewhere").prepare()
