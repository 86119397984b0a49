"""Fixtures of the LVS tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from mirrorneuron.flows import lvs

from tests.kit import lvs as drawings

Compare = Callable[[drawings.Drawing, str], lvs.LvsResult]


@pytest.fixture
def compare(tmp_path: Path) -> Compare:
    """LVS of a drawing against the lines of its .subckt."""

    def run(drawing: drawings.Drawing, netlist: str) -> lvs.LvsResult:
        gds = drawing.write(tmp_path / "cell.gds")
        spice = tmp_path / "cell.spice"
        spice.write_text(netlist)
        return lvs.run(gds, spice, work=tmp_path / "work")

    return run


@pytest.fixture(scope="session")
def kit() -> ModuleType:
    """`tests.kit.lvs`, for tests to draw with."""
    return drawings
