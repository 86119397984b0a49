"""Reading a GDS that somebody hands in."""

from __future__ import annotations

import gzip
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
    with pytest.raises(NetlistError, match="2 top cells: one, two"):
        gds.top_cell(layout, path)
    assert gds.top_cell(layout, path, "two").name == "two"
    with pytest.raises(NetlistError, match="no cell three; its top cells are: one, two"):
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


def boxes(layout: kdb.Layout, name: str = "top") -> kdb.Cell:
    cell = layout.create_cell(name)
    cell.shapes(layout.layer(*layers.MET1)).insert(kdb.Box(0, 0, 1000, 1000))
    return cell


def test_gzipped_layouts_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = kdb.Layout()
    boxes(layout)
    for ending in ("gds", "oas"):
        plain = tmp_path / f"x.{ending}"
        layout.write(str(plain))
        packed = tmp_path / f"x.{ending}.gz"
        packed.write_bytes(gzip.compress(plain.read_bytes()))
        assert gds.top_cell(gds.read(packed), packed).bbox() == kdb.Box(0, 0, 1000, 1000)
        assert gds.stem(packed) == gds.stem(plain) == "x"
    packed.write_bytes(packed.read_bytes()[:-12])
    with pytest.raises(FileError, match="gzip is damaged"):
        gds.read(packed)
    packed.write_bytes(gzip.compress(b"\x00\x06\x00\x02" + b"\0" * 10_000_000))
    monkeypatch.setattr(gds, "UNPACKED_MAX_BYTES", 1_000_000)
    with pytest.raises(FileError, match=r"unpacks to more than 0\.001 GB"):
        gds.read(packed)


def test_a_netlist_in_the_place_of_the_layout_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "x.spice"
    path.write_text(".subckt top a\n.ends\n")
    with pytest.raises(FileError, match="layout is the first argument, a netlist the second"):
        gds.read(path)


def test_empty_top_cells_do_not_count(tmp_path: Path) -> None:
    layout = kdb.Layout()
    boxes(layout)
    layout.create_cell("left over")
    assert gds.top_cell(layout, tmp_path).name == "top"


@pytest.mark.parametrize("name", ["top[1]", "top$1", "-top", 'a"b', "{", "*", "a\\b", "x" * 300, "tåp", "1", "a b"])
def test_a_copy_for_the_tools_has_plain_names(name: str, tmp_path: Path) -> None:
    layout = kdb.Layout()
    top, below, other = boxes(layout, name), boxes(layout, "cell_1"), boxes(layout, "CELL_1")
    for cell in (below, other):
        top.insert(kdb.CellInstArray(cell.cell_index(), kdb.Trans(5000, 0)))
    boxes(layout, "another top")
    plain = gds.plain_copy(layout, top, tmp_path / "plain.gds")
    copy = gds.read(plain.path)
    names = [cell.name for cell in copy.each_cell()]
    assert len({n.lower() for n in names}) == 3
    assert all(n.isidentifier() and n.isascii() and len(n) <= gds.NAME_LENGTH_MAX for n in names)
    assert gds.top_cell(copy, plain.path).name == plain.top
    assert plain.renamed[plain.top] == name
    assert copy.top_cell().bbox() == top.bbox()
    assert top.name == name, "the layout itself must stay as it is"


def test_a_copy_for_the_tools_has_no_metadata(tmp_path: Path) -> None:
    layout = kdb.Layout()
    layout.add_meta_info(kdb.LayoutMetaInfo("kfactory:info", {"a": 1}, None, True))
    boxes(layout)
    options = kdb.SaveLayoutOptions()
    options.write_context_info = True
    layout.write(str(tmp_path / "x.gds"), options)
    assert b"$$$CONTEXT_INFO$$$" in (tmp_path / "x.gds").read_bytes()
    layout = gds.read(tmp_path / "x.gds")
    plain = gds.plain_copy(layout, layout.top_cell(), tmp_path / "plain.gds")
    assert b"$$$CONTEXT_INFO$$$" not in plain.path.read_bytes()


def test_paths_with_odd_ends_become_polygons(tmp_path: Path) -> None:
    layout = kdb.Layout()
    top = boxes(layout)
    metal = layout.layer(*layers.MET1)
    ends = [(0, 0, False), (100, 100, False), (-60, -60, False), (40, 0, False), (100, 100, True)]
    for number, (begin, end, is_round) in enumerate(ends):
        points = [kdb.Point(2000, 1000 * number), kdb.Point(4000, 1000 * number)]
        top.shapes(metal).insert(kdb.Path(points, 200, begin, end, is_round))
    drawn = kdb.Region(top.begin_shapes_rec(metal))
    gds.plain_copy(layout, top, tmp_path / "plain.gds")
    gds.flatten(layout, top, tmp_path / "flat.gds", name="flat")
    for name, paths in (("plain", 2), ("flat", 0)):
        copy = gds.read(tmp_path / f"{name}.gds")
        shapes = copy.top_cell().shapes(copy.layer(*layers.MET1))
        assert sum(1 for _ in shapes.each(kdb.Shapes.SPaths)) == paths
        assert (kdb.Region(copy.top_cell().begin_shapes_rec(copy.layer(*layers.MET1))) ^ drawn).is_empty()
    assert sum(1 for _ in top.shapes(metal).each(kdb.Shapes.SPaths)) == len(ends), "the layout must stay as it is"


@pytest.mark.parametrize("deck", ["ours", "magic"])
def test_design_rules_do_not_depend_on_the_cells_name(deck: str, tmp_path: Path) -> None:
    found = []
    for name in ("top", "top[1]"):
        layout = kdb.Layout()
        layout.add_meta_info(kdb.LayoutMetaInfo("kfactory:info", {"a": 1}, None, True))
        top = boxes(layout, name)
        top.shapes(layout.layer(*layers.MET1)).insert(kdb.Box(1050, 0, 2000, 1000))
        layout.write(str(tmp_path / "x.gds"))
        violations = drc.run(tmp_path / "x.gds", work=tmp_path / name.strip("]"), decks=(deck,)).violations
        found.append([(v.rule, v.x, v.y) for v in violations])
    assert found[0] == found[1] != []
