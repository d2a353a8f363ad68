"""What a command gets to work with."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from netapply.cli.log import Log
from netapply.cli.output import Output

if TYPE_CHECKING:
    from netapply.api import Host

Connect = Callable[[Namespace], "Host"]


@dataclass(slots=True)
class Call:
    """One run of one command: its options, its host, and where it prints."""

    options: Namespace
    connect: Connect
    out: Output
    log: Log
    began: bool = field(default=False)
    """Whether a transaction was begun: an interruption after that was one of the transaction."""

    def host(self) -> Host:
        """The host that the options name; the engine is imported here."""
        return self.connect(self.options)


def connect_host(options: Namespace) -> Host:
    """The real host, or one of its network namespaces."""
    from netapply.api import Host

    if options.state_dir is None:
        return Host(netns=options.netns)
    state_dir = Path(options.state_dir)
    return Host(netns=options.netns, state_dir=state_dir, run_dir=state_dir / "run")
