"""Colour as plain ANSI codes (ECMA-48), or none at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

Paint = Callable[[str, str], str]
"""`paint(style, text)` is the text in that style; styles are the names in `CODES`."""

CODES: Final = {
    "+": "32", "~": "33", "±": "35", "-": "31",  # the glyphs of a plan
    "flap": "33", "recreate": "31", "good": "32", "bad": "31", "faint": "2", "strong": "1",
}  # fmt: skip


def plain(style: str, text: str) -> str:
    """The text as it is, for files, pipes and NO_COLOR."""
    return text


def ansi(style: str, text: str) -> str:
    """The text between the style's code and a reset; a style without a code changes nothing."""
    code = CODES.get(style)
    return f"\033[{code}m{text}\033[0m" if code and text else text


def printable(text: str) -> str:
    """The text with control characters spelled out: what a device is called must not steer a terminal."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _spelled(ord(char)) for char in text)


def _spelled(number: int) -> str:
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"
