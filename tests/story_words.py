"""A host in a few words, for stories about plans.

    nic eno1; bridge br0; tap tap0 master=br0; address br0 10.0.0.1/24; route default via 10.0.0.254

Each part is a deed on a model kernel, so that whatever the kernel adds by itself is there too.
"""

from __future__ import annotations

import json
from typing import Any

from netapply.model.owned import Owned
from netapply.model.resource import Key
from netapply.model.route import ANY
from netapply.model.routing import Nexthop
from netapply.model.rule import rule_key
from netapply.plan import Operation, Plan, Verb
from tests.law_hosts import step
from tests.model_kernel import Kernel

OWN_PROTOCOL = {"address": 110, "route": "netapply", "rule": 110}
KINDS = ("bridge", "vxlan", "macvlan", "veth")


def host(text: str) -> Kernel:
    """The host that the text describes."""
    kernel = Kernel()
    for part in filter(None, (part.strip() for part in text.split(";"))):
        word, *rest = part.split()
        if word in ("nic", "tap", "bond"):
            _plug(kernel, word, rest[0], _settings(rest[1:]))
        elif word == "sysctl":
            kernel.write(rest[0], rest[1])
        elif word == "nat":
            kernel.nat.chains["inet", "nat", rest[0]].append(" ".join(rest[1:]))
        else:
            kernel.apply(deed_of(word, rest))
    return kernel


def _plug(kernel: Kernel, word: str, name: str, settings: dict[str, Any]) -> None:
    """`port_of=br0` makes it a port of what the model knows nothing about, such as a bond."""
    master = settings.pop("port_of", settings.get("master"))
    kernel.plug(name, {"nic": "", "tap": "tun"}.get(word, word), **{"up": True, **settings})
    kernel.links.all[name].attributes["master"] = master


def deed_of(word: str, rest: list[str]) -> Operation:
    """One part of the text as an operation."""
    if word in KINDS:
        return step(Verb.CREATE, ("link", rest[0]), word, **{"up": True, **_settings(rest[1:])})
    if word == "set":
        return step(Verb.SET, ("link", rest[0]), **_settings(rest[1:]))
    if word == "address":
        return step(Verb.CREATE, (word, *rest[:2]), **{"protocol": 0, **_settings(rest[2:])})
    if word == "altname":
        return step(Verb.CREATE, (word, *rest))
    if word == "route":
        return _route(rest)
    if word == "rule":
        said = {"protocol": 0, "action": "lookup", **_settings(rest[1:])}
        return step(Verb.CREATE, rule_key("inet", int(rest[0]), said), **said)
    raise ValueError(f"what is {word}?")


def _settings(words: list[str]) -> dict[str, Any]:
    """`up mtu=1400 master=br0` as attributes; numbers are numbers, and `by=netapply` is its mark."""
    found: dict[str, Any] = {}
    for word in words:
        name, _, value = word.partition("=")
        found[name] = value in ("", "true") if value in ("", "true", "false") else value
        if value.isdecimal():
            found[name] = int(value)
        elif value == "none":
            found[name] = None
    if "by" in found:
        found["protocol"] = found.pop("by")
    return found


def _route(rest: list[str]) -> Operation:
    words = dict(zip(rest[1::2], rest[2::2], strict=True))
    to = ANY["inet"] if rest[0] == "default" else rest[0]
    key: Key = ("route", "inet6" if ":" in to else "inet", words.get("table", "254"), to, words.get("metric", "0"), "0")
    ways = words.get("via", "").split(",") if {"via", "dev"} & words.keys() else []
    hops = tuple(Nexthop(way or None, words.get("dev")) for way in ways)
    more = {name: words[name] for name in ("src",) if name in words}
    return step(Verb.CREATE, key, nexthops=hops, protocol=words.get("by", "static"), **more)


def owned(text: str) -> Owned:
    """`link br0; set eno1 alias=none; sysctl net/… 0`: what netapply made, and what it found elsewhere."""
    found = Owned()
    for part in filter(None, (part.strip() for part in text.split(";"))):
        word, *rest = part.split()
        if word == "set":
            found.set_here["link", rest[0]] = _settings(rest[1:])
        elif word == "sysctl":
            found.set_here["sysctl", rest[0]] = {"value": rest[1]}
        else:
            found.made.add((word, *rest))
    return found


def deeds_of(plan: Plan) -> str:
    """The operations in the same manner of speaking: `create bridge br0; set eno1 master; …`."""
    return "; ".join(said(operation) for operation in plan.operations)


def said(operation: Operation) -> str:
    family, *rest = operation.key
    verb = "replace" if operation.replace else operation.verb.value
    if family == "link":
        names = f" {','.join(sorted(operation.attributes))}" if operation.verb is Verb.SET else ""
        return f"{verb} {operation.kind or 'link'} {rest[0]}{names}"
    if family == "route":
        hops = " ".join(str(Nexthop(*hop)) for hop in operation.attributes.get("nexthops", ()))
        return f"{verb} route {'default' if rest[2] in ANY.values() else rest[2]} {hops}".rstrip()
    if family == "sysctl":
        return f"{verb} {rest[0]} {operation.attributes['value']}"
    return f"{verb} {family} {rest[-1] if family == 'nat' else ' '.join(rest[-2:])}"


def yaml_of(text: str) -> str:
    """One line of links, or of whole sections, as a file."""
    body = text if text.lstrip().startswith("{") else f"{{links: {{{text}}}}}"
    return json.dumps({"version": 1})[:-1] + ", " + body.lstrip()[1:]
