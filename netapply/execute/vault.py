"""The secrets that an undo would need, beside the journal and never in it.

Journals, records and logs name a key by its public half or its digest; they may be copied into a ticket. What the
kernel had before a transaction cannot be had again from any file, so for as long as a journal could be undone
(`journal`: by recovery, `last`: by rollback) the former secrets stand in a file beside it, `journal.keys` and
`last.keys`, for root alone like /etc/wireguard. A transaction that touches no secret leaves no such file, and
the next one takes the former away. New secrets are never written: they are in the administrator's own files.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from netapply.errors import StateError
from netapply.execute.durable import read_text, saying, write_whole
from netapply.model.keyring import remember_as, secret_of
from netapply.model.resource import Resource

_NAMED_BY: Final = {"wireguard": "public_key", "wireguard_peer": "preshared_key"}
"""By family, the attribute that names a secret."""


def keep(path: Path, before: Iterable[Resource]) -> None:
    """Write the secrets of these resources; no file where there are none."""
    names = {resource.attributes.get(_NAMED_BY[resource.family]) for resource in before if resource.family in _NAMED_BY}
    secrets = {name: secret for name in names if name and (secret := secret_of(name)) is not None}
    if secrets:
        text = {name: b64encode(secret).decode() for name, secret in secrets.items()}
        write_whole(path, json.dumps(text, separators=(",", ":")))
    else:
        drop(path)


def recall(path: Path) -> None:
    """Know the secrets of an earlier process again. StateError where the file is damaged."""
    text = read_text(path)
    if text is None:
        return
    try:
        for name, secret in json.loads(text).items():
            remember_as(name, b64decode(secret, validate=True))
    except (ValueError, AttributeError, TypeError) as error:
        raise StateError(f"cannot understand {path}: {type(error).__name__}; the keys in it are lost") from None


def drop(path: Path) -> None:
    with saying("remove the keys", path):
        path.unlink(missing_ok=True)


def become(path: Path, last: Path) -> None:
    """The transaction is committed: its keys are those of the last one."""
    with saying("keep the keys", last):
        if path.exists():
            path.rename(last)
        else:
            last.unlink(missing_ok=True)
