"""A YAML parser's complaint in words for somebody who writes a configuration file."""

from __future__ import annotations

from typing import Any, Final

from netapply.errors import InputError
from netapply.model.resource import Origin
from netapply.sources.wording import refusal

_WORDS: Final = {
    "mapping values are not allowed": "a ':' makes no sense here; check the indentation, or quote the text",
    "found character that cannot start": (
        "a tab, '@', '`' or '%' cannot begin a value; indent with spaces, and quote such text"
    ),
    "found a tab": "a tab cannot indent; indent with spaces",
    "did not find expected ',' or ']'": (
        "the list that began in line {line} has no ',' or ']' here; close its bracket"
    ),
    "did not find expected ',' or '}'": (
        "the mapping that began in line {line} has no ',' or '}' here; close its brace"
    ),
    "did not find expected key": (
        "the mapping that began in line {line} has no key here; check the indentation and the quotes"
    ),
    "did not find expected '-'": "the list that began in line {line} has no '-' here; check the indentation",
    "did not find expected <document start>": "text stands outside the mapping; indent it",
    "did not find expected comment or line break": "text stands behind '|' or '>'; begin it in the next line",
    "block sequence entries are not allowed": "a '-' makes no sense here; begin the list in the next line",
    "found unexpected end of stream": "a quote that opens in line {line} never closes; close it",
    "could not find expected ':'": "the key in line {line} has no ':'; write it as 'key: value'",
    "did not find expected node content": "a value is expected; remove the stray comma or bracket",
    "found unknown escape": "there is no such escape; write a backslash twice, or use single quotes",
    "did not find expected alphabetic": (
        "the name of an anchor or an alias is missing; quote text that begins with '&' or '*'"
    ),
}
"""By how the parser (libyaml) begins its complaint. `line` is where the construct began."""


def explain_syntax(error: Exception, name: str) -> InputError:
    """The one error for a file that is not YAML; `error` is PyYAML's."""
    problem = str(getattr(error, "problem", None) or error)
    begun: Any = getattr(error, "context_mark", None)
    mark: Any = getattr(error, "problem_mark", None) or begun
    if problem.startswith("found unexpected end of stream"):
        mark = begun or mark
    line = begun.line + 1 if begun else mark.line + 1 if mark else 1
    words = next((text for start, text in _WORDS.items() if problem.startswith(start)), "")
    reason = words.replace("{line}", str(line)) or f"{problem}; check the indentation, brackets and quotes"
    origin = Origin(name, mark.line + 1, mark.column + 1) if mark else Origin(name, 1)
    return refusal(f"cannot read this as YAML: {reason}", origin)
