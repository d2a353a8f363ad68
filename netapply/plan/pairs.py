"""The two ends of a veth come and go together: one operation makes both, or takes both away. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from netapply.plan.plan import Operation, Verb

AT_BIRTH: Final = ("numtxqueues", "numrxqueues")
"""What each end can be given only by the operation that makes both."""


def one_per_pair(operations: Iterable[Operation]) -> list[Operation]:
    """Of two creations that name each other the second only sets what is left; of two deletions it goes."""
    operations = list(operations)
    ends = {each.key[1]: each for each in operations if each.kind == "veth" and each.verb is Verb.CREATE}
    for end in ends.values():
        far = ends.get(end.attributes["peer"])
        end.far = {name: far.attributes[name] for name in AT_BIRTH if name in far.attributes} if far else {}
    made: set[str] = set()
    deleted: set[str] = set()
    kept = []
    for operation in operations:
        if operation.kind == "veth" and operation.verb is Verb.CREATE:
            made.add(operation.attributes["peer"])
            kept.append(_second_end(operation) if operation.key[1] in made else operation)
        elif operation.kind == "veth" and operation.verb is Verb.DELETE:
            if operation.key[1] not in deleted:
                kept.append(operation)
            deleted |= {operation.key[1], operation.attributes.get("peer", "")}
        else:
            kept.append(operation)
    return kept


def _second_end(operation: Operation) -> Operation:
    operation.verb = Verb.SET
    operation.attributes = {
        name: value for name, value in operation.attributes.items() if name not in ("peer", *AT_BIRTH)
    }
    return operation
