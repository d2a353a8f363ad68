"""netapply: make a Linux host's network match a file, as one transaction.

from netapply import Host

plan = Host(netns="lab").plan("bridge.yaml")
print(plan)
result = plan.apply()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netapply.api import Host as Host
    from netapply.api import Plan as Plan
    from netapply.api import Result as Result

__all__ = ["Host", "Plan", "Result"]


def __getattr__(name: str) -> Any:
    """Import the API on first use, so that `import netapply` costs nothing."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from netapply import api

    return getattr(api, name)
