"""Where netapply keeps what it must remember of one namespace.

    STATE_DIR/host/ or STATE_DIR/netns-NAME/    owned · journal · last
    RUN_DIR/host.lock                           the lock

Nothing of a former boot, or of a former namespace of the same name, counts: its resources are gone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from netapply.errors import StateError
from netapply.execute.durable import ensure_directory, read_text, write_whole
from netapply.execute.journal import Journal, Record
from netapply.execute.notation import owned_from_json, owned_to_json
from netapply.model.owned import Owned


@dataclass(slots=True)
class Store:
    """The memory of one namespace, told apart by boot id and namespace cookie."""

    state_dir: Path
    name: str
    boot: str
    namespace: int

    @property
    def directory(self) -> Path:
        return self.state_dir / self.name

    @property
    def journal(self) -> Journal:
        return Journal(self.directory)

    def prepare(self) -> None:
        ensure_directory(self.directory)

    def is_current(self, record: Record) -> bool:
        """Whether a record is of this boot and of this very namespace."""
        return record.boot == self.boot and record.namespace == self.namespace

    def read_owned(self) -> Owned:
        """What netapply made here since boot; StateError where the record is damaged."""
        path = self.directory / "owned"
        text = read_text(path)
        if text is None:
            return Owned()
        try:
            data = json.loads(text)
            current = data["boot"] == self.boot and data["namespace"] == self.namespace
            return owned_from_json(data) if current else Owned()
        except (ValueError, KeyError, TypeError) as error:
            raise StateError(
                f"cannot understand {path}: {error}; move it away, and netapply will own only what the kernel marks"
            ) from None

    def write_owned(self, owned: Owned) -> None:
        data = {"boot": self.boot, "namespace": self.namespace, **owned_to_json(owned)}
        write_whole(self.directory / "owned", json.dumps(data, separators=(",", ":")))
