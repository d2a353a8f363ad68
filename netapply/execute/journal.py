"""The journal of one transaction: what will be done and what was before, on disk before the first step.

A journal is a file of lines. The first, written whole before anything is touched, holds the plan and
the before-image; each further line marks a group of operations, before that group runs. A finished
transaction's journal becomes `last`, which is what `rollback` goes back to.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from netapply.errors import StateError
from netapply.execute import vault
from netapply.execute.durable import append_line, read_text, saying, sync_directory, write_whole
from netapply.execute.image import BeforeImage
from netapply.execute.notation import (
    keys_to_json,
    owned_from_json,
    owned_to_json,
    resource_from_json,
    resource_to_json,
)
from netapply.model.owned import Owned

FORMAT, VERSION = "netapply-journal", 1


@dataclass(slots=True)
class Record:
    """One transaction as its journal tells it."""

    boot: str
    namespace: int
    source: str
    image: BeforeImage
    owned: Owned
    """The ownership before the transaction, to which an undo returns."""
    operations: list[str] = field(default_factory=list)
    started: float = 0.0
    pid: int = 0
    marks: int = 0
    """How many groups of operations had begun."""

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT, "version": VERSION, "boot": self.boot, "namespace": self.namespace,
            "source": self.source, "started": self.started, "pid": self.pid, "operations": self.operations,
            "before": [resource_to_json(resource) for resource in self.image.before.values()],
            "made": keys_to_json(self.image.made),
            "touched": [[list(key), list(names)] for key, names in self.image.touched.items()],
            "owned": owned_to_json(self.owned),
        }  # fmt: skip


def _from_json(data: dict[str, Any], marks: int) -> Record:
    if (data["format"], data["version"]) != (FORMAT, VERSION):
        raise ValueError(f"it is {data['format']} of version {data['version']}, not {FORMAT} of version {VERSION}")
    before = {resource.key: resource for resource in map(resource_from_json, data["before"])}
    image = BeforeImage(
        before,
        {tuple(key) for key in data["made"]},
        {tuple(key): tuple(names) for key, names in data["touched"]},
    )
    return Record(
        data["boot"], data["namespace"], data["source"], image, owned_from_json(data["owned"]), data["operations"],
        data["started"], data["pid"], marks,
    )  # fmt: skip


class Journal:
    """The journal of one namespace, in its state directory."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "journal"
        self._last = directory / "last"
        self._keys, self._last_keys = directory / "journal.keys", directory / "last.keys"

    def read_open(self) -> Record | None:
        """The transaction that was begun and not finished; None where there is none."""
        self._recall()
        return _read(self._path)

    def read_last(self) -> Record | None:
        """The last transaction that was committed."""
        self._recall()
        return _read(self._last)

    def _recall(self) -> None:
        """Either file may hold the keys of either record, where a crash came between their renaming."""
        for path in (self._last_keys, self._keys):
            vault.recall(path)

    def begin(self, record: Record) -> None:
        """Write the whole record to disk; StateError where that cannot be, and nothing was touched."""
        record.started, record.pid = time.time(), os.getpid()
        vault.keep(self._keys, record.image.before.values())
        write_whole(self._path, json.dumps(record.to_json(), separators=(",", ":")) + "\n")

    def mark(self, number: int) -> None:
        """Say, on disk, that group `number` is about to run."""
        append_line(self._path, json.dumps({"group": number}))

    def finish(self) -> None:
        """The transaction is committed: its journal is kept as the last one."""
        with saying("close the journal", self._path):
            self._path.rename(self._last)
            vault.become(self._keys, self._last_keys)
            sync_directory(self._path.parent)

    def drop(self) -> None:
        """The transaction was undone: nothing remains of it."""
        with saying("remove the journal", self._path):
            self._path.unlink(missing_ok=True)
            vault.drop(self._keys)
            sync_directory(self._path.parent)


def _read(path: Path) -> Record | None:
    text = read_text(path)
    if text is None:
        return None
    head, *marks = text.splitlines() or [""]
    try:
        return _from_json(json.loads(head), len(marks))
    except (ValueError, KeyError, TypeError) as error:
        raise StateError(
            f"cannot understand {path}: {error}; it was not written by this version of netapply, or is damaged; "
            f"move it away once you have looked at the network"
        ) from None
