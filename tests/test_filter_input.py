"""Netapply's own chains in iptables: when they come, and when they go."""

from __future__ import annotations

from netapply.kernel.iptables_input import NatChange, compose
from netapply.kernel.iptables_text import Saved, jump_target, parse

FORWARD = ("filter", "inet", "filter", "NETAPPLY-FORWARD")
JUMP = ("filter", "inet", "filter", "FORWARD", "jump NETAPPLY-FORWARD")
SAVED = """\
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:DOCKER-USER - [0:0]
:NETAPPLY-FORWARD - [0:0]
-A FORWARD -m comment --comment "netapply: jump NETAPPLY-FORWARD" -j NETAPPLY-FORWARD
-A FORWARD -j DOCKER-USER
-A NETAPPLY-FORWARD -m comment --comment "netapply: drop forward" -j DROP
COMMIT
"""
COME = [
    NatChange("create", JUMP, "-j NETAPPLY-FORWARD", 1),
    NatChange("create", (*FORWARD, "drop forward"), "-j DROP"),
]
GO = [NatChange("delete", change.key, change.rule) for change in COME]
FOREIGN = "-A NETAPPLY-FORWARD -i docker0 -j ACCEPT\n"


def lines(changes: list[NatChange], saved: str = "") -> list[str]:
    return [line.text for line in compose(changes, parse(saved, "inet", "nft") if saved else Saved())]


def test_what_is_saved_is_read() -> None:
    saved = parse(SAVED, "inet", "nft")
    assert [(item.key, item.attributes["rule"]) for item in saved.resources] == [
        (JUMP, "-j NETAPPLY-FORWARD"), ((*FORWARD, "drop forward"), "-j DROP"),
    ]  # fmt: skip
    assert saved.own == {"NETAPPLY-FORWARD"}
    assert saved.jumps == {"NETAPPLY-FORWARD": 1}
    assert jump_target("-i docker0 -g NETAPPLY-INPUT") == "NETAPPLY-INPUT"
    assert jump_target("-i NETAPPLY-INPUT -j ACCEPT") == ""


def test_a_chain_comes_before_all_that_needs_it() -> None:
    assert lines(COME) == [
        "*filter", "-N NETAPPLY-FORWARD",
        '-I FORWARD 1 -m comment --comment "netapply: jump NETAPPLY-FORWARD" -j NETAPPLY-FORWARD',
        '-A NETAPPLY-FORWARD -m comment --comment "netapply: drop forward" -j DROP', "COMMIT",
    ]  # fmt: skip
    assert "-N NETAPPLY-FORWARD" not in lines(COME[1:], SAVED), "it is there already"
    assert lines(COME[:1])[1] == "-N NETAPPLY-FORWARD", "also where only the jump to it is missing"


def test_a_chain_goes_last_and_only_when_nothing_needs_it() -> None:
    assert lines(GO, SAVED) == [
        "*filter", '-D FORWARD -m comment --comment "netapply: jump NETAPPLY-FORWARD" -j NETAPPLY-FORWARD',
        '-D NETAPPLY-FORWARD -m comment --comment "netapply: drop forward" -j DROP', "-X NETAPPLY-FORWARD", "COMMIT",
    ]  # fmt: skip
    for kept in (
        lines(GO[:1], SAVED), lines(GO[1:], SAVED), lines(GO, SAVED.replace("COMMIT\n", FOREIGN)),
        lines(GO, SAVED.replace("-A FORWARD -j DOCKER-USER\n", "-A FORWARD -j NETAPPLY-FORWARD\n")),
    ):  # fmt: skip
        assert "-X NETAPPLY-FORWARD" not in kept
