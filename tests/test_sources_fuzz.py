"""Whatever a file holds, it is a desired state or one error in words."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some
from pydantic import BaseModel

from netapply.errors import InputError
from netapply.kinds import KINDS
from netapply.model.nat import ENTRIES
from netapply.model.route import Leg, Route
from netapply.model.rule import Rule
from netapply.sources import loads
from netapply.sources.files import _decoded

CASES = Path(__file__).parent / "cases" / "sources"
GOOD = "\n".join(
    [
        "version: 1", "links:", "  eno1: {mtu: 1500, sysctl: {ipv4.proxy_arp: 1}}", "  vmbr0:",
        "    kind: bridge", "    ports: [eno1, &tap tap0]", "    stp: false", "    forward_delay: 0s",
        "    addresses: [192.168.10.2/24, '2001:db8::1/64']", "  va: {kind: veth, peer: vb}",
        "  vx: {kind: vxlan, vni: 100, local: 192.0.2.1, remote: 192.0.2.2, dev: eno1}",
        "  m0: {kind: macvlan, link: vb, mode: bridge}", "routes:", "  - {to: default, via: 192.168.10.1}",
        "  - {to: 10.5.0.0/16, nexthops: [{via: 192.168.10.3, weight: 2}]}", "rules:",
        "  - {priority: 100, from: 10.0.0.0/8, table: 100}", "sysctl: {net.ipv4.ip_forward: 1}", "nat:",
        "  - {masquerade: 10.10.10.0/24, out: eno1}", "",
    ]
)  # fmt: skip
ONE_LINE = re.compile(r"f\.yaml:\d+:\d+: cannot [^\n]+")
JARGON = re.compile(r"pydantic|Input should|NoneType|Traceback|Value error|validat|\bNone\b|_type\b|belongs there")


def _message(text: str | bytes) -> str:
    """What is wrong with the text; empty where nothing is."""
    try:
        loads(text if isinstance(text, str) else _decoded(text, "f.yaml"), "f.yaml")
    except InputError as error:
        return str(error)
    return ""


def _load(text: str | bytes) -> None:
    """Load the text; an error must be one readable line of moderate length."""
    message = _message(text)
    if message:
        assert ONE_LINE.fullmatch(message), message
        assert not JARGON.search(message), message
        assert len(message) < 700


def _names(model: type[BaseModel]) -> list[str]:
    return [info.alias or name for name, info in model.model_fields.items()]


_MODELS: tuple[type[BaseModel], ...] = (*KINDS, Route, Leg, Rule, *ENTRIES.values())
_NAMES = sorted({"kind", *(name for model in _MODELS for name in _names(model))})
_WORDS = [
    "vmbr0", "eno1", "10.0.0.1/24", "10.0.0.1", "10.0.0.0/8", "2001:db8::1", "2001:db8::1/64", "default",
    "main", "blackhole", "lookup", "tcp", "80", "bridge", "vxlan", "02:00:00:00:00:01", "15s", "any",
    "inet6", "10.0.0.5:80",
]  # fmt: skip
_scalars = some.one_of(
    some.none(), some.booleans(), some.integers(-5, 70_000), some.sampled_from(_WORDS), some.text(max_size=20)
)
_trees = some.recursive(
    _scalars,
    lambda inner: some.one_of(
        some.lists(inner, max_size=3), some.dictionaries(some.sampled_from(_NAMES), inner, max_size=4)
    ),
    max_leaves=8,
)


def _entries(model: type[BaseModel], kind: str = "") -> some.SearchStrategy[dict[str, Any]]:
    """Mappings with the keys of a class and values of all sorts."""
    values = some.one_of(_scalars, some.lists(_scalars, max_size=3), _trees)
    fixed = {"kind": some.just(kind)} if kind else {}
    return some.fixed_dictionaries(fixed, optional=dict.fromkeys(_names(model), values))


_links = some.one_of(*(_entries(kind, kind.kind) for kind in KINDS), _trees)
_documents = some.fixed_dictionaries(
    {"version": some.just(1)},
    optional={
        "links": some.dictionaries(some.sampled_from(["vmbr0", "eno1", "lo", "vx0"]), _links, max_size=4),
        "routes": some.lists(_entries(Route), max_size=3),
        "rules": some.lists(_entries(Rule), max_size=3),
        "nat": some.lists(some.one_of(*(_entries(model) for model in ENTRIES.values())), max_size=3),
        "sysctl": some.dictionaries(some.sampled_from(["net.ipv4.ip_forward", "net/a", "a"]), _scalars),
    },
)
_SOAK = "NETAPPLY_SOAK" in os.environ
_bounded = settings(max_examples=20_000 if _SOAK else 150, deadline=None, derandomize=not _SOAK)


@_bounded
@given(some.text())
def test_any_text(text: str) -> None:
    _load(text)


@_bounded
@given(some.binary())
def test_any_bytes(data: bytes) -> None:
    _load(data)


@_bounded
@given(_documents | some.dictionaries(some.sampled_from(["version", "links", "routes", "nat"]), _trees))
def test_any_values_below_known_keys(document: dict[str, Any]) -> None:
    _load(json.dumps(document, indent=1, ensure_ascii=False))


_MARKS = [*"{}[]:,&*!|>'\"%@`#-?\t\n ", "<<: *tap", "*tap", "~", "- ", "\n---\n", "\0", "eno1", "vmbr0"]
_edits = some.tuples(
    some.integers(0, len(GOOD)), some.integers(0, 12), some.sampled_from(_MARKS) | some.text(max_size=3)
)


@_bounded
@given(some.lists(_edits, max_size=4))
def test_a_good_file_with_slips_of_the_pen(edits: list[tuple[int, int, str]]) -> None:
    text = GOOD
    for at, removed, put in edits:
        text = text[:at] + put + text[at + removed :]
    _load(text)


def test_the_good_file_is_good() -> None:
    assert len(loads(GOOD)) > 10
