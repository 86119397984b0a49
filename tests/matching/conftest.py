"""Fixtures of the matching tests."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from tests.kit import matching
from tests.kit.matching import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture(scope="session")
def kit() -> ModuleType:
    """`tests.kit.matching`, for tests to draw with."""
    return matching
