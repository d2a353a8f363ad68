"""Forms on the wire that are more than one number, text or address, by the name that an attribute's row gives.

Each is a pair: a canonical value (model.attribute.Value) to the payload, and back.
"""

from __future__ import annotations

from typing import Final

from netapply.kernel.wire.scalar import Pack, Unpack

FORMS: Final[dict[str, tuple[Pack, Unpack]]] = {
    "presence": (lambda value: b"", lambda data: True),
}
