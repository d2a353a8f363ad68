"""Tunnels that the kernel would take for another one of the same file, or for one of its own."""

from __future__ import annotations

from netapply.model.attribute import Value
from netapply.model.fallback import FALLBACKS
from netapply.sources.declared import Declared, Links, earlier
from netapply.sources.wording import named, refusal


def refuse_fallback(declared: Declared) -> None:
    """The fallback devices are there by themselves, and the kernel lets nobody change them."""
    kind = FALLBACKS.get(declared.name)
    if kind is None or not declared.kind:
        return
    message = f"cannot make {declared.title}: the kernel makes a fallback device of that name for every {kind}"
    raise refusal(f"{message}; choose another name, or leave kind out to configure that one", declared.at("kind"))


def refuse_same_endpoints(links: Links) -> None:
    """Two tunnels of a kind differ in an endpoint, the key of what they receive, or their device."""
    first: dict[tuple[Value, ...], Declared] = {}
    for declared in links.values():
        if not declared.link.outlives_dev or declared.get("external"):
            continue
        ends = tuple(declared.get(name) for name in ("local", "remote", "ikey", "if_id", "dev"))
        other = first.setdefault((declared.kind, *ends), declared)
        if other is not declared:
            place = "if_id" if declared.kind == "xfrm" else "remote"
            origin = declared.value_at(place)
            what = "if_id" if declared.kind == "xfrm" else "endpoints and key"
            message = f"cannot make {declared.title}: {named(other.name)} has the same {what}"
            raise refusal(f"{message} ({earlier(other.value_at(place), origin)}); choose another", origin)
