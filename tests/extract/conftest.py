"""Fixtures of the extraction tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from mirrorneuron.flows import extract
from mirrorneuron.pdk_sky130 import layers

from tests.kit import fakes
from tests.kit.drawing import Drawing
from tests.kit.extracted import Read


@pytest.fixture
def drawing() -> type[Drawing]:
    return Drawing


@pytest.fixture
def read() -> type[Read]:
    return Read


@pytest.fixture
def one_fet(drawing: type[Drawing]) -> Drawing:
    """An nfet with its tap: pins d, g, s, b."""
    cell = drawing()
    cell.fet(0, 0, 1, 0.15, "d g s")
    cell.tap(2, 0, "b")
    return cell


@pytest.fixture(scope="session")
def devices(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, extract.ExtractResult]:
    """One of each device that the cells use; the isolated p-well's two diffusions are 2 um apart."""
    cell = Drawing("devices")
    cell.fet(0, 0, 1, 0.15, "nd ng ns")
    cell.tap(2, 0, "vss")
    cell.box(layers.NWELL, -2, 5, 6, 9)
    cell.fet(0, 6, 2, 0.5, "pd pg ps", implant=layers.PSDM)
    cell.tap(3, 6, "vdd", layers.NSDM)
    cell.box(layers.DNWELL, 10, -1, 20, 9)
    for x1, y1, x2, y2 in ((9.6, -1.4, 20.4, 0), (9.6, 8, 20.4, 9.4), (9.6, 0, 11, 8), (19, 0, 20.4, 8)):
        cell.box(layers.NWELL, x1, y1, x2, y2)
    cell.fet(14, 3, 1, 0.15, "id ig is")
    cell.tap(17, 3, "ib")
    cell.tap(10, 3, "dn", layers.NSDM)
    cell.box(layers.MET3, 30, 0, 36, 6)
    cell.box(layers.CAPM, 31, 1, 35, 4)
    cell.box(layers.MET4, 32, 2, 33, 3)
    cell.box(layers.VIA3, 32.4, 2.4, 32.6, 2.6)
    cell.pin("met3", "bottom", 30.3, 0.3)
    cell.pin("met4", "plate", 32.5, 2.8)
    # A dummy: source and drain on one net.
    cell.fet(-5, 0, 1, 0.15, "ts tg ts")
    cell.box(layers.LI1, -5.305, -0.2, -4.695, 0.05)
    # Two fingers of different width share the diffusion between their gates.
    cell.fet(-10, 0, 1, 0.15, "f1 h1 m")
    cell.fet(-10.73, 0, 0.5, 0.15, "m h2 f2")
    cell.box(layers.POLY_RES, 50, 2.16, 50.35, 7.16)
    cell.box(layers.POLY, 50, 0, 50.35, 9.32)
    for layer in (layers.RPM, layers.PSDM, layers.NPC):
        cell.box(layer, 49.5, -0.5, 51.27, 9.82)
    for name, y in (("r0", 0.0), ("r1", 7.12)):
        cell.box(layers.LICON1, 50.08, y + 0.08, 50.27, y + 2.08)
        cell.box(layers.LI1, 50, y, 50.35, y + 2.2)
        cell.pin("li1", name, 50.175, y + 1)
    folder = tmp_path_factory.mktemp("devices")
    out = folder / "devices.pex.spice"
    return out, extract.run(cell.write(folder / "devices.gds"), out=out, work=folder / "a folder")


@pytest.fixture
def fake_magic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """``fake_magic(body)`` puts a Python script in Magic's place."""
    put = fakes.programs(tmp_path, monkeypatch, version="9.9.9")
    return lambda body: put("magic", body)
