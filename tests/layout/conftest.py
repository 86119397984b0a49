"""Fixtures of the layout tests."""

from __future__ import annotations

from types import ModuleType

import pytest

from tests.kit import layout


@pytest.fixture(scope="session")
def kit() -> ModuleType:
    """`tests.kit.layout`, for tests to draw and extract with."""
    return layout
