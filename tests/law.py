"""How the laws are tried: how often, and what a law begins with and compares.

`make soak` tries a hundred times as many examples; in continuous integration they are the same every
time, so that a red run can be repeated.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import HealthCheck, assume, event, reject, settings

from netapply.errors import ForeignError, MissingError
from netapply.model.resource import Desired
from netapply.plan import Plan
from tests.law_files import File, read
from tests.law_hosts import Deed, carry_out, machine
from tests.law_story import Story
from tests.model_kernel import Snapshot

EXAMPLES = 45
laws = settings(
    max_examples=EXAMPLES * (100 if os.environ.get("NETAPPLY_SOAK") else 1),
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def wish(file: File) -> Desired:
    desired = read(file)
    assume(desired is not None)
    assert desired is not None
    return desired


def begin(*history: list[Deed] | File) -> Story:
    """A host on which others did things and files were applied, in this order."""
    story = Story(machine())
    for part in history:
        if isinstance(part, list):
            carry_out(story.kernel, part)
        else:
            applied(story, wish(part))
    return story


@contextmanager
def refusals_aside() -> Iterator[None]:
    """A host for which the file is refused is of no interest here."""
    try:
        yield
    except (ForeignError, MissingError) as refusal:
        event(f"refused: {type(refusal).__name__}")
        assume(False)


def applied(story: Story, desired: Desired) -> Plan:
    try:
        return story.apply(desired)
    except (ForeignError, MissingError) as refusal:
        event(f"refused: {type(refusal).__name__}")
        reject()


def assert_same(after: Snapshot, before: Snapshot) -> None:
    """Compare piece by piece, so that a failure names the piece."""
    differing = {key: (before.get(key), after.get(key)) for key in before | after if before.get(key) != after.get(key)}
    assert not differing, differing


def managed(story: Story) -> Snapshot:
    """Everything but what the kernel chooses: the MAC and MTU of a link that is made again, and which of
    several addresses of a subnet is the first."""
    chosen = {"mac", "mtu", "secondary"}
    return {
        key: (
            kind,
            {name: attributes[name] for name in attributes.keys() - chosen - ({"src"} & set(key[6:] and ("src",)))},
        )
        for key, (kind, attributes) in story.kernel.snapshot().items()
        if not any(part.startswith("fe80:") for part in key)
    }
