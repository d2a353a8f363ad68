"""What goes wrong around the full kernel, in words for the person who ran pytest."""

from __future__ import annotations


class FullKernelError(Exception):
    """The full kernel cannot be built, started or reached."""


class MachineLostError(FullKernelError):
    """The machine ended, or stopped answering, before it did what was asked."""


class MachineSilentError(MachineLostError):
    """The machine ran, and did not answer in time."""
