"""Renames in turn: a name is free before it is given, and a circle of names is broken by one in between. Pure."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from netapply.plan.plan import Operation, Phase

BETWEEN = "netapply-{}"


def in_turn(operations: list[Operation], taken: Container[str]) -> list[Operation]:
    """All operations, the renames among them in an order in which the kernel takes them, each on its own."""
    waiting = {
        operation.attributes["former"]: operation for operation in operations if operation.phase is Phase.RENAME
    }  # fmt: skip
    if not waiting:
        return operations
    ordered = [operation for operation in operations if operation.phase is not Phase.RENAME]
    depth = 0
    while waiting:
        free = [former for former, operation in waiting.items() if operation.attributes["name"] not in waiting]
        if free:
            ordered += [replace(waiting.pop(former), depth=depth) for former in free]
        else:
            former, operation = next(iter(waiting.items()))
            aside = _unused(taken, waiting)
            ordered.append(replace(operation, attributes={"name": aside, "former": former}, depth=depth))
            del waiting[former]
            waiting[aside] = replace(operation, attributes={**operation.attributes, "former": aside})
        depth += 1
    return ordered


def _unused(taken: Container[str], waiting: Container[str]) -> str:
    number = 0
    while (name := BETWEEN.format(number)) in taken or name in waiting:
        number += 1
    return name
