"""pydantic's complaints as one error for the person who wrote the file: what, which, why, what next."""

from __future__ import annotations

import re
from typing import Final

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from netapply.errors import InputError
from netapply.kinds import KIND_OF, Link
from netapply.sources.locate import Trouble, range_of, trouble_of, unit_of
from netapply.sources.tree import Mapping, Node, Scalar, Sequence
from netapply.sources.wording import LONGEST_SHOWN, listed, named, nearest, refusal, shown

_WRONG_FORM: Final = {
    "model_type": "a mapping (key: value)", "model_attributes_type": "a mapping (key: value)",
    "dict_type": "a mapping (key: value)", "tuple_type": "a list", "list_type": "a list",
    "string_type": "a single value", "int_type": "a single value", "bool_type": "a single value",
}  # fmt: skip
_FORM_OF: Final = {Sequence: "a list", Mapping: "a mapping", Scalar: "a single value"}
MOST_LISTED: Final = 40
"""Keys that a message lists; nobody reads more."""
_NUMBERS: Final = frozenset(
    {"int_parsing", "int_parsing_size", "int_from_float", "greater_than", "greater_than_equal",
     "less_than", "less_than_equal"}
)  # fmt: skip
_ELSEWHERE: Final = {
    "gateway": "write it as a route: routes: [{to: default, via: ADDRESS}]",
    "netmask": "write it with the address: addresses: [192.0.2.1/24]",
    "address": "write addresses: [192.0.2.1/24]",
    "type": "the device's type is its kind",
    "state": "write up: true or up: false",
}
"""What people know from other tools, and where it is written here."""


def explain(error: ValidationError, root: Node) -> InputError:
    """The first complaint in the order of the file."""
    troubles = (trouble_of(detail, root) for detail in error.errors(include_url=False))
    first = min(troubles, key=lambda trouble: trouble.order)
    return refusal(f"cannot use {_sentence(first)}", first.where)


def _sentence(trouble: Trouble) -> str:
    if trouble.fault == "extra_forbidden":
        return _unknown(trouble)
    if trouble.fault == "missing":
        return _missing(trouble)
    if trouble.fault == "union_tag_invalid" and trouble.kind is not None:
        return _unknown_kind(trouble)
    form = _expected_form(trouble)
    return _wrong_form(trouble, form) if form else _wrong_value(trouble)


def _expected_form(trouble: Trouble) -> str:
    """What should be there, where the file has a list for a word, a word for a list, or nothing."""
    node = trouble.place.node
    if trouble.fault == "literal_error" and not (isinstance(node, Scalar) and node.value is not None):
        return "a single value"
    return _WRONG_FORM.get(trouble.fault, "")


def _which(trouble: Trouble) -> str:
    """`mtu of link eno1`, or the subject alone."""
    if not trouble.attribute:
        return trouble.subject
    return f"{named(trouble.attribute)} of {trouble.subject}"


def _wrong_form(trouble: Trouble, form: str) -> str:
    node = trouble.place.node
    if node.value is None:
        advice = "write [] for an empty list" if form == "a list" else "give one, or leave the line out"
        return f"{_which(trouble)}: it has no value; {advice}"
    if trouble.subject == "the file" and not trouble.attribute:
        return "the file: it is no mapping; begin it with 'version: 1' and 'links:'"
    have = _FORM_OF[type(node)]
    one = form == "a list" and isinstance(node, Scalar)
    advice = f"; write [{node.value}]" if one and len(str(node.value)) <= LONGEST_SHOWN else ""
    return f"{have} for {_which(trouble)}: {form} is expected{advice}"


def _wrong_value(trouble: Trouble) -> str:
    text = trouble.place.node.value if isinstance(trouble.place.node, Scalar) else trouble.given
    if trouble.fault == "value_error":
        return f"{_which(trouble)}: {_reason(trouble, str(text))}"
    what = f"{shown(text)} as {_which(trouble)}"
    info = trouble.field()
    if trouble.fault == "literal_error":
        return f"{what}: {_choices(trouble, str(text))}"
    if trouble.fault == "union_tag_invalid":
        kinds = re.findall(r"'([^']*)'", str(trouble.context["expected_tags"]))
        return f"{what}: {_among(kinds, str(text))}"
    if trouble.fault in _NUMBERS:
        return f"{what}: {_number(trouble, info)}{_purpose(info)}"
    if trouble.fault == "bool_parsing":
        return f"{what}: true or false (also on, off, yes, no) is expected{_purpose(info)}"
    return f"{what}: it is not what belongs there{_purpose(info)}; see 'netapply schema'"


def _reason(trouble: Trouble, text: str) -> str:
    """What a validator of the model says; a long text that it repeats is shortened."""
    reason = str(trouble.context.get("error", "it is not valid"))
    return reason.replace(repr(text), shown(text)) if len(text) > LONGEST_SHOWN else reason


def _choices(trouble: Trouble, text: str) -> str:
    choices = re.findall(r"'([^']*)'|(\d+)", str(trouble.context.get("expected", "")))
    words = [word or number for word, number in choices]
    if len(words) == 1:
        return f"only {words[0]} is known; write that"
    return _among(words, text)


def _among(words: list[str], text: str) -> str:
    near = nearest(text, words)
    return f"the choices are {listed(words)}" + (f"; did you mean {near}?" if near else "")


def _number(trouble: Trouble, info: FieldInfo | None) -> str:
    low, high = range_of(info) if info else (None, None)
    bound = trouble.context
    low = low if low is not None else bound.get("ge", bound.get("gt"))
    high = high if high is not None else bound.get("le", bound.get("lt"))
    unit = unit_of(info) if info else ""
    word = f"a whole number of {unit}" if unit else "a whole number"
    if low is not None and high is not None:
        return f"{word} from {low} to {high} is expected"
    bounds = (f", at least {low}" if low is not None else "", f", at most {high}" if high is not None else "")
    return f"{word} is expected" + "".join(bounds)


def _purpose(info: FieldInfo | None) -> str:
    return f" ({info.description})" if info is not None and info.description else ""


def _missing(trouble: Trouble) -> str:
    info = trouble.field()
    if trouble.subject == "the file":
        return f"the file: its {trouble.attribute} is missing; begin it with 'version: 1'"
    return f"{trouble.subject}: its {named(trouble.attribute)} is missing{_purpose(info)}; add it"


def _unknown(trouble: Trouble) -> str:
    """A key that this part of the file does not have."""
    key = trouble.attribute
    known = _known(trouble)
    if trouble.subject == "the file":
        return f"the section {named(key)}: a file has no such section; {_advice(key, known)}"
    owners = [kind for kind, model in KIND_OF.items() if kind and key in model.model_fields]
    if trouble.kind is not None and owners:
        fact = f"{_holder(trouble.kind)} has no such attribute; only {_kinds(owners)} has it"
        return f"{_which(trouble)}: {fact}"
    return f"{_which(trouble)}: there is no such key; {_advice(key, known)}"


def _known(trouble: Trouble) -> list[str]:
    if trouble.model is None:
        return []
    names = [info.alias or name for name, info in trouble.model.model_fields.items()]
    return ["kind", *names] if trouble.kind is not None and issubclass(trouble.model, Link) else names


def _advice(key: str, known: list[str]) -> str:
    if key in _ELSEWHERE and key not in known:
        return _ELSEWHERE[key]
    near = nearest(key, known)
    if near:
        return f"did you mean {near}?"
    return f"known are {listed(known)}" if 0 < len(known) <= MOST_LISTED else "see 'netapply schema'"


def _holder(kind: str) -> str:
    return f"{_article(kind)} {kind}" if kind else "an existing device (a link without kind)"


def _kinds(kinds: list[str]) -> str:
    return listed((f"{_article(kind)} {kind}" for kind in kinds), "or")


def _article(kind: str) -> str:
    return "an" if kind[0] in "aeiou" else "a"


def _unknown_kind(trouble: Trouble) -> str:
    kinds = sorted(kind for kind in KIND_OF if kind)
    given = trouble.place.node.value if isinstance(trouble.place.node, Scalar) else None
    what = f"{shown(given)} as kind of {trouble.subject}" if given else f"kind of {trouble.subject}"
    near = nearest(given or "", kinds)
    advice = f"did you mean {near}?" if near else "leave kind out for an existing device"
    return f"{what}: the kinds are {listed(kinds)}; {advice}"
