"""Reading a GDS that somebody hands in."""

from __future__ import annotations

from pathlib import Path

import klayout.db as kdb
import pytest
from mirrorneuron.flows import drc
from mirrorneuron.flows.tools import gds
from mirrorneuron.pdk_sky130 import layers
from mirrorneuron.pdk_sky130.errors import FileError, NetlistError


def two_tops(path: Path) -> Path:
    layout = kdb.Layout()
    for name in ("one", "two"):
        layout.create_cell(name).shapes(layout.layer(*layers.MET1)).insert(kdb.Box(0, 0, 1000, 1000))
    layout.create_cell("bare")
    layout.write(str(path))
    return path


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"no\.gds is no file"):
        gds.read(tmp_path / "no.gds")
    with pytest.raises(FileError, match="is no file"):
        gds.read(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a GDS at all", b"\x1f\x8b\x08"])
def test_a_file_that_is_no_gds(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.gds"
    path.write_bytes(content)
    with pytest.raises(FileError, match="not a GDS file"):
        drc.run(path, work=tmp_path / "work")


def test_a_gds_that_is_cut_off(clean_gds: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.gds"
    path.write_bytes(clean_gds.read_bytes()[:200])
    with pytest.raises(FileError, match="cannot be read as GDS"):
        gds.read(path)


def test_the_top_cell_must_be_told_if_there_are_several(tmp_path: Path) -> None:
    path = two_tops(tmp_path / "x.gds")
    layout = gds.read(path)
    with pytest.raises(NetlistError, match="3 top cells: bare, one, two"):
        gds.top_cell(layout, path)
    assert gds.top_cell(layout, path, "two").name == "two"
    with pytest.raises(NetlistError, match="no cell three; its top cells are: bare, one, two"):
        gds.top_cell(layout, path, "three")
    with pytest.raises(NetlistError, match=r"cell bare of .* is empty"):
        gds.top_cell(layout, path, "bare")


def test_a_gds_without_a_cell(tmp_path: Path) -> None:
    kdb.Layout().write(str(tmp_path / "x.gds"))
    with pytest.raises(NetlistError, match="holds no cell"):
        gds.top_cell(gds.read(tmp_path / "x.gds"), tmp_path / "x.gds")


def test_flattening_keeps_the_top_cells_texts_only(tmp_path: Path) -> None:
    layout = kdb.Layout()
    label = layout.layer(*layers.PIN_LAYERS["met1"].label)
    metal = layout.layer(*layers.MET1)
    below, top = layout.create_cell("below"), layout.create_cell("top")
    below.shapes(metal).insert(kdb.Box(0, 0, 1000, 1000))
    below.shapes(label).insert(kdb.Text("inner", 0, 0))
    top.shapes(label).insert(kdb.Text("outer", 0, 0))
    top.insert(kdb.CellInstArray(below, kdb.Trans(5000, 0)))
    gds.flatten(layout, top, tmp_path / "flat.gds", name="flat")
    flat = gds.read(tmp_path / "flat.gds")
    cell = gds.top_cell(flat, tmp_path / "flat.gds")
    assert (cell.name, flat.cells()) == ("flat", 1)
    assert [s.text_string for s in cell.shapes(flat.find_layer(*layers.PIN_LAYERS["met1"].label))] == ["outer"]
    assert cell.bbox(flat.find_layer(*layers.MET1)) == kdb.Box(5000, 0, 6000, 1000)
    assert below.shapes(label).size() == 1, "the layout itself must stay as it is"


def test_oasis(clean_gds: Path, tmp_path: Path) -> None:
    """As good as GDS, also for Magic, which reads none; a damaged one is told apart."""
    layout = kdb.Layout()
    layout.read(str(clean_gds))
    path = tmp_path / "x.oas"
    layout.write(str(path))
    found = drc.run(path, work=tmp_path / "work", decks=("ours", "magic"), jobs=2)
    assert found.passed
    assert found.rules_by_deck.keys() == {"ours", "magic"}
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(FileError, match="cannot be read as OASIS"):
        gds.read(path)
