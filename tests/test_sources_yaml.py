"""The tree that YAML becomes: positions, text, limits; with libyaml and with PyYAML's own parser."""

from __future__ import annotations

import time

import pytest
import yaml

from netapply.errors import InputError
from netapply.sources import yaml_syntax
from netapply.sources.tree import Mapping, Scalar, Sequence
from netapply.sources.yaml_syntax import MAX_DEPTH, parse

LOADERS = [yaml.CSafeLoader, yaml.SafeLoader]


@pytest.fixture(params=LOADERS, ids=["libyaml", "python"])
def _loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_syntax, "_LOADER", request.param)


def _mapping(text: str) -> Mapping:
    root = parse(text, "f.yaml")
    assert isinstance(root, Mapping)
    return root


@pytest.mark.usefixtures("_loader")
def test_every_part_knows_its_line_and_column() -> None:
    root = _mapping("# first\nlinks:\n  eno1: {mtu: 1500}\n  ports:\n    - a\n    -  b\n")
    links = root.entries["links"]
    assert str(links.key) == "f.yaml:2:1"
    assert isinstance(links.node, Mapping)
    assert str(links.node.origin) == "f.yaml:3:3"
    eno1 = links.node.entries["eno1"].node
    assert isinstance(eno1, Mapping)
    assert str(eno1.entries["mtu"].key) == "f.yaml:3:10"
    assert str(eno1.entries["mtu"].node.origin) == "f.yaml:3:15"
    ports = links.node.entries["ports"].node
    assert isinstance(ports, Sequence)
    assert [str(item.origin) for item in ports.items] == ["f.yaml:5:7", "f.yaml:6:8"]


@pytest.mark.usefixtures("_loader")
def test_columns_count_characters() -> None:
    root = _mapping("ä: {ö: ü, x: y}\n")
    inner = root.entries["ä"].node
    assert isinstance(inner, Mapping)
    assert inner.entries["x"].key.column == 11


@pytest.mark.usefixtures("_loader")
@pytest.mark.parametrize(
    "text",
    ["no", "0x10", "010", "12:34:56", "1e3", "2024-01-01", ".inf", "Null", "'~'", '"null"', "''", "true"],
)
def test_a_scalar_stays_text(text: str) -> None:
    assert _mapping(f"key: {text}").value == {"key": text.strip("'\"")}


@pytest.mark.usefixtures("_loader")
@pytest.mark.parametrize("text", ["", "~", "null"])
def test_only_the_plain_nulls_are_null(text: str) -> None:
    assert _mapping(f"key: {text}\n").value == {"key": None}


@pytest.mark.usefixtures("_loader")
def test_an_alias_is_the_node_of_its_anchor() -> None:
    root = _mapping("a: &x [1, 2]\nb: *x\n")
    assert root.value == {"a": ["1", "2"], "b": ["1", "2"]}
    assert root.entries["b"].key.line == 2
    assert root.entries["b"].node.origin.line == 1


@pytest.mark.usefixtures("_loader")
def test_an_alias_can_be_a_key() -> None:
    root = _mapping("a: &name eno1\nb: {*name : 5}\n")
    assert root.value["b"] == {"eno1": "5"}
    inner = root.entries["b"].node
    assert isinstance(inner, Mapping)
    assert str(inner.entries["eno1"].key) == "f.yaml:2:5"


@pytest.mark.usefixtures("_loader")
def test_nesting_ends_at_the_limit() -> None:
    parse("[" * MAX_DEPTH + "]" * MAX_DEPTH, "f")
    with pytest.raises(InputError, match=f"f:1:{MAX_DEPTH + 1}: cannot nest deeper than {MAX_DEPTH} levels"):
        parse("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "f")


@pytest.mark.usefixtures("_loader")
@pytest.mark.parametrize("opening", ["[", "- ", "a: {", "? ", "{"])
def test_endless_nesting_is_refused_at_once(opening: str) -> None:
    with pytest.raises(InputError, match="cannot nest deeper"):
        parse(opening * 50_000, "f")


@pytest.mark.usefixtures("_loader")
def test_aliases_count_as_often_as_they_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: &a [x, x, x]\nb: &b [*a, *a]\nc: [*b]\n"
    nodes = 1 + 3 + 4 + 9 + 10  # the mapping, its keys, [x, x, x], two of these and a list, and so on
    monkeypatch.setattr(yaml_syntax, "MAX_NODES", nodes)
    assert parse(text, "f").size == nodes
    monkeypatch.setattr(yaml_syntax, "MAX_NODES", nodes - 1)
    with pytest.raises(InputError, match="cannot use more than"):
        parse(text, "f")


@pytest.mark.usefixtures("_loader")
@pytest.mark.parametrize("escape", ["\\ud800", "\\U00110000", "\\Uffffffff"])
def test_an_escape_for_no_character_is_an_error(escape: str) -> None:
    with pytest.raises(InputError, match=r"f:1:\d+: cannot "):
        parse(f'a: "{escape}"', "f")


def test_a_lone_surrogate_in_the_text_is_an_error() -> None:
    with pytest.raises(InputError, match=r"f:2:4: cannot read the file: .* U\+D800"):
        parse("a: b\nc: \ud800", "f")


def test_the_position_of_an_unprintable_character_minds_the_byte_order_mark() -> None:
    with pytest.raises(InputError, match="f:1:3: cannot"):
        parse("\ufeffa\x07", "f")


def test_twenty_thousand_values_take_no_time_to_speak_of() -> None:
    text = "".join(f"key{number}: [a, b, c]\n" for number in range(4_000))
    started = time.process_time()
    assert len(_mapping(text).entries) == 4_000
    assert time.process_time() - started < 5  # seconds, fifty times what it takes: only a blow-up fails


def test_a_scalar_alone_is_a_tree() -> None:
    assert parse("text", "f") == Scalar("text", parse("text", "f").origin)
