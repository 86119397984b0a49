"""Fixtures of the design rule tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import klayout.db as kdb
import pytest
from mirrorneuron.flows import drc
from mirrorneuron.pdk_sky130 import install, layers
from mirrorneuron.pdk_sky130.layers import PIN_LAYERS

from tests.kit import fakes
from tests.kit.drawing import Drawing


@pytest.fixture
def drawing() -> type[Drawing]:
    return Drawing


@pytest.fixture(scope="session")
def clean_gds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Passes every deck."""
    clean = Drawing()
    clean.stack(0, 0)
    clean.stack(5, 0)
    clean.pin("met2", "a", 0, 0)
    return clean.write(tmp_path_factory.mktemp("clean") / "clean.gds")


@pytest.fixture(scope="session")
def defects(tmp_path_factory: pytest.TempPathFactory) -> drc.DrcResult:
    """The verdict of all decks on one layout with a defect every 10 um, the first in a cell that is placed there."""
    bad = Drawing()
    spacing = bad.layout.create_cell("spacing")
    inside = Drawing()
    inside.stack(0, 0)
    inside.stack(1.135, 0)
    spacing.copy_tree(inside.top)
    bad.top.insert(kdb.DCellInstArray(spacing, kdb.DTrans(kdb.DVector(10, 0))))
    bad.stack(20, 0, enclosure=0.05)
    bad.stack(30, 0)
    bad.box(layers.MET1, 30, 0, 30.602, 0.5)
    bad.stack(40, 0)
    bad.box(layers.MET1, 40, 3, 41, 3)
    bad.stack(50, 0)
    bad.box(PIN_LAYERS["met2"].pin, 52, 0, 52.2, 0.2)
    bad.stack(60, 0)
    bad.dot(layers.MET1, 0.3, 60, 0)
    folder = tmp_path_factory.mktemp("defects")
    return drc.run(bad.write(folder / "bad.gds"), work=folder / "work", jobs=2)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> fakes.Program:
    """``program("klayout", body)`` puts a Python script in a tool's place; ``arguments`` holds its command line."""
    return fakes.programs(tmp_path, monkeypatch, version="8.3.105")


@pytest.fixture
def only_main_deck(monkeypatch: pytest.MonkeyPatch) -> None:
    """A PDK without the two side checks, as open_pdks installs it."""
    pdk = replace(install.locate(), zero_area_deck=None, pin_label_deck=None)
    monkeypatch.setattr(install, "locate", lambda: pdk)
