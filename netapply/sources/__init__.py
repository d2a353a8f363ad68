"""Text to desired state: every way to say what a host's network shall be.

    from netapply.sources import load

    desired = load(["plans/bridge.yaml"])

A source knows neither kernel nor plan. Whatever is wrong with its text is one InputError that says
where (file:line:column), what, why and what next.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from netapply.model.resource import Desired


def load(paths: Sequence[str | Path] = ()) -> Desired:
    """The state that files and directories describe together, `-` being standard input.

    Without paths it is what /etc/netapply/ holds. Of a directory, *.yaml and *.yml are read in the
    order of their names. A link is described in one file; addresses and ports of others may refer to
    it. Raises InputError.
    """
    from netapply.sources.files import DEFAULT_DIRECTORY, read_all
    from netapply.sources.native import desired_of
    from netapply.sources.wording import printable_path

    source = ", ".join(printable_path(str(path)) for path in paths) or DEFAULT_DIRECTORY
    return desired_of(read_all(paths), source)


def loads(text: str, name: str = "<string>") -> Desired:
    """The state that a text describes; `name` is what messages call it. Raises InputError."""
    from netapply.sources.files import Text
    from netapply.sources.native import desired_of

    return desired_of([Text(name, text)], name)


__all__ = ["load", "loads"]
