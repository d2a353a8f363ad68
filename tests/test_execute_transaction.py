"""One transaction on the model kernel: what is on the disk when, and what a person is told."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from netapply.errors import IncompleteError, KernelError, RolledBackError, StateError
from netapply.execute.store import Store
from netapply.execute.transaction import Progress, Transaction
from netapply.model.owned import Owned
from netapply.plan import Operation
from netapply.sources import loads
from tests.law_story import MemoryStore, Story, on_the_model
from tests.model_kernel import Kernel
from tests.story_words import host, yaml_of

FILE = "br0: {kind: bridge, ports: [eno1], addresses: [10.0.0.1/24]}, eno1: {mtu: 1400}"


@pytest.fixture(autouse=True)
def _model() -> Iterator[None]:
    with on_the_model():
        yield


@pytest.fixture
def kernel() -> Kernel:
    return host("nic eno1; tap tap0")


def transaction(kernel: Kernel, store: Any, text: str = FILE) -> Transaction:
    return Story(kernel).transaction(loads(yaml_of(text), "a.yaml"), store)


def test_the_journal_comes_first_and_each_mark_before_its_group(kernel: Kernel) -> None:
    store = MemoryStore()
    real = kernel.run

    def run(group: list[Operation]) -> None:
        store.events.append(f"run {len(group)}")
        real(group)

    kernel.run = run  # type: ignore[method-assign]
    transaction(kernel, store).run()
    assert store.events == [
        "prepare", "begin", "mark 1", "run 1", "mark 2", "run 1", "mark 3", "run 1", "finish",
    ]  # fmt: skip
    assert store.owned == Owned(
        {("link", "br0"), ("address", "br0", "10.0.0.1/24")}, {("link", "eno1"): {"mtu": 1500, "master": None}}
    )


def test_progress_is_reported_group_by_group(kernel: Kernel) -> None:
    seen: list[Progress] = []
    transaction(kernel, MemoryStore()).run(seen.append)
    assert [(item.number, item.total, str(item)) for item in seen] == [
        (1, 3, "create bridge br0"),
        (2, 3, "set mtu 1400, master br0 of link eno1"),
        (3, 3, "create address 10.0.0.1/24 on br0"),
    ]


def test_a_refusal_of_the_kernel_is_undone_and_said(kernel: Kernel) -> None:
    store, before = MemoryStore(), kernel.snapshot()
    kernel.fail_at(2)
    with pytest.raises(RolledBackError) as caught:
        transaction(kernel, store).run()
    assert str(caught.value) == (
        "cannot (a fault) create address br0 10.0.0.1/24: Input/output error (EIO); everything is as it was before"
    )
    assert isinstance(caught.value.__cause__, KernelError)
    assert kernel.snapshot() == before
    assert store.events[-1] == "drop"
    assert store.owned == Owned()


def test_what_the_kernel_swallowed_is_found_by_looking_again(kernel: Kernel) -> None:
    """A silent no-op: the kernel says yes, and has not done it."""
    before = kernel.snapshot()
    with patch.object(kernel.links, "_mtu", lambda device, value: None):
        doomed = transaction(kernel, MemoryStore(), "eno1: {mtu: 1400}")
        with pytest.raises(RolledBackError) as caught:
            doomed.run()
    assert str(caught.value) == (
        "cannot verify: the kernel accepted the plan, but does not have link eno1 (mtu is 1500, not 1400): "
        "Input/output error (EIO); a.yaml:1:31; everything is as it was before"
    )
    assert kernel.snapshot() == before


def test_ctrl_c_is_undone_like_any_failure(kernel: Kernel) -> None:
    before = kernel.snapshot()

    def interrupt(progress: Progress) -> None:
        if progress.number == 2:
            raise KeyboardInterrupt

    with pytest.raises(RolledBackError, match=r"^cannot finish: interrupted; everything is as it was before$"):
        transaction(kernel, MemoryStore()).run(interrupt)
    assert kernel.snapshot() == before


def test_a_way_back_that_fails_leaves_the_journal_and_names_what_remains(kernel: Kernel, tmp_path: Path) -> None:
    store = Store(tmp_path, "host", "this", 1)
    kernel.fail_at(2)
    real = kernel.links.delete

    def stuck(name: str) -> None:
        raise KernelError(f"delete bridge {name}", errno.EBUSY)

    kernel.links.delete = stuck  # type: ignore[method-assign]
    with pytest.raises(IncompleteError) as caught:
        transaction(kernel, store).run()
    assert caught.value.remaining == ("delete bridge br0",)
    assert str(caught.value).endswith(
        "; and the way back failed: cannot restore delete bridge br0 (cannot delete bridge br0: Device or resource "
        "busy (EBUSY)); look at the network, then run `netapply recover`"
    )
    kernel.links.delete = real  # type: ignore[method-assign]
    assert store.journal.read_open() is not None


def test_nothing_is_begun_where_the_journal_cannot_be_written(kernel: Kernel, tmp_path: Path) -> None:
    (tmp_path / "host").write_text("a file in the way")
    before = kernel.snapshot()
    with pytest.raises(StateError, match=r"^cannot make the state directory .*/host: File exists; see --state-dir$"):
        transaction(kernel, Store(tmp_path, "host", "this", 1)).run()
    assert kernel.snapshot() == before
    assert kernel.count == 0


def test_a_disk_that_fills_up_on_the_way_is_undone(
    kernel: Kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mark that is not on the disk means that its group does not run."""
    store, before = Store(tmp_path, "host", "this", 1), kernel.snapshot()
    real, calls = os.fsync, []

    def fsync(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 4:  # the journal, its directory, the first mark, and now the second
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(
        RolledBackError, match=r"^cannot write .*/journal: No space left on device; everything is as it"
    ):
        transaction(kernel, store).run()
    assert kernel.snapshot() == before
    assert store.journal.read_open() is None


def test_a_commit_keeps_the_journal_as_the_last_one(kernel: Kernel, tmp_path: Path) -> None:
    store = Store(tmp_path, "host", "this", 1)
    transaction(kernel, store).run()
    last = store.journal.read_last()
    assert last is not None
    assert (last.source, last.marks) == ("a.yaml", 3)
    assert last.operations[0] == "create bridge br0"
    assert store.journal.read_open() is None
    assert ("link", "br0") in store.read_owned().made
