"""Former secrets beside a journal: for root alone, known to a later process, gone with the journal."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from netapply.errors import StateError
from netapply.execute import vault
from netapply.execute.image import BeforeImage
from netapply.execute.journal import Journal, Record
from netapply.model import keyring
from netapply.model.owned import Owned
from netapply.model.resource import Resource

SECRET = bytes(range(1, 33))


@pytest.fixture(autouse=True)
def empty_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "_SECRETS", {})


def device() -> Resource:
    return Resource(("wireguard", "wg0"), "wireguard", {"public_key": keyring.remember_private(SECRET)})


def record(*before: Resource) -> Record:
    return Record("boot", 1, "a.yaml", BeforeImage({item.key: item for item in before}), Owned())


def test_a_later_process_knows_the_secret_again(tmp_path: Path) -> None:
    name = device().attributes["public_key"]
    Journal(tmp_path).begin(record(device()))
    keyring._SECRETS.clear()
    assert Journal(tmp_path).read_open() is not None
    assert keyring.secret_of(name) == SECRET


def test_the_journal_itself_names_only_the_public_key(tmp_path: Path) -> None:
    Journal(tmp_path).begin(record(device()))
    text = (tmp_path / "journal").read_text()
    assert keyring.remember_private(SECRET) in text and SECRET.hex() not in text
    assert stat.S_IMODE((tmp_path / "journal.keys").stat().st_mode) == 0o600


def test_keys_go_the_way_of_their_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.begin(record(device()))
    journal.finish()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["last", "last.keys"]
    journal.begin(record(device()))
    journal.drop()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["last", "last.keys"]
    journal.begin(record())
    assert not (tmp_path / "journal.keys").exists()
    journal.finish()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["last"], "nothing secret was touched last"


def test_a_damaged_file_is_an_error_that_repeats_nothing_of_it(tmp_path: Path) -> None:
    path = tmp_path / "last.keys"
    path.write_text('{"name": "c2VjcmV0')
    with pytest.raises(StateError, match=r"cannot understand .*last\.keys") as error:
        vault.recall(path)
    assert "c2VjcmV0" not in str(error.value)
