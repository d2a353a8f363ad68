"""The JSON formats: typed classes from which documents, JSON Schema and documentation are made.

Within a version, fields are only ever added.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue
from typing_extensions import TypedDict

from netapply.model.attribute import Disruption
from netapply.plan.change import Action
from netapply.plan.plan import Verb

Level = Annotated[str, Field(json_schema_extra={"enum": [str(level) for level in Disruption]})]
ActionWord = Annotated[str, Field(json_schema_extra={"enum": [action.word for action in Action]})]
VerbWord = Annotated[str, Field(json_schema_extra={"enum": [verb.value for verb in Verb]})]
Key = Annotated[
    list[str],
    Field(description="what identifies the resource: its family, then what tells it from others of that family"),
]


class OriginDocument(TypedDict):
    """Where in the desired state something is written."""

    file: Annotated[str, Field(description="the file as it was named")]
    line: Annotated[int, Field(ge=1, description="counted from 1")]
    column: Annotated[int, Field(ge=1, description="counted from 1")]


class StepDocument(TypedDict):
    """One attribute that changes."""

    attribute: Annotated[str, Field(description="its name, as in the native file")]
    before: Annotated[JsonValue, Field(description="what the kernel says now; null: nothing, or no resource")]
    after: Annotated[JsonValue, Field(description="what it shall say; null: nothing")]
    origin: Annotated[OriginDocument | None, Field(description="null where the file does not name it")]


class ChangeDocument(TypedDict):
    """One resource that is created, updated, replaced or deleted."""

    action: Annotated[ActionWord, Field(description="what happens to it; replace: deleted and made again")]
    key: Key
    kind: Annotated[str, Field(description="a link's kind (empty: a physical device), else the family")]
    title: Annotated[str, Field(description="the resource in words, as the printed plan has it")]
    reason: Annotated[str, Field(description="why something changes that the file does not name; else empty")]
    disruption: Annotated[Level, Field(description="what it does to traffic that flows")]
    origin: Annotated[OriginDocument | None, Field(description="null where the file does not name it")]
    steps: Annotated[list[StepDocument], Field(description="the attributes that change; empty for a delete")]


class OperationDocument(TypedDict):
    """One step of the execution, in the order in which the steps run."""

    group: Annotated[int, Field(ge=1, description="operations of one group go to the kernel together")]
    verb: Annotated[VerbWord, Field(description="what the kernel is asked")]
    key: Key
    kind: Annotated[str, Field(description="as in the change")]
    attributes: Annotated[dict[str, JsonValue], Field(description="what the kernel is told")]
    change: Annotated[int, Field(ge=0, description="index in `changes` of the change that asked for it")]
    disruption: Annotated[Level, Field(description="what this step does to traffic that flows")]


class SummaryDocument(TypedDict):
    """How many resources each action touches."""

    create: Annotated[int, Field(ge=0, description="resources that are made")]
    update: Annotated[int, Field(ge=0, description="resources that are changed in place")]
    replace: Annotated[int, Field(ge=0, description="resources that are deleted and made again")]
    delete: Annotated[int, Field(ge=0, description="resources that are deleted")]
    operations: Annotated[int, Field(ge=0, description="steps in all")]


class DisruptionDocument(TypedDict):
    """What the whole plan does to traffic that flows."""

    worst: Annotated[Level, Field(description="the worst of all changes")]
    links: Annotated[dict[str, Level], Field(description="the worst of each link that is disrupted")]


class PlanDocument(TypedDict):
    """The whole document."""

    format: Annotated[Literal["netapply-plan"], Field(description="says what this document is")]
    version: Annotated[Literal[1], Field(description="of the format; fields may be added within a version")]
    source: Annotated[str, Field(description="what the plan leads to: the file or files as they were named")]
    changes: Annotated[list[ChangeDocument], Field(description="empty: there is nothing to do")]
    operations: Annotated[list[OperationDocument], Field(description="the steps, in order")]
    notes: Annotated[list[str], Field(description="what a person should know before saying yes")]
    summary: SummaryDocument
    disruption: DisruptionDocument


Outcome = Literal["applied", "unchanged", "refused", "rolled-back", "incomplete"]


class ResultDocument(TypedDict):
    """What `apply --json` and `rollback --json` print."""

    format: Annotated[Literal["netapply-result"], Field(description="says what this document is")]
    version: Annotated[Literal[1], Field(description="of the format; fields may be added within a version")]
    outcome: Annotated[Outcome, Field(description="how it ended")]
    message: Annotated[str, Field(description="the same in a sentence; for a failure, its reason")]
    changes: Annotated[int, Field(ge=0, description="resources that were changed and are verified")]
    operations: Annotated[int, Field(ge=0, description="steps that were made and kept")]
    seconds: Annotated[float, Field(ge=0, description="from the first step to the end of the verification")]
    plan: Annotated[PlanDocument | None, Field(description="the plan; null where it was not even made")]
