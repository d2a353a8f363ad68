"""The JSON documents: what they hold is what their schema and their classes say."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from netapply.model.attribute import Disruption
from netapply.model.resource import Origin
from netapply.model.route import Nexthop
from netapply.plan import Action, Change, Operation, Phase, Plan, Step, Verb
from netapply.render.json_format import PlanDocument, ResultDocument
from netapply.render.plan_json import plan_json
from netapply.render.result_json import result_json
from netapply.render.schema import DIALECT, schema

HERE = Origin("a.yaml", 7, 5)
BRIDGE = ("link", "vmbr0")
DEFAULT = ("route", "inet", "254", "0.0.0.0/0", "0", "0")
HOPS = (Nexthop("192.0.2.1", "vmbr0"),)
PORT = (Step("master", None, "vmbr0"),)
PLAN = Plan(
    [
        Change(Action.CREATE, BRIDGE, "bridge", {}, {"stp": False}, (Step("stp", None, False, HERE),), HERE),
        Change(
            Action.REPLACE, DEFAULT, "route", {}, {"nexthops": HOPS}, (Step("nexthops", (), HOPS),),
            None, Disruption.FLAP, "put back",
        ),
        Change(Action.UPDATE, ("link", "eno1"), "", {}, {}, PORT, None, Disruption.FLAP),
    ],
    [
        Operation(Verb.CREATE, BRIDGE, "bridge", Phase.LINK, {"stp": False}),
        Operation(Verb.SET, ("link", "eno1"), "", Phase.LINK, {"master": "vmbr0"}, depth=1, change=2),
        Operation(Verb.CREATE, DEFAULT, "route", Phase.ROUTE, {"nexthops": HOPS}, change=1),
    ],
    ["a note"],
    "a.yaml",
)  # fmt: skip


def through_json(document: Any) -> Any:
    return json.loads(json.dumps(document))


def test_a_plan_survives_json_and_fits_its_classes() -> None:
    document = through_json(plan_json(PLAN))
    assert TypeAdapter(PlanDocument).validate_python(document, strict=True) == document


def test_an_empty_plan_fits_too() -> None:
    document = through_json(plan_json(Plan(source="a.yaml")))
    assert TypeAdapter(PlanDocument).validate_python(document, strict=True)["changes"] == []
    assert document["disruption"] == {"worst": "live", "links": {}}


def test_what_a_plan_says() -> None:
    document = through_json(plan_json(PLAN))
    assert (document["format"], document["version"], document["source"]) == ("netapply-plan", 1, "a.yaml")
    assert document["summary"] == {"create": 1, "update": 1, "replace": 1, "delete": 0, "operations": 3}
    assert document["disruption"] == {"worst": "flap", "links": {"eno1": "flap"}}
    assert [operation["group"] for operation in document["operations"]] == [1, 2, 3]
    bridge, route, _ = document["changes"]
    assert bridge["steps"] == [
        {
            "attribute": "stp",
            "before": None,
            "after": False,
            "origin": {"file": "a.yaml", "line": 7, "column": 5},
        }
    ]
    assert route["reason"] == "put back"
    assert route["origin"] is None
    assert route["steps"][0]["after"] == [{"via": "192.0.2.1", "dev": "vmbr0", "weight": 1, "onlink": False}]


def test_every_field_of_the_document_is_one_of_its_class() -> None:
    definitions = schema("plan")["$defs"]
    document = through_json(plan_json(PLAN))
    assert set(document) == set(schema("plan")["properties"])
    assert set(document["changes"][0]) == set(definitions["ChangeDocument"]["properties"])
    assert set(document["operations"][0]) == set(definitions["OperationDocument"]["properties"])
    assert set(document["changes"][0]["steps"][0]) == set(definitions["StepDocument"]["properties"])


@pytest.mark.parametrize("outcome", ["applied", "unchanged", "refused", "rolled-back", "incomplete"])
def test_a_result_fits_its_class(outcome: str) -> None:
    document = through_json(result_json(outcome, "cannot", PLAN))
    assert TypeAdapter(ResultDocument).validate_python(document, strict=True)["outcome"] == outcome


def test_another_outcome_does_not_fit() -> None:
    document = through_json(result_json("fine", "", None))
    with pytest.raises(ValidationError, match="outcome"):
        TypeAdapter(ResultDocument).validate_python(document, strict=True)


@pytest.mark.parametrize("name", ["file", "plan", "result"])
def test_schemas_name_their_dialect_and_are_json(name: str) -> None:
    described = through_json(schema(name))
    assert described["$schema"] == DIALECT
    assert described["type"] == "object"
    assert "version" in described["required"]


def test_the_schema_of_the_file_knows_every_kind() -> None:
    text = json.dumps(schema("file"))
    for word in ("forward_delay", "vni", "masquerade", "suppress_prefixlength"):
        assert word in text


def test_the_schema_of_the_plan_lists_the_words_that_can_occur() -> None:
    change = schema("plan")["$defs"]["ChangeDocument"]["properties"]
    assert change["action"]["enum"] == ["create", "update", "replace", "delete"]
    assert change["disruption"]["enum"] == ["live", "flap", "recreate"]
