"""The journal: what is written is what is read, and what is damaged says what to do."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given

from netapply.errors import StateError
from netapply.execute.image import BeforeImage, before_image
from netapply.execute.journal import Journal, Record
from netapply.execute.notation import owned_from_json, owned_to_json
from netapply.model.owned import Owned
from netapply.model.resource import Resource
from netapply.model.routing import Nexthop
from tests.law import begin, laws, refusals_aside, wish
from tests.law_files import File, files
from tests.law_hosts import Deed, deeds

ROUTE = Resource(
    ("route", "inet", "254", "0.0.0.0/0", "0", "0"), "route",
    {"nexthops": (Nexthop("192.0.2.1", "eno1"), Nexthop("192.0.2.9", None, 3, True)), "src": None, "mtu": 1400},
    {"nexthop_object": False},
)  # fmt: skip
LINK = Resource(("link", "br0"), "bridge", {"alias": "Gäste\nzwei", "stp": True, "forward_delay": 1.99}, {"ifindex": 7})


def record() -> Record:
    image = BeforeImage({ROUTE.key: ROUTE, LINK.key: LINK}, {("link", "vx0")}, {LINK.key: ("stp", "alias")})
    owned = Owned({("link", "br0"), ("address", "br0", "10.0.0.1/24")}, {LINK.key: {"alias": None, "mtu": 1500}})
    return Record("boot-id", 4026531840, "a.yaml", image, owned, ["create vxlan vx0", "set alias of br0"])


def test_a_journal_that_is_begun_is_open(tmp_path: Path) -> None:
    assert Journal(tmp_path).read_open() is None
    journal = Journal(tmp_path)
    written = record()
    journal.begin(written)
    read = Journal(tmp_path).read_open()
    journal.finish()
    assert read == written
    assert read.pid == os.getpid()
    assert read.started > 1_600_000_000


def test_marks_are_counted_and_on_the_disk_before_anything_runs(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.begin(record())
    counts = []
    for number in (1, 2, 3):
        journal.mark(number)
        read = Journal(tmp_path).read_open()
        assert read is not None
        counts.append(read.marks)
    journal.drop()
    assert counts == [1, 2, 3]


def test_a_finished_journal_is_the_last_one(tmp_path: Path) -> None:
    for source in ("first.yaml", "second.yaml"):
        journal = Journal(tmp_path)
        written = record()
        written.source = source
        journal.begin(written)
        journal.mark(1)
        journal.finish()
    assert Journal(tmp_path).read_open() is None
    last = Journal(tmp_path).read_last()
    assert last is not None
    assert (last.source, last.marks) == ("second.yaml", 1)


def test_a_dropped_journal_leaves_the_last_one_alone(tmp_path: Path) -> None:
    first = Journal(tmp_path)
    first.begin(record())
    first.finish()
    second = Journal(tmp_path)
    second.begin(record())
    second.drop()
    second.drop()
    assert Journal(tmp_path).read_open() is None
    assert Journal(tmp_path).read_last() is not None


def test_a_journal_cut_off_in_a_mark_is_read(tmp_path: Path) -> None:
    """Power may go while a mark is written: the first line, which counts, is whole."""
    journal = Journal(tmp_path)
    journal.begin(record())
    journal.mark(1)
    journal.finish()
    path = tmp_path / "last"
    path.rename(tmp_path / "journal")
    with (tmp_path / "journal").open("a") as file:
        file.write('{"gro')
    read = Journal(tmp_path).read_open()
    assert read is not None
    assert read.image == record().image


def damaged() -> dict[str, str]:
    whole = json.dumps(record().to_json())
    less = json.loads(whole)
    del less["before"]
    odd = json.loads(whole) | {"before": 7}
    short = json.loads(whole) | {"before": [["link", "br0"]]}
    return {
        "empty": "",
        "cut": whole[: len(whole) // 2],
        "no record": "[]",
        "a number": "7",
        "a part missing": json.dumps(less),
        "of another type": json.dumps(odd),
        "a resource cut short": json.dumps(short),
    }


@pytest.mark.parametrize("name", damaged())
def test_a_damaged_journal_says_what_to_do(tmp_path: Path, name: str) -> None:
    (tmp_path / "journal").write_text(damaged()[name])
    with pytest.raises(StateError) as caught:
        Journal(tmp_path).read_open()
    assert str(caught.value).startswith(f"cannot understand {tmp_path}/journal: ")
    assert str(caught.value).endswith("is damaged; move it away once you have looked at the network")


def test_a_journal_of_another_version_is_not_guessed_at(tmp_path: Path) -> None:
    for change in ({"version": 2}, {"format": "something-else"}):
        (tmp_path / "journal").write_text(json.dumps(record().to_json() | change))
        with pytest.raises(StateError, match="it was not written by this version of netapply"):
            Journal(tmp_path).read_open()


def test_a_directory_that_takes_no_file_means_that_nothing_was_begun(tmp_path: Path) -> None:
    missing = tmp_path / "none"
    with pytest.raises(StateError, match=r"^cannot write .*/journal: No such file or directory; nothing was begun$"):
        Journal(missing).begin(record())
    assert not missing.exists()


def test_a_full_disk_is_said_at_every_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object, **named: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    journal = Journal(tmp_path)
    journal.begin(record())
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StateError, match=r"^cannot write .*/journal: No space left on device$"):
            journal.mark(1)
        with pytest.raises(StateError, match=r"^cannot close the journal .*: No space left on device$"):
            journal.finish()
    journal = Journal(tmp_path)
    journal.begin(record())
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", full)
        with pytest.raises(StateError, match=r"^cannot remove the journal .*: No space left on device$"):
            journal.drop()


def test_ownership_is_written_without_loss() -> None:
    owned = record().owned
    assert owned_from_json(json.loads(json.dumps(owned_to_json(owned)))) == owned


@laws
@given(deeds(5), files(), deeds(5), files())
def test_every_before_image_survives_the_journal(
    before: list[Deed], first: File, between: list[Deed], second: File
) -> None:
    story = begin(before, first, between)
    with refusals_aside():
        observed, plan = story.plan(wish(second))
    written = Record("boot", 1, "a.yaml", before_image(plan, observed), story.owned)
    with TemporaryDirectory() as directory:
        journal = Journal(Path(directory))
        journal.begin(written)
        assert Journal(Path(directory)).read_open() == written
        journal.drop()
