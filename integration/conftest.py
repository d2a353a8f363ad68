"""A test whose features this kernel lacks runs in a full one: see integration/fullkernel."""

from integration.fullkernel.plugin import pytest_addoption, pytest_configure, pytest_runtest_setup

__all__ = ["pytest_addoption", "pytest_configure", "pytest_runtest_setup"]
