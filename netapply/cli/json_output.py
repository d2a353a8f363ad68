"""JSON on standard output: stable, readable, and in UTF-8 whatever the terminal."""

from __future__ import annotations

import json
from typing import Any


def dump(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=True)
