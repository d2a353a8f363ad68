"""Hierarchical token buckets: a tree of classes, each with what it is sure of and what it may borrow (tc-htb(8))."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, NamedTuple, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from netapply.model.attribute import Change, Nla, Unit, Value
from netapply.model.qdisc import Qdisc, kinds, qdisc_table
from netapply.model.resource import Resource
from netapply.model.tc_values import RATE, Rate, Size, held_burst
from netapply.model.values import text_of

MAJOR: Final = 1
"""The root's handle, so that a class is called 1:10."""
ROOT: Final = f"{MAJOR:x}:"
LEAVES: Final = ("pfifo_fast", "fq", "fq_codel", "cake", "tbf", "netem")
USUAL_BURST: Final = 1600
"""Bytes that tc(8) gives a class, a packet of the usual MTU."""
_CLASS: Final = re.compile(r"(?:1:)?([0-9a-f]{1,4})")


class ClassState(NamedTuple):
    """A class as it is compared: rates in bit/s, bursts in bytes, the leaf as its kind and options."""

    id: str
    parent: str
    rate: int
    ceil: int
    burst: int
    cburst: int
    prio: int
    leaf: tuple[str, tuple[tuple[str, Value], ...]] | None = None


def class_id(value: object) -> str:
    """A class as tc(8) writes it: `1:10`, or only `10`; the number is hexadecimal."""
    match = _CLASS.fullmatch(text_of(value).lower())
    if match is None or int(match[1], 16) == 0:
        raise ValueError(f"{value!r} is no class; write it like 1:10 (hexadecimal, 1:1 to 1:ffff)")
    return f"{MAJOR:x}:{int(match[1], 16):x}"


def leaf_qdisc(value: Any) -> Any:
    """A leaf's qdisc: any that is no tree itself."""
    from pydantic import TypeAdapter

    from netapply.model.qdisc import union_of

    return TypeAdapter(union_of(LEAVES)).validate_python(value) if value is not None else None


ClassId = Annotated[str, BeforeValidator(class_id)]


class HtbClass(BaseModel):
    """One class of the tree."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    id: ClassId = Field(description="its name: 1:10 or 10, hexadecimal")
    parent: ClassId | None = Field(default=None, description="the class that it borrows from; without it, the root")
    rate: Rate = Field(description="what it is sure of")
    ceil: Rate | None = Field(default=None, description="what it may use where others leave it; rate if not given")
    burst: Size = Field(default=USUAL_BURST, ge=1, lt=2**31, description="bytes that may go at once at rate")
    cburst: Size = Field(default=USUAL_BURST, ge=1, lt=2**31, description="bytes that may go at once at ceil")
    prio: int = Field(default=0, ge=0, le=7, description="who borrows first; lower wins")
    leaf: Annotated[Any, BeforeValidator(leaf_qdisc)] = Field(
        default=None, description="its qdisc, as under qdisc: fq, fq_codel, cake, tbf, netem or pfifo_fast"
    )

    def state(self) -> ClassState:
        ceil = self.ceil or self.rate
        bursts = (held_burst(self.burst, self.rate), held_burst(self.cburst, ceil))
        return ClassState(self.id, self.parent or ROOT, self.rate, ceil, *bursts, self.prio, self._leaf())

    def _leaf(self) -> tuple[str, tuple[tuple[str, Value], ...]] | None:
        if self.leaf is None:
            return None
        (resource,) = self.leaf.resources("")
        return self.leaf.kind, tuple(sorted(resource.attributes.items()))


def _classes_text(value: Value) -> str:
    classes = [ClassState(*each) for each in value or ()]
    return "; ".join(f"{each.id} {RATE.text(each.rate)} ceil {RATE.text(each.ceil)}" for each in classes) or "(none)"


CLASSES: Final = Unit("classes", text=_classes_text)
DEFAULT: Final = Unit(
    "class", to_wire=lambda value: int(value.partition(":")[2], 16) if value else 0,
    from_wire=lambda number: f"{MAJOR:x}:{number:x}" if number else None,
)  # fmt: skip


class Htb(Qdisc):
    """A tree of classes. What no filter or mark sends elsewhere goes to `default`; without one, unshaped."""

    kind: Literal["htb"]
    default: Annotated[
        ClassId | None, Nla("default", change=Change.RECREATE, unit=DEFAULT, default=None),
        Field(description="class of everything that is not classified"),
    ] = None  # fmt: skip
    classes: Annotated[
        tuple[HtbClass, ...], Nla("classes", unit=CLASSES, default=()), Field(description="the tree, in any order")
    ] = ()

    @model_validator(mode="after")
    def _is_a_tree(self) -> Self:
        classes = {each.id: each for each in self.classes}
        if len(classes) < len(self.classes):
            raise ValueError("a class of htb is named twice; remove one")
        for each in self.classes:
            _refuse_class(each, classes)
        inner = {each.parent for each in self.classes}
        if self.default is not None and (self.default not in classes or self.default in inner):
            raise ValueError(f"default {self.default} must be a class without classes below it")
        return self

    def resources(self, link: str) -> Iterator[Resource]:
        for resource in super().resources(link):
            wished = tuple(sorted((tuple(each.state()) for each in self.classes), key=class_order))
            resource.attributes |= {"default": self.default, "classes": wished}
            yield resource

    @classmethod
    def options(cls, resource: Resource) -> dict[str, Any]:
        said: dict[str, Any] = {"default": resource.attributes["default"]} if resource.attributes["default"] else {}
        classes = [_said(ClassState(*each)) for each in resource.attributes["classes"]]
        return {**said, **({"classes": classes} if classes else {})}


def _refuse_class(each: HtbClass, classes: Mapping[str, HtbClass]) -> None:
    if each.ceil is not None and each.ceil < each.rate:
        raise ValueError(f"class {each.id} may use less (ceil) than it is sure of (rate); raise ceil")
    seen, above = {each.id}, each.parent
    while above is not None:
        if above not in classes or above in seen:
            raise ValueError(
                f"class {each.id} has no way to the root: {above} is {'above itself' if above in seen else 'missing'}"
            )
        if classes[above].leaf is not None:
            raise ValueError(f"class {above} has classes below it, so it has no leaf; remove one")
        seen.add(above)
        above = classes[above].parent


def class_order(each: tuple[Any, ...]) -> int:
    return int(each[0].partition(":")[2], 16)


def _said(each: ClassState) -> dict[str, Any]:
    said: dict[str, Any] = {"id": each.id, "rate": each.rate}
    said |= {"parent": each.parent} if each.parent != ROOT else {}
    usual = {"ceil": each.rate, "burst": USUAL_BURST, "cburst": USUAL_BURST, "prio": 0}
    said |= {name: getattr(each, name) for name, value in usual.items() if getattr(each, name) != value}
    if each.leaf is not None:
        kind, options = each.leaf
        said["leaf"] = {"kind": kind, **kinds()[kind].options(Resource(("qdisc", ""), kind, dict(options)))}
    return said


def same_classes(wished: Value, seen: Value) -> bool:
    """Whether the tree is as wished; of a leaf, only what is wished counts."""
    return len(wished) == len(seen or ()) and all(
        tuple(wish[:7]) == tuple(other[:7]) and _same_leaf(wish[7], other[7])
        for wish, other in zip(wished, seen, strict=True)
    )


def _same_leaf(wish: Value, seen: Value) -> bool:
    if wish is None or seen is None:
        return wish is seen
    return bool(wish[0] == seen[0] and {tuple(pair) for pair in wish[1]} <= {tuple(pair) for pair in seen[1]})


def change_of_classes(before: Value, after: Value) -> Change:
    """Classes come and change on a running tree; for one that goes, moves, or gets another leaf, it is made again.

    So it is where a leaf is said to have what no qdisc takes twice (an fq_codel's queues).
    """
    if any(_is_fixed(each[7]) for each in (*(before or ()), *after)):
        return Change.RECREATE
    wished = {each[0]: ClassState(*each) for each in after}
    for former in (ClassState(*each) for each in before or ()):
        wish = wished.get(former.id)
        if wish is None or wish.parent != former.parent or not _leaf_can_change(former.leaf, wish.leaf):
            return Change.RECREATE
    return Change.LIVE


def _is_fixed(leaf: Value) -> bool:
    """Whether a leaf holds a value that is not the kernel's own, and can only be given at its making."""
    rows = qdisc_table(leaf[0]).rows if leaf is not None else {}
    return any(
        rows[name].change is Change.RECREATE and value != rows[name].nla.default
        for name, value in (leaf[1] if leaf is not None else ()) if name in rows
    )  # fmt: skip


def _leaf_can_change(before: Value, after: Value) -> bool:
    if before is None or after is None:
        return before is None
    former, table = dict(before[1]), qdisc_table(after[0])
    wished = ((table.rows.get(name), value, former.get(name)) for name, value in after[1])
    changes = (row.change for row, value, seen in wished if row is not None and value != seen)
    return bool(before[0] == after[0]) and Change.RECREATE not in changes
