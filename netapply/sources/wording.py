"""How an error about the desired state is worded: one line, with a position, and with what comes near."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from netapply.errors import InputError
from netapply.model.resource import Origin

LONGEST_SHOWN: Final = 60
"""Characters of the user's text that a message repeats."""


def refusal(message: str, origin: Origin) -> InputError:
    """The error to raise: `message` on one line, led by file:line:column."""
    return InputError(" ".join(message.split()), str(origin))


def shown(text: object) -> str:
    """The user's text as a message repeats it: quoted, unprintable characters escaped, shortened."""
    written = str(text)
    return repr(written if len(written) <= LONGEST_SHOWN else f"{written[:LONGEST_SHOWN]}…")


def named(text: str) -> str:
    """A name inside a sentence: bare where it is harmless, quoted where it is not."""
    harmless = text and text.isprintable() and " " not in text and len(text) <= LONGEST_SHOWN
    return text if harmless else shown(text)


def listed(words: Iterable[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    *rest, final = list(words) or [""]
    return f"{', '.join(rest)} {last} {final}" if rest else final


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that a slip of the pen would have turned into `word`."""
    folded = {name.replace("-", "_").lower(): name for name in known}
    from difflib import get_close_matches  # for errors only

    found = get_close_matches(word[:LONGEST_SHOWN].replace("-", "_").lower(), folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else None


def printable_path(path: str) -> str:
    """A path as the user gave it; bytes that no terminal can show are escaped."""
    text = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return text if text.isprintable() else repr(text)[1:-1]
